"""A real Orthanc as the hospital's PACS: what is missing is fetched by C-FIND and C-MOVE."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kasari.phantom import generate_cohort
from kasari.push import find_files
from kasari.setup import OWN_FOLDER, find_orthanc
from kasari.stack import Stack, start_stack, stop_stack
from kasari.stack.consents import import_consents
from kasari.stack.layout import Layout, write_private
from kasari.stack.ports import any_free

LIMIT_S = 120.0
PACS = "HOSPITAL_PACS"


def until(ask: Callable[[], Any]) -> Any:
    end = time.monotonic() + LIMIT_S
    while not (answer := ask()) and time.monotonic() < end:
        time.sleep(0.1)
    return answer


class HospitalPacs:
    """Orthanc as it comes, with the cohort's originals."""

    def __init__(self, folder: Path) -> None:
        self.dicom, self.http = any_free(()), 0
        self.http = any_free((self.dicom,))
        self._folder = folder

    def start(self, ae_title: str, gate: int) -> "subprocess.Popen[bytes]":
        program = find_orthanc(OWN_FOLDER / "orthanc")
        assert program is not None
        settings = {
            "StorageDirectory": str(self._folder / "pacs"),
            "IndexDirectory": str(self._folder / "pacs"),
            "Locale": "C.UTF-8",
            "HttpPort": self.http,
            "DicomPort": self.dicom,
            "DicomAet": PACS,
            "AuthenticationEnabled": False,
            "DicomModalities": {"site": [ae_title, "127.0.0.1", gate]},
        }
        path = self._folder / "pacs.json"
        path.write_text(json.dumps(settings), "utf-8")
        log = (self._folder / "pacs.log").open("wb")
        return subprocess.Popen(
            [*program.command, str(path)], env=program.environment, stdout=log, stderr=log
        )

    def keep(self, files: list[Path]) -> None:
        assert until(self._answers)
        for path in files:
            url = f"http://127.0.0.1:{self.http}/instances"
            assert httpx.post(url, content=path.read_bytes(), timeout=30).status_code == 200

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.http}/system", timeout=5).is_success
        except httpx.HTTPError:
            return False


@pytest.fixture
def pacs(tmp_path: Path) -> HospitalPacs:
    return HospitalPacs(tmp_path)


@pytest.fixture
def stack(needs_orthanc: None, tmp_path: Path, pacs: HospitalPacs) -> Iterator[Stack]:
    folder = tmp_path / "stack"
    peer = {"aet": PACS, "host": "127.0.0.1", "port": pacs.dicom}
    centre = Layout(folder.resolve()).centre("KUH")
    write_private(centre / "senders.json", json.dumps([peer]).encode())
    # at no time by itself, so that the test says when
    collection = {"pacs": peer, "cron": "0 0 31 12 *", "quiet_days": 0}
    write_private(centre / "collection.json", json.dumps(collection).encode())
    try:
        yield start_stack(folder, ("KUH",))
    finally:
        stop_stack(folder)


def test_a_course_is_collected_from_the_pacs_and_reaches_the_archive(
    stack: Stack, pacs: HospitalPacs, tmp_path: Path
) -> None:
    generate_cohort(tmp_path / "cohort", 2, 5, ("KUH",), small=True, declined=0)
    site = stack.centre("KUH")
    files = [file.path for file in find_files(tmp_path / "cohort/KUH/dicom").files]
    process = pacs.start(site.ae_title, site.dicom_port)
    try:
        pacs.keep(files)
        (consents,) = (tmp_path / "cohort").glob("KUH/consent*.csv")
        head, first, *_ = consents.read_text("utf-8").splitlines()
        assert import_consents(site, f"{head}\n{first}\n".encode())["committed"]
        (patient,) = {one.split(",")[0] for one in (first,)}
        told = collect(site)
        assert told["instances"] >= 3, told
        assert told["failed"] == 0
        until(lambda: status(site)["instances"]["indexed"] >= told["instances"])
        again = collect(site)
        assert again["instances"] > 10, again  # the planning CT, which the structure set refers to
        assert until(lambda: status(site)["delivered"] == 1)
        # of the patient who has not agreed nothing was asked for
        assert {row["reason"] for row in status(site)["refused"]} == set()
        for path in stack.folders()["KUH/gateway"].rglob("*"):
            assert not path.is_file() or patient.encode() not in path.read_bytes()
    finally:
        process.terminate()
        process.wait(30)


def collect(site: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {site.operator_token()}"}
    url = f"{site.gateway_url}/api/v1/collection/run"
    answer = httpx.post(url, headers=headers, timeout=LIMIT_S)
    assert answer.status_code == 202, answer.text

    def ended() -> Any:
        told = httpx.get(f"{site.gateway_url}/api/v1/collection", headers=headers).json()
        return None if told["running"] else told

    found: dict[str, Any] = until(ended)
    return found


def status(site: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {site.operator_token()}"}
    found: dict[str, Any] = httpx.get(f"{site.gateway_url}/api/v1/status", headers=headers).json()
    return found
