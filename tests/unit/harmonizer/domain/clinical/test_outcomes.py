"""Survival and comorbidity from facts in order of time."""

from datetime import date, timedelta
from typing import Any

from harmonizer.domain.clinical.facts import Outcomes, outcomes

START = date(2020, 1, 15)


def fact(kind: str, day: int, **said: Any) -> dict[str, Any]:
    return {"fact": kind, "happened_on": START + timedelta(days=day), "said": said}


def test_whoever_lives_is_censored_at_the_last_visit() -> None:
    facts = [fact("vital-status", 10, status="alive"), fact("follow-up", 90, disease="none")]
    found = outcomes(facts, START)
    assert (found.survival_days, found.died) == (90, False)


def test_a_visit_before_the_treatment_says_nothing_of_survival() -> None:
    found = outcomes([fact("vital-status", -4, status="alive")], START)
    assert found == Outcomes()


def test_a_death_stands_against_a_later_visit() -> None:
    facts = [fact("vital-status", 50, status="dead"), fact("follow-up", 60, disease="none")]
    found = outcomes(facts, START)
    assert (found.survival_days, found.died) == (50, True)


def test_the_worse_of_two_grades_of_a_condition_counts() -> None:
    names = ("mild-liver", "severe-liver", "renal", "renal")
    facts = [fact("comorbidity", -1, condition=name) for name in names]
    assert outcomes(facts, START).charlson == 5


def test_without_a_first_fraction_there_are_no_intervals() -> None:
    assert outcomes([fact("recurrence", 100, extent="local")], None) == Outcomes()
