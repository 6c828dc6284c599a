"""Local validation: a sound course passes, and each planted fault is found by its rule."""

import pytest

from gateway.domain.courses import assemble, read_instance
from gateway.domain.validation import RULES, Severity, validate, with_severities
from tests.factories import site_objects as make


def codes(objects: list[bytes]) -> set[str]:
    found: set[str] = set()
    for draft in assemble([read_instance(data) for data in objects]):
        found |= {finding.code for finding in validate(draft)}
    return found


def test_a_sound_course_has_no_more_than_a_remark() -> None:
    assert codes(make.course()) == {"roi-empty"}


@pytest.mark.parametrize(
    ("place", "fault", "code"),
    [
        (-1, make.dose(300, 200, units="RELATIVE"), "dose-units"),
        (-2, make.plan(200, 100, approval="UNAPPROVED"), "plan-unapproved"),
        (-2, make.plan(200, 100, intent="VERIFICATION"), "plan-intent"),
        (-3, make.structures(100, range(1, 5), frame="2.25.31"), "frames-differ"),
    ],
)
def test_a_planted_fault_is_found(place: int, fault: bytes, code: str) -> None:
    objects = make.course()
    objects[place] = fault
    assert code in codes(objects)


def test_more_fractions_than_planned() -> None:
    records = [make.record(400 + n, 200, n) for n in range(1, 17)]
    assert "too-many-records" in codes([*make.course(), *records])
    assert "too-many-records" not in codes([*make.course(), *records[:15]])


def test_treatment_before_the_plan() -> None:
    early = make.record(401, 200, -10)
    assert "dates-order" in codes([*make.course(), early])


def test_a_centre_sets_its_own_severities() -> None:
    rules = {rule.code: rule for rule in with_severities(RULES, {"plan-unapproved": "warning"})}
    assert rules["plan-unapproved"].severity is Severity.WARNING
    with pytest.raises(ValueError, match="no-such-rule"):
        with_severities(RULES, {"no-such-rule": "hold"})
    with pytest.raises(ValueError, match="loud"):
        with_severities(RULES, {"plan-intent": "loud"})


def test_rule_codes_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
