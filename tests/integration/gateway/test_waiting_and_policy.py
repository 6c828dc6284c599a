"""A centre's policy on courses: what waits by itself, what a person is asked, what never goes."""

from collections.abc import Iterator

import pytest

from gateway.app import create_app
from gateway.config import Settings
from gateway.errors import ConfigError
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital, hospital_of


@pytest.fixture
def patient_one(settings: Settings) -> Iterator[Hospital]:
    """A centre that gives missing slices and doses time."""
    waits = {"images-missing": 60.0, "no-dose": 10.0}
    yield from hospital_of(settings.model_copy(update={"waiting_minutes": waits}))


@pytest.fixture
def strict(settings: Settings) -> Iterator[Hospital]:
    """A centre that keeps verification plans here for good."""
    severities = {"plan-intent": "refuse"}
    yield from hospital_of(settings.model_copy(update={"rule_severities": severities}))


def step(hospital: Hospital) -> list[str]:
    hospital.service.course_service.step()
    return hospital.states()


def test_what_may_still_come_is_waited_for(patient_one: Hospital) -> None:
    ward = patient_one
    ward.take_in(make.course(patient=ward.pseudonym())[2:])
    assert ward.states() == ["collecting"]
    told = ward.service.course_service.find(None, 5)[0]
    assert "2 of 4 CT slices are here" in told["reasons"][0]["text"]
    ward.clock.forward(59 * 60)
    assert step(ward) == ["collecting"]
    ward.clock.forward(2 * 60)
    assert step(ward) == ["held"]
    ward.take_in(make.course(patient=ward.pseudonym())[:2])
    assert ward.send()
    assert ward.states() == ["delivered"]


def test_the_shortest_time_counts_and_none_is_no_time(patient_one: Hospital) -> None:
    ward = patient_one
    ward.take_in(make.course(patient=ward.pseudonym())[2:-1])
    assert ward.states() == ["collecting"]
    ward.clock.forward(11 * 60)
    assert step(ward) == ["held"]
    course = ward.service.courses.find()[0]
    assert {reason["code"] for reason in course.reasons} == {"images-missing", "no-dose"}


def test_a_waiting_course_is_not_judged_at_each_turn(patient_one: Hospital) -> None:
    ward = patient_one
    ward.take_in(make.course(patient=ward.pseudonym())[2:])
    before = ward.service.courses.find()[0].revision
    for _ in range(5):
        ward.clock.forward(1)
        step(ward)
    assert ward.service.courses.find()[0].revision == before


def test_a_code_that_is_none_stops_the_start(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="waiting_minutes: no-such"):
        create_app(settings.model_copy(update={"waiting_minutes": {"no-such": 1.0}}))


def test_a_verification_plan_is_kept_apart_by_policy(strict: Hospital) -> None:
    ward = strict
    objects = make.course(patient=ward.pseudonym())
    objects[-2] = make.plan(200, 100, ward.pseudonym(), intent="VERIFICATION")
    ward.take_in(objects)
    assert ward.states() == ["refused"]
    told = ward.service.course_service.find(None, 5)[0]
    assert told["reasons"][0]["text"] == (
        "the plan's intent is VERIFICATION: not a patient's treatment"
    )
    assert step(ward) == ["refused"]
    assert not ward.send()
    assert ward.service.status.account().refused_here == 7


def test_a_person_may_change_their_mind(strict: Hospital) -> None:
    ward = strict
    objects = make.course(patient=ward.pseudonym())
    objects[-2] = make.plan(200, 100, ward.pseudonym(), intent="VERIFICATION")
    ward.take_in(objects)
    course_id = ward.service.courses.find()[0].id or 0
    ward.service.decisions.release(course_id, "the label is wrong", "operator")
    assert ward.send()
    assert ward.states() == ["delivered"]


def test_a_child_is_held_although_dates_are_shifted(hospital: Hospital) -> None:
    """The plan's day is 2020-01-08 as shifted; the true day is the centre's secret."""
    line = b"patient_id,birth_date,status,version,date\nKID-1,2020-01-01,granted,1,2026-01-01\n"
    hospital.service.consents.import_sheet(line, "operator", commit=True)
    hospital.take_in(make.course(patient=hospital.pseudonym("KID-1")))
    (course,) = hospital.service.courses.find()
    assert course.state.value == "held"
    assert [reason["code"] for reason in course.reasons] == ["under-age"]


def test_one_study_under_two_patients_holds_both_and_stops_nobody_else(
    hospital: Hospital,
) -> None:
    head = b"patient_id,status,version,date\n"
    for name in (b"ID-2", b"ID-3"):
        line = head + name + b",granted,1,2026-01-01\n"
        hospital.service.consents.import_sheet(line, "operator", commit=True)
    mine = make.course(patient=hospital.pseudonym("ID-1"))
    hospital.take_in([*mine, make.ct(60, 0.0, hospital.pseudonym("ID-2"), series=600)])
    courses = {c.pseudonym: c for c in hospital.service.courses.find()}
    assert [c.state.value for c in courses.values()] == ["held", "held"]
    for course in courses.values():
        assert "two-patients" in {reason["code"] for reason in course.reasons}
    assert not hospital.send()
    alone = make.base("CT", make.CTImageStorage, 77, hospital.pseudonym("ID-3"), 888)
    alone.StudyInstanceUID = make.uid(701)
    hospital.take_in([make.as_bytes(alone)])
    assert len(hospital.service.courses.find()) == 3
