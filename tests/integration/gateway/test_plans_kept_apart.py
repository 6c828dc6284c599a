"""A trial plan on the structure set of the treated one stays here; the rest goes without it."""

from collections.abc import Iterator

import pytest

from gateway.config import Settings
from gateway.domain.ledger import Place
from gateway.errors import RejectError
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital, hospital_of
from tests.integration.gateway.test_courses_that_are_joined import changed, settle_all, sum_dose
from tests.integration.gateway.test_gateway_http import call, operator, session

TRIAL, TRIAL_DOSE = 190, 390
"""The trial plan's UID sorts before the treated one's: it must not name the course."""


def trial(patient: str, **other: str) -> list[bytes]:
    """An unapproved plan on the same structure set, with its dose."""
    return [
        make.plan(TRIAL, 100, patient, **{"approval": "UNAPPROVED", **other}),
        make.dose(TRIAL_DOSE, TRIAL, patient),
    ]


def name(hospital: Hospital, number: int) -> str:
    return hospital.stage.uid(make.uid(number))


def told(hospital: Hospital) -> dict[str, object]:
    return hospital.service.course_service.read(1)


def left_out(hospital: Hospital) -> dict[str, int]:
    found = hospital.service.course_service.read(1)["left_out"]
    return {one["plan"]: one["instances"] for one in found}


def members(hospital: Hospital, version: int) -> set[str]:
    manifest = hospital.archive.announced[name(hospital, 200), version].manifest
    assert not manifest.missing
    return {one.sop_instance_uid for one in manifest.instances}


@pytest.fixture
def both(hospital: Hospital) -> Hospital:
    """The approved and the trial plan came together."""
    patient = hospital.pseudonym()
    hospital.take_in([*trial(patient), *make.course(patient=patient)])
    settle_all(hospital)
    return hospital


def test_before_delivery_the_rest_goes_without_the_trial_plan(both: Hospital) -> None:
    assert both.states() == ["delivered"]
    assert members(both, 1) == {name(both, n) for n in (1, 2, 3, 4, 100, 200, 300)}
    assert left_out(both) == {name(both, TRIAL): 2}
    (why,) = told(both)["left_out"]  # type: ignore[misc]
    assert why["reasons"] == [{"code": "plan-unapproved", "text": "the plan is unapproved"}]
    assert {f["severity"] for f in told(both)["findings"]} == {"info"}  # type: ignore[attr-defined]


def test_after_delivery_the_course_stays_delivered(hospital: Hospital) -> None:
    patient = hospital.pseudonym()
    hospital.take_in(make.course(patient=patient))
    settle_all(hospital)
    hospital.take_in([*reversed(trial(patient)), make.record(490, TRIAL, 1, patient)])
    settle_all(hospital)
    assert hospital.states() == ["delivered"]
    assert left_out(hospital) == {name(hospital, TRIAL): 3}
    assert [version for _, version in hospital.archive.announced] == [1]


def test_what_is_kept_apart_counts_as_held(both: Hospital) -> None:
    account = both.service.status.account()
    assert (account.delivered, account.held, account.received) == (7, 2, 9)
    assert account.sums_up
    day = both.clock.now().date()
    places = {one["place"]: one for one in both.service.ledger.courses_of(day, None)}
    assert {place: one["instances"] for place, one in places.items()} == {
        Place.DELIVERED.value: 7,
        Place.HELD.value: 2,
    }
    assert "kept apart" in places["held"]["reasons"][0]["text"]
    assert both.service.ledger.days()[0]["held"] == 2
    verdict = both.service.inquiry.why("ID-1", "steward:anna").verdict
    assert verdict == (
        "Everything that was to go is in the archive, verified. Of course 1 a plan and what hangs "
        "on it, 2 objects, is kept apart here: the plan is unapproved."
    )


