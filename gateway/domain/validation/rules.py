"""The rule list: code, severity, what it asks, and the function that answers.

A function returns one plain sentence per thing it found. It must not raise on missing data: what
is not there is another rule's business.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from gateway.domain.courses.graph import Draft
from gateway.domain.validation import amounts, checks, geometry, people
from gateway.domain.validation.people import Subject


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    """Travels with the course."""
    HOLD = "hold"
    """The course waits for a person."""
    REFUSE = "refuse"
    """The course stays here, unless what makes it so changes."""


@dataclass(frozen=True)
class Rule:
    code: str
    severity: Severity
    asks: str
    check: Callable[[Draft], list[str]]


@dataclass(frozen=True)
class PersonRule(Rule):
    """One that asks about the patient instead of the objects."""

    check: Callable[[Subject], list[str]]  # type: ignore[assignment]


@dataclass(frozen=True)
class Finding:
    code: str
    severity: Severity
    text: str


NOBODY: Final = Subject()

RULES: tuple[Rule, ...] = (
    Rule(
        "frames-differ",
        Severity.HOLD,
        "Structures, plan and dose lie in the images' frame of reference.",
        geometry.frames_differ,
    ),
    Rule(
        "frames-registered",
        Severity.WARNING,
        "They do so by themselves, and not by a registration only.",
        geometry.frames_registered,
    ),
    Rule("dose-units", Severity.HOLD, "Dose is in Gy, with a scaling above 0.", checks.dose_units),
    Rule("dose-type", Severity.WARNING, "Dose is physical or effective.", checks.dose_type),
    Rule("dose-off-body", Severity.HOLD, "The grid overlaps the body.", geometry.dose_off_body),
    Rule(
        "prescription",
        Severity.WARNING,
        "Fractions x fraction dose agree with the prescription.",
        amounts.prescription,
    ),
    Rule("no-fractions", Severity.WARNING, "The plan says how many fractions.", amounts.fractions),
    Rule("beam-incomplete", Severity.WARNING, "Each beam has machine and energy.", checks.beams),
    Rule(
        "brachy-incomplete",
        Severity.WARNING,
        "Brachytherapy has its machine, and sources with isotope and strength.",
        checks.brachytherapy,
    ),
    Rule("plan-intent", Severity.HOLD, "The plan was made to treat a patient.", checks.plan_intent),
    Rule("phantom", Severity.HOLD, "Plan, structures and images are of a patient.", checks.phantom),
    PersonRule(
        "test-patient",
        Severity.HOLD,
        "The patient is no test patient (`test_patients`).",
        people.test_patient,
    ),
    PersonRule("under-age", Severity.HOLD, "The patient was an adult.", people.under_age),
    Rule("plan-unapproved", Severity.HOLD, "The plan is approved.", checks.plan_unapproved),
    Rule("contours-degenerate", Severity.WARNING, "Contours have area.", geometry.degenerate),
    Rule("contours-off-slice", Severity.WARNING, "Contours lie on slices.", geometry.off_slice),
    Rule("roi-empty", Severity.INFO, "Each structure has contours.", geometry.empty_rois),
    Rule("slice-spacing", Severity.WARNING, "Slices are evenly spaced.", geometry.slice_spacing),
    Rule(
        "plan-alternative",
        Severity.WARNING,
        "No plan competes with another one.",
        checks.alternative_plans,
    ),
    Rule("plan-superseded", Severity.INFO, "No plan was revised.", checks.superseded),
    Rule("dates-order", Severity.WARNING, "Dates follow each other.", checks.dates_order),
    Rule(
        "too-many-records",
        Severity.WARNING,
        "No plan has more fractions recorded than planned.",
        amounts.too_many_records,
    ),
)


def with_severities(rules: Sequence[Rule], policy: Mapping[str, str]) -> tuple[Rule, ...]:
    """Return the rules with a centre's own severities.

    Raises
    ------
    ValueError
        If the policy names a rule or a severity that does not exist.
    """
    unknown = set(policy) - {rule.code for rule in rules}
    if unknown:
        raise ValueError(f"no validation rule is called {sorted(unknown)[0]}")
    return tuple(
        replace(rule, severity=Severity(policy.get(rule.code, rule.severity))) for rule in rules
    )


def validate(
    draft: Draft, rules: Sequence[Rule] = RULES, subject: Subject = NOBODY
) -> tuple[Finding, ...]:
    """Apply every rule to a course."""
    return tuple(
        Finding(rule.code, rule.severity, text)
        for rule in rules
        for text in _ask(rule, draft, subject)
    )


def _ask(rule: Rule, draft: Draft, subject: Subject) -> list[str]:
    return rule.check(subject) if isinstance(rule, PersonRule) else rule.check(draft)
