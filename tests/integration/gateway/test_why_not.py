"""*Why not?* tells what is so, in every case in which somebody asks."""

from io import BytesIO

import pytest
from pydicom import dcmread

from gateway.config import Settings
from gateway.contract.site import PatientRefusals
from gateway.domain.consent import ConsentStatus
from gateway.domain.inquiry import Known, verdict_of
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital, hospital_of
from tests.integration.gateway.test_books_of_the_account import other, say_consent
from tests.integration.gateway.test_gateway_http import call


def why(hospital: Hospital, patient_id: str = "ID-1") -> str:
    verdict: str = hospital.service.inquiry.why(patient_id, "steward:anna").as_json()["verdict"]
    return verdict


def deliver(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.send()


def test_who_is_in_no_list_was_refused(hospital: Hospital) -> None:
    assert why(hospital, "ID-9").startswith("This identifier is in no consent list, so everything")


def test_who_is_in_no_list_is_held_where_the_centre_chose_so(settings: Settings) -> None:
    changed = settings.model_copy(update={"unknown_patients": "hold", "hold_days": 30})
    for hospital in hospital_of(changed):
        told = why(hospital, "ID-9")
        assert "nothing is here now" in told
        assert "refused" not in told
        hospital.take_in(make.course(patient=hospital.pseudonym("ID-9")))
        told = why(hospital, "ID-9")
        assert "held here for a time and not sent: 7 objects." in told
        answer = hospital.service.inquiry.why("ID-9", "steward:anna")
        assert [course["state"] for course in answer.courses] == ["held"]
        assert answer.pseudonym is None


def test_after_a_stop_it_is_told_that_both_still_hold_it(hospital: Hospital) -> None:
    deliver(hospital)
    say_consent(hospital, "stopped")
    assert why(hospital) == (
        "Consent is stopped, so nothing more is stored or sent. From before, 7 objects are still "
        "here and 7 in the archive; they stay there."
    )
    read = hospital.service.course_service.read(1)
    assert (read["in_the_archive"], read["reasons"][0]["code"]) == (7, "no-consent")
    assert "nothing more of this course" in read["reasons"][0]["text"]


def test_after_a_withdrawal_it_is_told_what_was_deleted(hospital: Hospital) -> None:
    deliver(hospital)
    say_consent(hospital, "withdrawn")
    assert "they are deleted now" in why(hospital)
    hospital.service.withdrawal.step()
    assert "What was here (7 objects) was deleted" in why(hospital)


def test_during_a_recall_nobody_is_told_to_send_again_yet(hospital: Hospital) -> None:
    deliver(hospital)
    hospital.service.erasures.recall(hospital.pseudonym(), "wrong", hospital.clock.now())
    hospital.service.withdrawal.step()
    told = why(hospital)
    assert "is being recalled" in told
    assert "no object has come" not in told


def test_a_late_object_does_not_hide_what_is_in_the_archive(hospital: Hospital) -> None:
    deliver(hospital)
    plan = make.course(patient=hospital.pseudonym())[5]
    hospital.take_in([other(plan, ApprovalStatus="UNAPPROVED")])
    assert "of which 7 of 7 objects are in the archive, is held" in why(hospital)


def test_refusals_of_a_consented_patient_are_told_with_their_reason(hospital: Hospital) -> None:
    name, password = hospital.add_steward()
    burned = PatientRefusals(pseudonym=hospital.pseudonym(), reason="burned-in", count=2)
    hospital.tell(refused_of=(burned,))
    hospital.tell(refused_of=(burned,))
    told = why(hospital)
    assert told == ("Refused at the door, 4 attempts: The image has text burned into its pixels.")
    assert "compare the patient identifier" not in told
    call(hospital, "POST", "/login", data={"name": name, "password": password})
    say_consent(hospital, "withdrawn")
    hospital.service.withdrawal.step()
    assert hospital.service.totals.refused_of(hospital.pseudonym()) == []


def test_a_consented_patient_of_whom_nothing_came(hospital: Hospital) -> None:
    assert "no object has come" in why(hospital)
    dataset = dcmread(BytesIO(make.course(patient=hospital.pseudonym())[0]))
    hospital.take_in([make.as_bytes(dataset)])
    assert "no object has come" not in why(hospital)


NOTHING = Known(
    listed=True, consent=ConsentStatus.GRANTED, holds_unknown=False, recalled=False, erased=None,
    here=0, in_the_archive=0, aside=0, courses=(), refused=(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"consent": ConsentStatus.DECLINED}, "Consent is declined, so nothing is stored or sent."),
        ({"consent": None}, "Consent is none, so nothing is stored or sent."),
        ({"erased": 3}, "the deletion that was ordered before is not done yet"),
        ({"aside": 1}, "1 object is set aside"),
        ({"recalled": True, "consent": ConsentStatus.WITHDRAWN}, "is being recalled"),
        ({"refused": [("It is no DICOM file.", 1)]}, "Refused at the door, 1 attempt: It is no"),
    ],
)
def test_each_case_has_its_sentence(changes: dict[str, object], words: str) -> None:
    assert words in verdict_of(Known(**{**vars(NOTHING), **changes}))  # type: ignore[arg-type]
