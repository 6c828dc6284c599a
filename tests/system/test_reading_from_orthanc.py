"""Searching and retrieving with a real Orthanc behind the harmonizer, set up as ours is."""

import base64
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import httpx
import pytest
import uvicorn
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session
from pydicom import Dataset, dcmread
from pydicom.dataset import FileDataset
from sqlalchemy import Engine
from sqlmodel import Session

from harmonizer.adapters.tables.studies import (
    CourseInstanceTable,
    CourseStudyTable,
    CourseTable,
    InstanceTable,
    MetricTable,
    StructureTable,
    StudyTable,
)
from harmonizer.app import create_app
from harmonizer.config import Settings
from kasari.phantom import generate_cohort
from kasari.setup import OWN_FOLDER, ROOT, OrthancProgram, find_orthanc
from tests.factories.archive_world import SendingCentre

PASSWORD, TOKEN, SITE = "orthanc-password-1", "researcher-token-for-tests", "site-token-for-tests"
STARTS_WITHIN_S = 30.0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def _orthanc(program: OrthancProgram, folder: Path) -> Iterator[httpx.Client]:
    """Run an Orthanc with the checked-in settings of the archive, without its plugin of ours."""
    config = folder / "config"
    config.mkdir()
    for source in ("common", "archive"):
        for path in (ROOT / "orthanc" / source).glob("*.json"):
            (config / f"{source}-{path.name}").write_bytes(path.read_bytes())
    port = _free_port()
    own = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "HttpPort": port,
        "RemoteAccessAllowed": False,
        "RegisteredUsers": {"harmonizer": PASSWORD},
        "Plugins": [str(program.plugins / "libOrthancDicomWeb.so")],
    }
    (config / "own.json").write_text(json.dumps(own))
    command = [*program.command, str(config)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=program.environment, stdout=log, stderr=subprocess.STDOUT
        )
    url, login = f"http://127.0.0.1:{port}", ("harmonizer", PASSWORD)
    try:
        with httpx.Client(base_url=url, auth=login, timeout=60) as client:
            _wait_for(client, time.monotonic() + STARTS_WITHIN_S)
            yield client
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(client: httpx.Client, until: float) -> None:
    while time.monotonic() < until:
        try:
            if client.get("/system").is_success:
                return
        except httpx.TransportError:
            threading.Event().wait(0.1)
    pytest.fail("Orthanc does not start")


def _rows(engine: Engine, objects: list[FileDataset]) -> None:
    """Write that one course of these objects is stored and has a heart of 3 Gy."""
    first, now = objects[0], datetime(2026, 1, 1, tzinfo=UTC)
    patient, course = str(first.PatientID), "2.25.1"
    ours = {"course_uid": course, "roi_number": 1, "standard_name": "Heart"}
    with Session(engine) as session:
        for uid in {str(one.StudyInstanceUID) for one in objects}:
            session.add(StudyTable(study_instance_uid=uid, national_id=patient, centre="KUH"))
        session.add(
            CourseTable(
                course_uid=course,
                version=1,
                centre="KUH",
                national_id=patient,
                state="harmonized",
                site="breast",
                laterality="L",
                stored_at=now,
                made_by={},
            )
        )
        session.flush()
        for uid in {str(one.StudyInstanceUID) for one in objects}:
            session.add(CourseStudyTable(course_uid=course, study_instance_uid=uid))
        session.add(
            StructureTable(
                **ours,
                local_name="sydan",
                kind="organ",
                confidence=1.0,
                status="exact",
                reason="",
                alternatives=[],
                dose_status="full",
                curve=[],
            )
        )
        session.add(MetricTable(**ours, name="Mean[Gy]", value=3.0, unit="Gy"))
        for one in objects:
            session.add(_instance(one))
        session.flush()
        for one in objects:
            session.add(
                CourseInstanceTable(
                    course_uid=course,
                    version=1,
                    sop_instance_uid=str(one.SOPInstanceUID),
                    role="other",
                )
            )
        session.commit()


def _instance(one: FileDataset) -> InstanceTable:
    return InstanceTable(
        sop_instance_uid=str(one.SOPInstanceUID),
        sop_class_uid=str(one.SOPClassUID),
        series_instance_uid=str(one.SeriesInstanceUID),
        study_instance_uid=str(one.StudyInstanceUID),
        centre="KUH",
        modality=str(one.Modality),
        size_bytes=1,
        sha256="0" * 64,
        verified_sha256="0" * 64,
    )


