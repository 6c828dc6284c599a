"""The client that researchers use, over a real socket: it reads what we answer."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from requests import HTTPError, RequestException

from tests.factories.archive_rows import PARTS, Given
from tests.integration.harmonizer.reading.conftest import LEFT_KUH, LEFT_TYKS, TOKENS, Archive


def _dicom(given: Given, index: int) -> bytes:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = PARTS[index][1], given.instance(index)
    dataset.StudyInstanceUID, dataset.PatientID = given.study, given.national_id
    dataset.add_new(0x7FE00010, "OW", bytes(200_000))
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture
def client(
    archive: Archive, address: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DICOMwebClient]:
    monkeypatch.setattr(archive.orthanc, "file", _dicom)
    session = create_session()
    session.headers["Authorization"] = f"Bearer {TOKENS['researcher']}"
    client = DICOMwebClient(f"{address}/dicom-web", session=session)
    client.set_http_retry_params(retry=False)
    yield client
    session.close()


def test_a_cohort_is_found_page_by_page(client: DICOMwebClient) -> None:
    filters = {"ROIName": "Heart", "dvh": "Heart:Mean[Gy]>2", "BodyPartExamined": "BREAST"}
    found = client.search_for_studies(search_filters=filters, limit=1, get_remaining=True)
    uids = [Dataset.from_json(one).StudyInstanceUID for one in found]
    assert uids == [LEFT_KUH.study, LEFT_TYKS.study]
    described = Dataset.from_json(found[0])
    assert described.PatientID == LEFT_KUH.national_id
    assert list(described.ModalitiesInStudy) == ["CT", "RTDOSE", "RTPLAN", "RTSTRUCT"]
    assert described.NumberOfStudyRelatedInstances == 5


def test_nothing_found_is_an_empty_list(client: DICOMwebClient) -> None:
    assert client.search_for_studies(search_filters={"CentreName": "Nowhere"}) == []


def test_a_wrong_key_is_an_error(client: DICOMwebClient) -> None:
    with pytest.raises(HTTPError, match="400"):
        client.search_for_studies(search_filters={"dvh": "Heart"})


def test_a_study_comes_whole_and_as_it_was_stored(client: DICOMwebClient) -> None:
    found = list(client.iter_study(LEFT_KUH.study))
    assert {one.SOPInstanceUID for one in found} == {LEFT_KUH.instance(i) for i in range(5)}
    expected = dcmread(BytesIO(_dicom(LEFT_KUH, 1)))
    assert expected in found


def test_series_instances_and_metadata(client: DICOMwebClient) -> None:
    (series,) = client.search_for_series(LEFT_KUH.study, search_filters={"Modality": "RTDOSE"})
    uid = Dataset.from_json(series).SeriesInstanceUID
    (instance,) = client.search_for_instances(LEFT_KUH.study, uid)
    assert Dataset.from_json(instance).SOPClassUID == PARTS[4][1]
    one = client.retrieve_instance(LEFT_KUH.study, uid, LEFT_KUH.instance(4))
    assert one.PatientID == LEFT_KUH.national_id
    assert len(client.retrieve_study_metadata(LEFT_KUH.study)) == 5


def test_a_study_that_breaks_off_half_way_does_not_look_whole(
    client: DICOMwebClient, archive: Archive
) -> None:
    archive.orthanc.gone = {LEFT_KUH.instance(4)}
    with pytest.raises(RequestException):
        list(client.iter_study(LEFT_KUH.study))
