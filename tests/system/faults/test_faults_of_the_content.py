"""Objects that come twice, late, wrong or changed; consent that is missing or ends."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from kasari.stack.consents import import_consents
from tests.system.faults.proxy import Fault
from tests.system.faults.test_faults_of_the_link import ANNOUNCE, STOW
from tests.system.faults.ward import Fate, Patient, Ward, consent_list, sop_uid, until

NOT_AUTHORISED = 0x0124
DOES_NOT_MATCH = 0xA900
OUT_OF_RESOURCES = 0xA700
WRONG_HETU = "131052-308U"
OLD_UID = "1.2.246.987.1."


def part(patient: Patient, target: Path, *modalities: str, but: bool = False) -> Path:
    """Link the objects of some modalities, or of all others, into a folder."""
    target.mkdir()
    for path in patient.files:
        modality = dcmread(path, specific_tags=["Modality"], stop_before_pixels=True).Modality
        if (modality in modalities) != but:
            (target / path.name).hardlink_to(path)
    return target


def altered(folder: Path, change: Callable[[Dataset], None]) -> Path:
    """Change every object of a folder of links; what they link to stays as it is."""
    for path in list(folder.iterdir()):
        dataset = dcmread(path)
        change(dataset)
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        path.unlink()
        dataset.save_as(path)
    return folder


def refused_for(ward: Ward) -> set[str]:
    return {row["reason"] for row in ward.gateway("GET", "/api/v1/status")["refused"]}


@pytest.mark.slow
@pytest.mark.fault(21, 31)
def test_sent_twice(checked: Ward) -> None:
    """A course is sent twice, and once more when it is delivered | stored and delivered once"""
    patient = checked.admit()
    assert checked.send(patient).refused == {}
    assert checked.send(patient).refused == {}
    checked.check()
    assert checked.send(patient).refused == {}


@pytest.mark.fault(27)
def test_in_the_wrong_order_and_late(checked: Ward, tmp_path: Path) -> None:
    """Dose and plan come first, images later | held until all is there, then delivered"""
    patient = checked.admit()
    checked.send(patient, folder=part(patient, tmp_path / "first", "RTPLAN", "RTDOSE"))
    assert checked.held()[0]["reasons"]
    checked.send(patient, folder=part(patient, tmp_path / "rest", "RTPLAN", "RTDOSE", but=True))


@pytest.mark.fault(29)
def test_a_slice_is_missing(checked: Ward, tmp_path: Path) -> None:
    """One CT slice does not come | held, with the gap named; it comes, and all is delivered"""
    patient = checked.admit()
    most = part(patient, tmp_path / "most", "-", but=True)
    images = [path for path in sorted(most.iterdir()) if dcmread(path).Modality == "CT"]
    images[len(images) // 2].unlink()
    checked.send(patient, folder=most)
    checked.held("CT slices")
    checked.send(patient)


@pytest.mark.slow
@pytest.mark.fault(28)
def test_images_never_come(checked: Ward, tmp_path: Path) -> None:
    """Structures refer to images that never come | visible and held until a person refuses them"""
    patient = checked.admit()
    checked.send(patient, folder=part(patient, tmp_path / "no-images", "CT", but=True))
    (course,) = checked.held("images")
    body = {"comment": "the images were never exported"}
    checked.gateway("POST", f"/api/v1/courses/{course['id']}/refuse", json=body)
    checked.expect({sop_uid(p) for p in (tmp_path / "no-images").iterdir()}, Fate.REFUSED_HERE)


@pytest.mark.slow
@pytest.mark.fault(22, 32)
@pytest.mark.parametrize("changes", [{"RTPlanLabel": "OTHER"}, {"ApprovalStatus": "REJECTED"}])
def test_other_content_under_the_same_uid(
    checked: Ward, tmp_path: Path, changes: dict[str, str]
) -> None:
    """An instance comes again with other content | the course is held as a conflict for a person"""
    patient = checked.admit()
    checked.send(patient)
    checked.check()
    plan = part(patient, tmp_path / "plan", "RTPLAN")
    checked.send(patient, folder=altered(plan, lambda dataset: dataset.update(changes)))
    held_as_conflict(checked, patient)


def held_as_conflict(ward: Ward, patient: Patient) -> None:
    assert len(ward.held("conflict")) == 1
    account = ward.gateway("GET", "/api/v1/account")
    assert account["sums_up"], account["differences"]
    assert account["newer_waits"] > 0
    assert account["delivered"] == ward.count(Fate.DELIVERED), "what is there stays delivered"
    ward.erase(patient)  # a person's to judge; the ward goes on without


@pytest.mark.slow
@pytest.mark.fault(24)
def test_the_same_instance_in_another_study(checked: Ward, tmp_path: Path) -> None:
    """An instance comes again in another study | set aside, with an alert"""
    patient = checked.admit()
    checked.send(patient)
    checked.check()

    def move(dataset: Dataset) -> None:
        dataset.StudyInstanceUID = OLD_UID + "2"
        dataset.SeriesInstanceUID = OLD_UID + "3"

    checked.send(patient, folder=altered(part(patient, tmp_path / "plan", "RTPLAN"), move))
    until(lambda: "set-aside-same-uid" in checked.alerts(), "the alert")
    checked.expect({f"{OLD_UID}2"}, Fate.SET_ASIDE)


@pytest.mark.slow
@pytest.mark.fault(23)
def test_one_study_of_two_patients(checked: Ward) -> None:
    """A study comes under a second patient | the second is held until a person recalls it"""
    first, second = checked.admit(), checked.admit()
    checked.send(first)
    checked.check()
    study = dcmread(first.files[0]).StudyInstanceUID
    altered(second.folder, lambda dataset: setattr(dataset, "StudyInstanceUID", study))
    checked.send(second)
    assert len(checked.held("two-patients")) == 1
    checked.expect(second.uids, Fate.HELD)
    checked.check()
    assert checked.as_steward("/api/v1/recalls", recall_of(second))["courses"] == 1
    checked.expect(second.uids, Fate.ERASED)


@pytest.mark.slow
@pytest.mark.fault(30)
def test_a_revised_plan(checked: Ward, tmp_path: Path) -> None:
    """A revised plan and its dose come | delivered as well; the earlier ones are kept"""
    patient = checked.admit()
    checked.send(patient)
    checked.check()
    plan = dcmread(next(p for p in patient.files if p.name.startswith("RP")))
    new_plan = plan.SOPInstanceUID + "1"

    def revise(dataset: Dataset) -> None:
        dataset.SOPInstanceUID += "1"
        if dataset.Modality == "RTPLAN":
            dataset.RTPlanLabel = "Revised"
        else:
            dataset.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = new_plan

    revised = altered(part(patient, tmp_path / "revised", "RTPLAN", "RTDOSE"), revise)
    checked.send(patient, folder=revised)


@pytest.mark.fault(33)
def test_a_late_instance(checked: Ward, tmp_path: Path) -> None:
    """A record comes when the course is delivered | the next version, with what is new only"""
    patient = checked.admit()
    checked.send(patient, folder=part(patient, tmp_path / "most", "RTRECORD", but=True))
    checked.check()
    checked.send(patient)
    checked.check()
    newest = checked.gateway("GET", "/api/v1/courses?state=delivered")[0]
    assert newest["version"] > 1


@pytest.mark.fault(25, 26)
@pytest.mark.parametrize("patient_id", ["", WRONG_HETU], ids=["empty", "wrong HETU check"])
def test_an_identifier_that_cannot_be_right(checked: Ward, patient_id: str) -> None:
    """PatientID is empty, or a HETU with a wrong check character | never consented, never kept"""
    patient = checked.admit(consent=False)
    if patient_id:
        checked.strange_ids.add(patient_id)
        wrong = consent_list([replace(patient, patient_id=patient_id)], "granted", "2024-01-01")
        assert not import_consents(checked.site, wrong)["committed"]
    altered(patient.folder, lambda dataset: setattr(dataset, "PatientID", patient_id))
    (status,) = checked.send(patient).refused
    assert status in {NOT_AUTHORISED, DOES_NOT_MATCH}


@pytest.mark.fault(35)
def test_no_consent(checked: Ward) -> None:
    """Nobody has consented | refused with 0x0124; nothing is kept"""
    patient = checked.admit(consent=False)
    assert checked.send(patient).counts() == {NOT_AUTHORISED: len(patient.uids)}
    until(lambda: "no-consent" in refused_for(checked), "counted with its reason")


@pytest.mark.fault(36)
def test_consent_ends_while_a_course_waits(checked: Ward) -> None:
    """Consent is withdrawn while a course waits to be sent | it is erased, and nothing leaves"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(ANNOUNCE, 1000, status=503)) as fault:
        checked.send(patient)
        until(lambda: fault.done > 0, "an attempt")
        checked.erase(patient)
        until(checked.settled, "erased")


