"""Which published constraints are asked of a course: those for its fractionation."""

from dataclasses import replace

import pytest

from benchmarks.quality_course import clean_course
from harmonizer.domain.quality import CourseFacts
from harmonizer.domain.quality.constraint_check import checked_constraints, fitting_constraints


@pytest.fixture(scope="module")
def clean() -> CourseFacts:
    return clean_course()


def fractionated(facts: CourseFacts, fractions: int, brachy: bool = False) -> CourseFacts:
    plan = facts.plans[0]
    groups = tuple(replace(g, fractions=fractions, brachy=brachy) for g in plan.fraction_groups)
    return replace(facts, plans=(replace(plan, fraction_groups=groups),))


def test_ordinary_fractions_ask_for_quantec_only(clean: CourseFacts) -> None:
    found = fitting_constraints(clean)
    assert found
    assert all("QUANTEC" in constraint.source for constraint in found)


@pytest.mark.parametrize(("fractions", "limit"), [(1, 14.0), (3, 21.9), (5, 30.0)])
def test_few_large_fractions_ask_for_their_own_limits(
    clean: CourseFacts, fractions: int, limit: float
) -> None:
    """The cord's highest 0.035 cm³, TG-101 table III."""
    checked = [
        one
        for one in checked_constraints(fractionated(clean, fractions))
        if one.constraint.structure == "SpinalCord" and "0.035" in one.constraint.metric
    ]
    assert [one.constraint.limit for one in checked] == [limit]
    value = checked[0].value.value
    assert value is not None
    assert checked[0].met == (value <= limit)


def test_four_large_fractions_and_brachytherapy_have_no_limits(clean: CourseFacts) -> None:
    assert fitting_constraints(fractionated(clean, 4)) == []
    assert fitting_constraints(fractionated(clean, 15, brachy=True)) == []


def test_without_a_prescription_nothing_is_asked(clean: CourseFacts) -> None:
    assert fitting_constraints(replace(clean, plans=())) == []
