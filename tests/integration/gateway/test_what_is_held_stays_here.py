"""What a person has to decide about does not leave, whatever was queued before."""

from io import BytesIO
from typing import Any

import pytest
from pydicom import dcmread

from gateway.errors import RejectError
from gateway.services.reconsideration import Reconsideration
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_books_of_the_account import other
from tests.integration.gateway.test_consent_policies import say


@pytest.fixture
def queued(hospital: Hospital) -> Hospital:
    """A course that waits in the outbox."""
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert hospital.states() == ["ready"]
    return hospital


def another(hospital: Hospital) -> bytes:
    """The first image with other content under its UID."""
    return other(make.course(patient=hospital.pseudonym())[0], SeriesDescription="another")


def reasons(hospital: Hospital) -> list[list[str]]:
    found = sorted(hospital.service.courses.find(), key=lambda course: course.id or 0)
    return [[reason["code"] for reason in course.reasons] for course in found]


def at_the_archive(hospital: Hospital) -> bytes | None:
    image = dcmread(BytesIO(another(hospital)))
    found: bytes | None = hospital.archive.held.get(hospital.stage.uid(image.SOPInstanceUID))
    return found


def written(data: bytes) -> bytes:
    """What the second stage of these tests makes of an object."""
    return b"N" + data[::-1]


def test_a_conflict_that_comes_while_the_course_is_queued_holds_it(queued: Hospital) -> None:
    queued.take_in([another(queued)])
    assert not queued.send()
    assert (queued.states(), reasons(queued)) == (["held"], [["conflict"]])
    assert at_the_archive(queued) is None
    queued.service.decisions.release(1, "the newer one is right", "operator")
    queued.settle()
    assert queued.send()
    assert queued.states() == ["delivered"]
    assert at_the_archive(queued) == written(another(queued))


def test_a_conflict_that_was_not_judged_yet_stops_the_version_too(queued: Hospital) -> None:
    queued.site.store(another(queued))
    while queued.service.intake.step():
        pass
    queued.service.sending.step("worker")  # the loop of the courses has not looked yet
    assert at_the_archive(queued) is None
    queued.settle()
    assert (queued.states(), reasons(queued)) == (["held"], [["conflict"]])


def test_a_conflict_that_comes_while_the_version_is_verified_waits_for_a_person(
    queued: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify, before = queued.archive.verify, make.course(patient=queued.pseudonym())[0]

    def comes_meanwhile(*given: Any) -> Any:
        queued.site.store(another(queued))
        while queued.service.intake.step():
            pass
        return verify(*given)

    monkeypatch.setattr(queued.archive, "verify", comes_meanwhile)
    queued.service.sending.step("worker")
    monkeypatch.setattr(queued.archive, "verify", verify)
    queued.settle()
    assert not queued.send()
    assert (queued.states(), reasons(queued)) == (["held"], [["conflict"]])
    assert at_the_archive(queued) == written(before)


def test_a_queued_course_whose_study_came_under_another_patient_stays_here(
    queued: Hospital,
) -> None:
    say(queued, "ID-2,granted,2.1,2026-01-01")
    queued.take_in([make.ct(60, 0.0, queued.pseudonym("ID-2"), series=600)])
    queued.service.courses.reopen(queued.pseudonym("ID-1"))
    queued.settle()
    assert not queued.send()
    assert queued.archive.held == {}
    assert "two-patients" in reasons(queued)[0]


def test_the_other_of_two_patients_is_freed_when_the_wrong_one_is_erased(
    hospital: Hospital,
) -> None:
    say(hospital, "ID-2,granted,2.1,2026-01-01")
    wrong = make.ct(60, 0.0, hospital.pseudonym("ID-2"), series=600)
    hospital.take_in([*make.course(patient=hospital.pseudonym("ID-1")), wrong])
    service = hospital.service
    assert "two-patients" in reasons(hospital)[0]
    again = Reconsideration(service.index, service.courses, service.consents.is_admitted)
    assert again.step() == 0
    mine = hospital.pseudonym("ID-2")
    service.erasures.recall(mine, "wrong name", hospital.clock.now())
    service.courses.reopen(hospital.pseudonym("ID-1"))
    hospital.settle()  # judged while the other one's object is still here
    hospital.turn()
    hospital.archive_erases()
    hospital.turn()
    assert "two-patients" in reasons(hospital)[0]
    assert again.step() == 1
    hospital.settle()
    assert hospital.send()
    assert hospital.states() == ["delivered"]


def test_what_was_delivered_and_comes_back_changed_after_it_was_gone_is_a_conflict(
    queued: Hospital,
) -> None:
    queued.send()
    before = at_the_archive(queued)
    queued.site.objects.clear()
    queued.service.intake.reconcile()
    queued.settle()
    queued.take_in([another(queued), *make.course(patient=queued.pseudonym())[1:]])
    assert not queued.send()
    assert (queued.states(), reasons(queued)) == (["held"], [["conflict"]])
    assert at_the_archive(queued) == before


def test_a_conflict_that_was_gone_and_comes_again_is_still_one(queued: Hospital) -> None:
    queued.take_in([another(queued)])
    queued.site.objects.clear()
    queued.service.intake.reconcile()
    queued.settle()
    queued.take_in([another(queued), *make.course(patient=queued.pseudonym())[1:]])
    assert not queued.send()
    assert reasons(queued) == [["conflict"]]


def test_who_refused_a_course_is_not_asked_again_when_its_objects_are_deleted(
    queued: Hospital,
) -> None:
    queued.take_in([another(queued)])
    queued.service.decisions.refuse(1, "not needed", "steward:anna")
    queued.site.objects.clear()
    queued.service.intake.reconcile()
    queued.settle()
    assert queued.states() == ["refused"]


def test_a_course_of_which_nothing_is_here_is_held_until_a_person_refuses_it(
    queued: Hospital,
) -> None:
    queued.site.objects.clear()
    queued.service.intake.reconcile()
    queued.settle()
    assert (queued.states(), reasons(queued)) == (["held"], [["instance-gone"]])
    queued.service.deletion.confirm("on purpose", "steward:anna")
    assert queued.service.decisions.refuse(1, "not needed", "steward:anna")["state"] == "refused"
    queued.settle()
    assert queued.states() == ["refused"]


def test_what_the_archive_refused_stays_refused_when_the_patient_is_judged_again(
    queued: Hospital,
) -> None:
    queued.archive.failures["announce"] = [RejectError("x", "the archive refuses")]
    queued.send()
    assert queued.states() == ["refused"]
    queued.service.courses.reopen(queued.pseudonym())
    queued.settle()
    assert queued.states() == ["refused"]
    queued.service.decisions.release(1, "mended at the archive", "operator")
    queued.settle()
    assert queued.send()
    assert queued.states() == ["delivered"]