def test_a_person_takes_it_in(both: Hospital) -> None:
    decisions = both.service.decisions
    with pytest.raises(RejectError, match="identifies the patient"):
        decisions.take_in(1, name(both, TRIAL), "Virtanen was treated so", "operator")
    decisions.take_in(1, name(both, TRIAL), "treated, the TPS has no approval", "operator")
    settle_all(both)
    assert both.states() == ["delivered"]
    assert {name(both, TRIAL), name(both, TRIAL_DOSE)} <= members(both, 2)
    assert left_out(both) == {}
    manifest = both.archive.announced[name(both, 200), 2].manifest
    assert manifest.release is not None
    assert manifest.release.comment == "treated, the TPS has no approval"
    assert both.service.status.account().held == 0
    both.restart()
    settle_all(both)
    assert both.states() == ["delivered"]
    actions = [entry["action"] for entry in both.service.audit.entries(50)]
    assert "plan-take-in" in actions
    with pytest.raises(RejectError, match="recall it instead"):
        decisions.leave_out(1, name(both, TRIAL), "not after all", "operator")


def test_taking_one_in_takes_no_other_in(both: Hospital) -> None:
    both.take_in([make.plan(191, 100, both.pseudonym(), approval="UNAPPROVED")])
    both.service.decisions.take_in(1, name(both, TRIAL), "this one was treated", "operator")
    settle_all(both)
    assert both.states() == ["delivered"]
    assert left_out(both) == {name(both, 191): 1}
    assert name(both, 191) not in members(both, 2)


def test_a_person_leaves_a_plan_out_that_policy_would_send(hospital: Hospital) -> None:
    patient = hospital.pseudonym()
    second = [changed(make.plan(201, 100, patient), RTPlanLabel="b"), make.dose(301, 201, patient)]
    hospital.take_in([*make.course(patient=patient), *second])
    assert hospital.states() == ["ready"]
    decisions = hospital.service.decisions
    decisions.leave_out(1, name(hospital, 201), "of another study", "operator")
    with pytest.raises(RejectError, match="refuse the course instead"):
        decisions.leave_out(1, name(hospital, 200), "this one too", "operator")
    with pytest.raises(RejectError, match="no such plan"):
        decisions.leave_out(1, name(hospital, 100), "a structure set", "operator")
    assert not hospital.send(), "the version that waited goes with the plan no more"
    settle_all(hospital)
    assert hospital.states() == ["delivered"]
    assert left_out(hospital) == {name(hospital, 201): 2}
    assert not {name(hospital, 201), name(hospital, 301)} & hospital.archive.held.keys()
    decisions.take_in(1, name(hospital, 201), "it is of this one", "operator")
    settle_all(hospital)
    assert name(hospital, 301) in members(hospital, 2)


def test_approved_later_under_a_new_uid_it_is_the_next_version(both: Hospital) -> None:
    patient = both.pseudonym()
    approved = changed(make.plan(210, 100, patient), RTPlanLabel="boost", RTPlanDate="20200110")
    both.take_in([approved, make.dose(310, 210, patient)])
    settle_all(both)
    assert both.states() == ["delivered"]
    assert {name(both, 210), name(both, 310)} <= members(both, 2)
    assert left_out(both) == {name(both, TRIAL): 2}


def test_approved_later_under_the_same_uid_it_is_a_conflict_of_that_plan(both: Hospital) -> None:
    both.take_in([make.plan(TRIAL, 100, both.pseudonym())])
    settle_all(both)
    assert both.states() == ["delivered"]
    (why,) = told(both)["left_out"]  # type: ignore[misc]
    assert [reason["code"] for reason in why["reasons"]] == ["conflict"]
    both.service.decisions.take_in(1, name(both, TRIAL), "approved now", "operator")
    settle_all(both)
    assert both.states() == ["delivered"]
    assert name(both, TRIAL) in members(both, 2)


def test_a_sum_with_the_trial_plan_stays_with_it(both: Hospital) -> None:
    both.take_in([sum_dose(395, (200, TRIAL), both.pseudonym())])
    settle_all(both)
    assert both.states() == ["delivered"]
    assert left_out(both) == {name(both, TRIAL): 3}


