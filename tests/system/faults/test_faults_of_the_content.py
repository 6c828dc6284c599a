"""Objects that come twice, late or changed; a patient who withdraws; an archive with losses."""

from pathlib import Path

import pytest
from pydicom import dcmread

from tests.system.faults.ward import Ward, until

NOT_AUTHORISED = 0x0124


def part(patient_folder: Path, target: Path, *modalities: str, but: bool = False) -> Path:
    """Link the objects of some modalities, or of all others, into a folder."""
    target.mkdir()
    for path in patient_folder.iterdir():
        modality = dcmread(path, specific_tags=["Modality"], stop_before_pixels=True).Modality
        if (modality in modalities) != but:
            (target / path.name).hardlink_to(path)
    return target


@pytest.mark.slow
def test_sent_twice(checked: Ward) -> None:
    """A sender sends a course twice | stored and delivered once"""
    patient = checked.admit()
    assert checked.send(patient).refused == {}
    assert checked.send(patient).refused == {}


def test_in_the_wrong_order_and_late(checked: Ward, tmp_path: Path) -> None:
    """Dose and plan come first, images later | held until all is there, then delivered"""
    patient = checked.admit()
    checked.send(patient, folder=part(patient.folder, tmp_path / "first", "RTPLAN", "RTDOSE"))
    held = until(lambda: checked.gateway("GET", "/api/v1/courses?state=held"), "the course held")
    assert held[0]["reasons"]
    rest = part(patient.folder, tmp_path / "rest", "RTPLAN", "RTDOSE", but=True)
    checked.send(patient, folder=rest)


@pytest.mark.slow
def test_other_content_under_the_same_uid(ward: Ward, tmp_path: Path) -> None:
    """An instance comes again with other content | the course is held as a conflict for a person"""
    patient = ward.admit()
    ward.send(patient)
    ward.check()
    changed = part(patient.folder, tmp_path / "plan", "RTPLAN")
    (plan,) = changed.iterdir()
    dataset = dcmread(plan)
    plan.unlink()
    dataset.RTPlanLabel = "OTHER"
    dataset.save_as(plan)
    ward.send(patient, folder=changed)
    (held,) = until(lambda: ward.gateway("GET", "/api/v1/courses?state=held"), "a held course")
    assert "conflict" in {reason["code"] for reason in held["reasons"]}
    account = ward.gateway("GET", "/api/v1/account")
    assert account["sums_up"]
    assert account["held"] == len(patient.original_uids)
    ward.say_consent(patient, "withdrawn", "2024-02-01")  # leave the ward as it was
    ward.erased |= patient.original_uids
    ward.check()


def test_a_patient_withdraws_after_delivery_and_consents_again(checked: Ward) -> None:
    """A delivered patient withdraws | deleted everywhere with a receipt; back after new consent"""
    patient = checked.admit()
    checked.send(patient)
    checked.check()
    before = len(checked.gateway("GET", "/api/v1/clinical/withdrawals"))
    checked.say_consent(patient, "withdrawn", "2024-03-01")
    checked.erased |= patient.original_uids

    def receipt() -> dict[str, int] | None:
        told = checked.gateway("GET", "/api/v1/clinical/withdrawals")
        found: dict[str, int] | None = told[-1]["archive"] if len(told) > before else None
        return found

    told = until(receipt, "the archive's receipt")
    assert (told["courses"], told["instances"]) == (1, len(patient.original_uids))
    checked.check()
    assert checked.send(patient).counts() == {NOT_AUTHORISED: len(patient.original_uids)}
    checked.say_consent(patient, "granted", "2024-04-01")
    checked.erased -= patient.original_uids
    checked.send(patient)


def test_the_archive_lost_instances(checked: Ward) -> None:
    """The archive's store loses instances | its scan finds them; the gateway sends them again"""
    patient = checked.admit()
    checked.send(patient)
    checked.check()
    with checked.archive_store() as store:
        lost = store.get("/instances").json()[:3]
        for one in lost:
            store.delete(f"/instances/{one}").raise_for_status()
    checked.kill("harmonizer")  # a scan at its start, and every ten minutes
    checked.stack.ensure_running()
    until(lambda: checked.archive("/api/v1/status")["store"]["lost"] == len(lost), "the scan")
    assert checked.gateway("POST", "/api/v1/archive/recheck")["sent_again"] > 0
    until(lambda: checked.archive("/api/v1/status")["store"]["lost"] == 0, "all back")