def _settings(folder: Path, orthanc: str, port: int) -> Settings:
    def secret(name: str, text: str) -> str:
        path = folder / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    key = SendingCentre("KUH").public_key
    return Settings.model_validate(
        {
            "data_folder": str(folder / "data"),
            "listen": {"port": port},
            "public_url": f"http://127.0.0.1:{port}",
            "archive_orthanc": {
                "url": orthanc,
                "username": "harmonizer",
                "password_file": secret("password", PASSWORD),
            },
            "centres": [{"name": "KUH", "public_key": key, "token_file": secret("site", SITE)}],
            "readers": [{"name": "r", "role": "researcher", "token_file": secret("reader", TOKEN)}],
        }
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The objects of one generated patient, by SOPInstanceUID."""
    folder = tmp_path_factory.mktemp("cohort")
    generate_cohort(folder, 1, 3, centres=("KUH",), small=True, declined=0)
    found = [path.read_bytes() for path in sorted(folder.rglob("*.dcm"))]
    return {str(dcmread(BytesIO(data)).SOPInstanceUID): data for data in found}


@pytest.fixture(scope="module")
def client(
    needs_orthanc: None, files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DICOMwebClient]:
    program = find_orthanc(OWN_FOLDER / "orthanc")
    assert program is not None
    folder = tmp_path_factory.mktemp("reading")
    with _orthanc(program, folder) as orthanc:
        for data in files.values():
            orthanc.post("/instances", content=data).raise_for_status()
        port = _free_port()
        settings = _settings(folder, str(orthanc.base_url), port)
        app = create_app(settings, background=False)
        _rows(app.state.service.engine, [dcmread(BytesIO(data)) for data in files.values()])
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        session = create_session()
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        session.trust_env = False
        client = DICOMwebClient(f"http://127.0.0.1:{port}/dicom-web", session=session)
        client.set_http_retry_params(retry=False)
        _until_it_listens(port)
        yield client
        session.close()
        server.should_exit = True
        thread.join(30)


def _until_it_listens(port: int) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            threading.Event().wait(0.05)
        else:
            return


def _study(client: DICOMwebClient, **filters: str) -> list[Dataset]:
    return [Dataset.from_json(one) for one in client.search_for_studies(search_filters=filters)]


def test_a_cohort_with_attributes_of_the_store(client: DICOMwebClient, files: dict) -> None:
    one = dcmread(BytesIO(next(iter(files.values()))))
    asked = {"BodyPartExamined": "BREAST", "Laterality": "L", "dvh": "Heart:Mean[Gy]>2"}
    (found,) = _study(client, **asked, CentreName="KUH")
    assert found.StudyInstanceUID == one.StudyInstanceUID
    assert found.PatientID == one.PatientID
    assert found.StudyDate == one.StudyDate
    assert found.NumberOfStudyRelatedInstances == len(files)
    assert "RTDOSE" in found.ModalitiesInStudy
    assert _study(client, dvh="Heart:Mean[Gy]>3") == []
    assert _study(client, **asked, PatientSex=str(one.PatientSex)) == [found]
    assert _study(client, PatientSex="X") == []
    assert _study(client, StudyDate=str(one.StudyDate)) == [found]


def test_a_study_comes_bit_by_bit_as_it_was_stored(client: DICOMwebClient, files: dict) -> None:
    (found,) = _study(client)
    answer = client._session.get(f"{client.base_url}/studies/{found.StudyInstanceUID}", timeout=60)
    boundary = answer.headers["content-type"].rpartition("boundary=")[2].encode()
    parts = answer.content.split(b"--" + boundary)[1:-1]
    came = {part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n") for part in parts}
    assert came == set(files.values())


def test_metadata_and_bulk_data(client: DICOMwebClient, files: dict) -> None:
    (found,) = _study(client)
    metadata = client.retrieve_study_metadata(found.StudyInstanceUID)
    assert {one["00080018"]["Value"][0] for one in metadata} == set(files)
    dose = next(one for one in metadata if one["00080060"]["Value"] == ["RTDOSE"])
    stored = dcmread(BytesIO(files[dose["00080018"]["Value"][0]]))
    scaling = dose["3004000E"]["Value"][0]
    assert isinstance(scaling, float)
    assert scaling == pytest.approx(float(stored.DoseGridScaling), rel=1e-12)
    pixels = client.retrieve_bulkdata(dose["7FE00010"]["BulkDataURI"])
    assert pixels[0][: len(stored.PixelData)] == stored.PixelData


def test_frames_and_rendered_pictures(client: DICOMwebClient, files: dict) -> None:
    ct = next(
        one for one in (dcmread(BytesIO(data)) for data in files.values()) if one.Modality == "CT"
    )
    uids = (ct.StudyInstanceUID, ct.SeriesInstanceUID, ct.SOPInstanceUID)
    (frame,) = client.retrieve_instance_frames(*uids, [1])
    assert frame[: len(ct.PixelData)] == ct.PixelData
    place = f"{client.base_url}/studies/{uids[0]}/series/{uids[1]}/instances/{uids[2]}/frames/1"
    content = client._session.get(place, timeout=60).content
    assert f"Content-Location: {place}\r\n".encode() in content  # not the store's own address
    picture = client.retrieve_instance_rendered(*uids, media_types=("image/png",))
    assert picture.startswith(b"\x89PNG")


def test_one_instance_in_another_transfer_syntax(client: DICOMwebClient, files: dict) -> None:
    (found,) = _study(client)
    ct = next(
        one for one in (dcmread(BytesIO(data)) for data in files.values()) if one.Modality == "CT"
    )
    lossless = "1.2.840.10008.1.2.4.70"
    one = client.retrieve_instance(
        found.StudyInstanceUID,
        ct.SeriesInstanceUID,
        ct.SOPInstanceUID,
        media_types=(("application/dicom", lossless),),
    )
    assert one.file_meta.TransferSyntaxUID == lossless


def test_the_password_of_the_store_is_in_no_answer(client: DICOMwebClient) -> None:
    (found,) = _study(client)
    answer = client._session.get(f"{client.base_url}/studies/{found.StudyInstanceUID}/metadata")
    assert PASSWORD not in answer.text
    login = base64.b64encode(f"harmonizer:{PASSWORD}".encode()).decode()
    assert login not in str(answer.headers)


def test_readers_who_go_away_leave_no_connection_behind(client: DICOMwebClient) -> None:
    (found,) = _study(client)
    study = f"{client.base_url}/studies/{found.StudyInstanceUID}"
    metadata = client.retrieve_study_metadata(found.StudyInstanceUID)
    dose = next(one for one in metadata if one["00080060"]["Value"] == ["RTDOSE"])
    for place in (study, dose["7FE00010"]["BulkDataURI"]):
        for _ in range(40):  # the service holds at most 32 connections to the store
            with client._session.get(place, stream=True, timeout=60) as answer:
                assert answer.status_code == 200
    assert len(list(client.iter_study(found.StudyInstanceUID))) == len(metadata)