@pytest.mark.parametrize("other", [{"intent": "VERIFICATION", "approval": "APPROVED"}])
def test_a_verification_plan_on_the_same_set_too(hospital: Hospital, other: dict[str, str]) -> None:
    patient = hospital.pseudonym()
    hospital.take_in([*make.course(patient=patient), *trial(patient, **other)])
    settle_all(hospital)
    assert hospital.states() == ["delivered"]
    assert left_out(hospital) == {name(hospital, TRIAL): 2}


def test_a_trial_plan_alone_holds_its_course_as_a_whole(hospital: Hospital) -> None:
    patient = hospital.pseudonym()
    objects = [*make.course(patient=patient)[:5], *trial(patient)]
    hospital.take_in(objects)
    assert hospital.states() == ["held"]
    assert left_out(hospital) == {}
    hospital.take_in(make.course(patient=patient)[5:])
    settle_all(hospital)
    assert hospital.states() == ["delivered"]
    assert left_out(hospital) == {name(hospital, TRIAL): 2}


def test_what_was_sent_is_not_kept_apart_afterwards(hospital: Hospital) -> None:
    patient = hospital.pseudonym()
    hospital.take_in([*make.course(patient=patient)[:5], *trial(patient)])
    hospital.service.decisions.release(1, "treated without approval", "operator")
    settle_all(hospital)
    hospital.take_in(make.course(patient=patient)[5:])
    settle_all(hospital)
    assert hospital.states() == ["delivered"]
    assert left_out(hospital) == {}


@pytest.fixture
def lenient(settings: Settings) -> Iterator[Hospital]:
    severities = {"plan-unapproved": "warning"}
    yield from hospital_of(settings.model_copy(update={"rule_severities": severities}))


def test_it_is_the_centres_policy(lenient: Hospital) -> None:
    patient = lenient.pseudonym()
    lenient.take_in([*make.course(patient=patient), *trial(patient)])
    settle_all(lenient)
    assert left_out(lenient) == {}
    assert len(lenient.archive.held) == 9


def test_withdrawal_reaches_what_is_kept_apart(both: Hospital) -> None:
    sheet = (
        b"patient_id,family_name,given_name,birth_date,status,version,scope,date\n"
        b"ID-1,Virtanen,Maija,1952-04-13,withdrawn,2.1,all,2020-12-01\n"
    )
    both.service.consents.import_sheet(sheet, "operator", commit=True)
    both.settle()
    account = both.service.status.account()
    assert account.sums_up
    assert account.held == 0


def test_what_a_person_said_is_kept_without_the_space_around_it(both: Hospital) -> None:
    both.service.decisions.take_in(1, name(both, TRIAL), "  it was treated \n", "operator")
    (course,) = both.service.courses.find()
    assert course.plans[make.uid(TRIAL)]["comment"] == "it was treated"
    assert both.service.audit.entries(1)[0]["detail"] == "it was treated"


def test_on_the_page_of_the_course_and_over_http(both: Hospital) -> None:
    cookies = session(both)
    page = call(both, "GET", "/courses/1", cookies=cookies).text
    assert "kept apart with 1 object of it; the plan is unapproved" in page
    assert "yes: it is at the archive" in page
    assert "1 plan is kept apart" in call(both, "GET", "/courses", cookies=cookies).text
    form = {"plan": name(both, TRIAL), "comment": "Virtanen"}
    answer = call(both, "POST", "/courses/1/take-in", cookies=cookies, data=form)
    assert (answer.status_code, "identifies the patient" in answer.text) == (422, True)
    form["comment"] = "it was treated"
    answer = call(both, "POST", "/courses/1/take-in", cookies=cookies, data=form)
    assert answer.status_code == 303
    out = operator(both, "POST", "/api/v1/courses/1/leave-out", json={**form, "comment": "no"})
    assert out.status_code == 200
    assert out.json()["left_out"][0]["decided"]["in"] is False
    back = operator(both, "POST", "/api/v1/courses/1/take-in", json={**form, "comment": "yes"})
    assert back.json()["left_out"] == []
    settle_all(both)
    assert name(both, TRIAL) in members(both, 2)