@pytest.mark.fault(37, 39)
def test_a_patient_withdraws_after_delivery_and_consents_again(checked: Ward) -> None:
    """A delivered patient withdraws | deleted everywhere with a receipt; back after new consent"""
    patient = checked.admit()
    checked.send(patient)
    checked.check()
    before = len(checked.gateway("GET", "/api/v1/clinical/withdrawals"))
    checked.erase(patient, "2024-03-01")

    def receipt() -> dict[str, int] | None:
        told = checked.gateway("GET", "/api/v1/clinical/withdrawals")
        found: dict[str, int] | None = told[-1]["archive"] if len(told) > before else None
        return found

    told = until(receipt, "the archive's receipt")
    assert (told["courses"], told["instances"]) == (1, len(patient.uids))
    checked.check()
    assert checked.send(patient).counts() == {NOT_AUTHORISED: len(patient.uids)}
    checked.say_consent(patient, "granted", "2024-04-01")
    checked.send(patient)
    checked.expect(patient.uids, Fate.DELIVERED)


@pytest.mark.slow
@pytest.mark.fault(40)
def test_two_identifiers_are_one_person(checked: Ward) -> None:
    """Two patients turn out to be one | what came under the other goes, and comes again as one"""
    first, second = checked.admit(), checked.admit()
    checked.send(first)
    checked.send(second)
    checked.check()
    body = {"patient_id": first.patient_id, "other_id": second.patient_id}
    assert checked.as_steward("/api/v1/merges", body)["send_again"] == len(second.uids)
    checked.expect(second.uids, Fate.ERASED)
    checked.check()  # at the archive too: sooner, the plugin may not have heard of the merge
    checked.send(second)
    checked.expect(second.uids, Fate.DELIVERED)
    checked.check()
    receipt = checked.gateway("GET", "/api/v1/erasures")[0]["says"]
    assert (receipt["why"], receipt["archive"]["instances"]) == ("merged", len(second.uids))
    with checked.archive_store() as store:
        patients = store.get("/patients?expand").json()
    assert max(len(patient["Studies"]) for patient in patients) >= 2


