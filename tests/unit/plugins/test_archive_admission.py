"""What the archive's store keeps: what both stages wrote, and nothing else."""

from io import BytesIO

import pytest
from pydicom import dcmread, dcmwrite

from gateway.contract.marks import PRIVATE_CREATOR
from gateway.data.deid import load_profile
from gateway.domain.deid import NationalStage, SiteStage
from gateway.domain.identity import KeyRing
from plugins import archive_admission
from plugins.archive_admission import refusal_of
from tests.factories.identified import ct_slice, nested

RING = KeyRing.from_root(bytes(range(32)), "KUH")
SITE = SiteStage(load_profile(), RING.site_keys()).deidentify(ct_slice(), "PAAAAAAAAAAAAAAAA").data
NATIONAL = NationalStage(load_profile(), RING, {}).deidentify(SITE).data


def changed(**values: object) -> bytes:
    dataset = dcmread(BytesIO(NATIONAL))
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return written(dataset)


def written(dataset: object) -> bytes:
    buffer = BytesIO()
    dcmwrite(buffer, dataset)  # type: ignore[arg-type]
    return buffer.getvalue()


def with_private_block() -> bytes:
    dataset = dcmread(BytesIO(NATIONAL))
    dataset.private_block(0x7001, PRIVATE_CREATOR, create=True).add_new(1, "LO", "x")
    return written(dataset)


def with_two_headers() -> bytes:
    dataset = dcmread(BytesIO(NATIONAL))
    dataset.file_meta.MediaStorageSOPInstanceUID = "2.25.1"
    return written(dataset)


def test_what_both_stages_wrote_is_kept() -> None:
    assert refusal_of(NATIONAL) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (ct_slice(), "not-marked"),
        (SITE, "not-marked"),
        (changed(DeidentificationMethod="KaSARi national x"), "not-marked"),
        (changed(DeidentificationMethod=["KaSARi national x", "KaSARi site x"]), "not-marked"),
        (changed(PatientID="HOSP-778812"), "patient-id"),
        (changed(PatientID="FI123"), "patient-id"),
        (changed(PatientID=""), "patient-id"),
        (changed(StudyInstanceUID="1.2.246.999.41.3"), "uid"),
        (changed(SOPInstanceUID="1.2.246.999.41.1"), "uid"),
        (changed(FrameOfReferenceUID="1.2.246.999.41.4"), "uid"),
        (changed(FrameOfReferenceUID="1.2.840.10008.19520413"), "uid"),
        (with_private_block(), "private-block"),
        (with_two_headers(), "meta-contradicts"),
        (nested(300), "unreadable"),
        (NATIONAL[:-3], "unreadable"),
        (b"", "unreadable"),
    ],
)
def test_anything_else_is_refused(data: bytes, reason: str) -> None:
    assert refusal_of(data) == reason


def test_a_failure_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_data: bytes) -> None:
        raise SystemExit

    monkeypatch.setattr(archive_admission, "read_elements", fail)
    assert refusal_of(NATIONAL) == "failure"
