"""What a person has said no to stays here, whatever comes later, until a person says yes."""

import pytest

from tests.factories import site_objects as make
from tests.integration.gateway.conftest import CONSENTS, Hospital
from tests.integration.gateway.test_gateway_http import call, session


@pytest.fixture
def refused(hospital: Hospital) -> Hospital:
    """A course without its dose, which a person has refused."""
    hospital.take_in(make.course(patient=hospital.pseudonym())[:-1])
    hospital.service.decisions.refuse(1, "a verification of the machine", "operator")
    assert hospital.states() == ["refused"]
    return hospital


def why(hospital: Hospital, course_id: int = 1) -> list[str]:
    course = hospital.service.courses.get(course_id)
    assert course is not None
    return [reason["code"] for reason in course.reasons]


def test_a_late_object_that_completes_it_asks_a_person_again(refused: Hospital) -> None:
    refused.clock.forward(86_400)
    refused.take_in([make.dose(300, 200, refused.pseudonym())])
    assert refused.states() == ["held"]
    assert why(refused) == ["refused-before"]
    assert not refused.send()
    assert refused.archive.held == {}
    page = call(refused, "GET", "/courses/1", cookies=session(refused)).text
    assert "a person refused it on 2026-03-02; its objects have changed since" in page
    assert "a verification of the machine" in page


def test_a_person_may_refuse_it_again_or_let_it_go(refused: Hospital) -> None:
    refused.take_in([make.dose(300, 200, refused.pseudonym())])
    refused.service.decisions.refuse(1, "still no", "operator")
    assert refused.states() == ["refused"]
    refused.take_in([make.record(400, 200, 1, refused.pseudonym())])
    assert refused.states() == ["held"]
    refused.service.decisions.release(1, "it is a treatment after all", "operator")
    assert refused.send()
    assert refused.states() == ["delivered"]
    refused.take_in([make.record(401, 200, 2, refused.pseudonym())])
    assert refused.send(), "released is released: what comes later goes by itself"


def test_consent_that_changes_does_not_undo_it(refused: Hospital) -> None:
    declined = CONSENTS.replace(b"granted,2.1,research,2019", b"stopped,2.1,research,2020")
    again = CONSENTS.replace(b"granted,2.1,research,2019", b"granted,2.2,research,2021")
    refused.service.consents.import_sheet(declined, "operator", commit=True)
    refused.settle()
    assert refused.states() == ["held"]
    refused.service.consents.import_sheet(again, "operator", commit=True)
    refused.settle()
    assert refused.states() == ["refused"]
    refused.restart()
    refused.settle()
    assert refused.states() == ["refused"]


def test_it_goes_on_to_the_course_that_the_refused_one_becomes_part_of(hospital: Hospital) -> None:
    """The refused images come first, and another course row takes them in."""
    objects = make.course(patient=hospital.pseudonym())
    hospital.take_in(objects[:4])
    hospital.service.decisions.refuse(1, "images of a phantom", "operator")
    hospital.take_in([objects[5]])
    assert sorted(hospital.states()) == ["held", "refused"]
    hospital.take_in([objects[4], objects[6]])
    assert hospital.states() == ["held"]
    (course,) = hospital.service.courses.find()
    assert [reason["code"] for reason in course.reasons] == ["refused-before"]
    assert not hospital.send()


def test_it_outlives_that_the_objects_are_deleted_and_come_again(refused: Hospital) -> None:
    objects = make.course(patient=refused.pseudonym())
    refused.site.objects.clear()
    refused.service.intake.reconcile()
    refused.settle()
    refused.service.deletion.confirm("deleted by mistake", "operator")
    assert refused.states() == ["refused"]
    assert refused.service.status.account().received == 0
    refused.take_in(objects[:-1])
    assert refused.states() == ["refused"]
    refused.take_in(objects[-1:])
    assert refused.states() == ["held"]
    assert not refused.send()


def test_a_version_that_waits_for_its_turn_goes_neither(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert hospital.states() == ["ready"]
    hospital.site.store(make.record(400, 200, 1, hospital.pseudonym()))
    hospital.service.intake.step()
    hospital.service.course_service.step()
    assert hospital.states() == ["collecting"]
    hospital.service.decisions.refuse(1, "never", "operator")
    assert hospital.states() == ["refused"]
    assert not hospital.send()
    assert hospital.archive.held == {}