@pytest.mark.slow
@pytest.mark.fault(41)
def test_sent_under_the_wrong_patient(checked: Ward) -> None:
    """A course came under another patient | recalled everywhere, with a receipt; then sent right"""
    wrong, right = checked.admit(), checked.admit()
    checked.send(wrong)
    checked.check()
    before = len(checked.gateway("GET", "/api/v1/erasures"))
    told = checked.as_steward("/api/v1/recalls", recall_of(wrong))
    assert told == {"instances": len(wrong.uids), "courses": 1}
    checked.expect(wrong.uids, Fate.ERASED)
    until(lambda: len(checked.gateway("GET", "/api/v1/erasures")) > before, "the signed receipt")
    says = checked.gateway("GET", "/api/v1/erasures")[0]["says"]
    assert (says["why"], says["archive"]["instances"]) == ("recalled", len(wrong.uids))
    checked.check()
    altered(wrong.folder, lambda dataset: setattr(dataset, "PatientID", right.patient_id))
    checked.send(wrong)
    checked.expect(wrong.uids, Fate.DELIVERED)


def recall_of(patient: Patient) -> dict[str, str]:
    study = str(dcmread(patient.files[0], stop_before_pixels=True).StudyInstanceUID)
    return {"patient_id": patient.patient_id, "uid": study, "comment": "sent under a namesake"}


@pytest.mark.slow
@pytest.mark.fault(62)
@pytest.mark.usefixtures("impatient")
def test_the_rules_change_in_the_middle_of_a_course(checked: Ward, tmp_path: Path) -> None:
    """The policy changes when a course is half sent | whole under one; both ends must agree"""
    patient, other = checked.admit(), checked.admit()
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"remove": ["Manufacturer"]}))
    with ExitStack() as meanwhile:
        with checked.archive_link.having(Fault(STOW, 1000, cut_after=300_000)) as fault:
            checked.send(patient)
            until(lambda: fault.done > 0, "a part is there")
            meanwhile.enter_context(checked.restarted_with("gateway", policy_file=str(policy)))
        until(lambda: checked.admission()["reason"] == "policy-differs", "the plugin has heard")
        assert set(checked.send(other).refused) == {OUT_OF_RESOURCES}
        checked.check()
        marks, manufacturers = newest_in_the_archive(checked)
        assert (len(marks), manufacturers) == (1, set())
    until(lambda: checked.admission()["open"], "both have the same policy again")
    checked.send(other)
    checked.expect(other.uids, Fate.DELIVERED)
    checked.check()
    others, manufacturers = newest_in_the_archive(checked)
    assert len(others) == 1
    assert others != marks
    assert manufacturers


def newest_in_the_archive(ward: Ward) -> tuple[set[str], set[str]]:
    """By which rules the objects of the latest course left, and what one rule is about."""
    course = ward.archive("/api/v1/courses?limit=1")[0]
    with ward.archive_store() as store:
        query = {"StudyInstanceUID": "\\".join(course["study_uids"])}
        found = store.post("/tools/find", json={"Level": "Instance", "Query": query}).json()
        tags = [store.get(f"/instances/{one}/simplified-tags").json() for one in found]
    sent = [one for one in tags if "derived" not in one.get("SeriesDescription", "")]
    marks = {one["DeidentificationMethod"] for one in sent}
    return marks, {one["Manufacturer"] for one in sent if one.get("Manufacturer")}
