"""Other content under the same UID: for a person to judge, and what a sender hears meanwhile."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.adapters.commitments import SqlCommitments
from gateway.domain.courses import PlanFacts, read_instance
from gateway.domain.courses.differences import differing
from gateway.domain.dicomnet import Asked, Kept, decide
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_books_of_the_account import other
from tests.integration.gateway.test_gateway_http import call, session


@pytest.fixture
def conflicting(hospital: Hospital) -> Hospital:
    """A delivered course whose plan came again, rejected and under another label."""
    course = make.course(patient=hospital.pseudonym())
    hospital.take_in(course)
    hospital.send()
    hospital.take_in([other(course[5], ApprovalStatus="REJECTED", RTPlanLabel="OTHER PLAN")])
    assert hospital.states() == ["held"]
    return hospital


def kept(hospital: Hospital) -> Kept:
    plan = read_instance(make.course(patient=hospital.pseudonym())[5])
    found = SqlCommitments(hospital.service.engine).kept({plan.sop_instance_uid})
    return found[plan.sop_instance_uid]


def told(hospital: Hospital, waited: timedelta) -> list[int] | None:
    here = kept(hospital)
    asked = [(Asked(here.sop_class_uid, "1.2.3"), "here")]
    verdict = decide(
        asked,
        {"here": here},
        settled=waited >= timedelta(minutes=1),
        expired=waited >= timedelta(hours=72),
    )
    return None if verdict is None else [reason for _, reason in verdict.failed]


def test_a_sender_waits_while_a_person_decides_and_hears_committed_afterwards(
    conflicting: Hospital,
) -> None:
    assert told(conflicting, timedelta(minutes=2)) is None
    assert told(conflicting, timedelta(hours=73)) == [0x0110]
    conflicting.service.decisions.release(1, "the newer one is right", "operator")
    conflicting.settle()
    assert told(conflicting, timedelta(minutes=2)) is None  # not before it is read back
    conflicting.send()
    assert conflicting.states() == ["delivered"]
    assert told(conflicting, timedelta(minutes=2)) == []
    assert kept(conflicting).verified


def test_what_was_released_and_delivered_is_in_conflict_no_more(conflicting: Hospital) -> None:
    assert conflicting.service.status.account().newer_waits == 1
    conflicting.service.decisions.release(1, "the newer one is right", "operator")
    conflicting.settle()
    conflicting.send()
    account = conflicting.service.status.account()
    assert (account.delivered, account.newer_waits, account.sums_up) == (7, 0, True)
    assert conflicting.service.index.counts()["conflict"] == 0
    assert conflicting.service.course_service.read(1)["conflicts"] == []
    late = make.course(patient=conflicting.pseudonym())[4]
    conflicting.take_in([other(late, SOPInstanceUID="2.25.91", SeriesInstanceUID="2.25.92")])
    codes = [reason["code"] for reason in conflicting.service.course_service.read(1)["reasons"]]
    assert "conflict" not in codes


def test_the_page_tells_in_what_it_differs_and_what_cannot_be_known(conflicting: Hospital) -> None:
    page = call(conflicting, "GET", "/courses/1", cookies=session(conflicting)).text
    assert "What came again with other content" in page
    assert "approval status, label, size (" in page
    assert "is in the archive, and no longer in the site" in page
    assert "other attributes and pixels may differ as well" in page


def test_a_pixel_that_differs_is_nothing_that_is_remembered(hospital: Hospital) -> None:
    course = make.course(patient=hospital.pseudonym())
    hospital.take_in(course)
    hospital.take_in([other(course[0], InstanceCreationTime="101112")])
    read = hospital.service.course_service.read(1)
    (one,) = read["conflicts"]
    assert not one["earlier_is_in_the_archive"]
    assert all(word.startswith("size (") for word in one["differs"])


def test_nothing_differs_from_itself_and_a_fact_without_a_word_has_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = read_instance(make.course(patient="P")[5])
    assert differing(plan, plan, 5, 5) == ("nothing that the gateway remembers of the earlier one",)
    monkeypatch.setattr("gateway.domain.courses.differences._WORDS", {})
    assert isinstance(plan.facts, PlanFacts)
    later = replace(plan, facts=replace(plan.facts, planned_on="20300101"))
    assert differing(plan, later, 5, 5) == ("planned on",)


def test_what_was_delivered_stays_committed_when_the_site_s_store_is_cleaned(
    hospital: Hospital,
) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.send()
    hospital.site.objects.clear()
    hospital.service.intake.reconcile()
    hospital.settle()
    assert told(hospital, timedelta(minutes=2)) == []
    assert kept(hospital).verified


def test_what_went_in_conflict_is_not_committed(conflicting: Hospital) -> None:
    conflicting.site.objects.clear()
    conflicting.service.intake.reconcile()
    conflicting.settle()
    with pytest.raises(KeyError):
        kept(conflicting)


def test_what_was_never_delivered_and_is_gone_is_not_kept(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.site.objects.clear()
    hospital.service.intake.reconcile()
    with pytest.raises(KeyError):
        kept(hospital)
