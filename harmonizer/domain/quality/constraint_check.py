"""Published dose constraints against what a course's structures get."""

from collections.abc import Iterator
from dataclasses import dataclass

from harmonizer.domain.dose.metrics import Prescription, Value, evaluate, parse_metric
from harmonizer.domain.dose.structures import Roi
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.knowledge import Constraint

LARGEST_FRACTION_GY = 5.0
"""From this dose per fraction on a course is stereotactic, and other constraints are asked."""


@dataclass(frozen=True, eq=False)
class Checked:
    """One constraint for one structure. `met` is None where there is no value."""

    roi: Roi
    constraint: Constraint
    value: Value
    met: bool | None


def is_conventional(facts: CourseFacts) -> bool:
    """Whether a plan is neither stereotactic nor brachytherapy, where hot spots are meant."""
    one = _fraction_gy(facts)
    return one is not None and one < LARGEST_FRACTION_GY


def _fraction_gy(facts: CourseFacts) -> float | None:
    """Return the prescribed dose per fraction; None if not known or for brachytherapy."""
    prescribed, fractions = facts.prescribed_gy, facts.fractions
    brachy = any(group.brachy for plan in facts.dose_plans for group in plan.fraction_groups)
    return prescribed / fractions if fractions and prescribed and not brachy else None


def fitting_constraints(facts: CourseFacts) -> list[Constraint]:
    """Return the constraints for the course's fractionation."""
    one = _fraction_gy(facts)
    if one is None:
        return []
    wanted = None if one < LARGEST_FRACTION_GY else facts.fractions
    return [c for c in facts.knowledge.constraints if c.fractions == wanted]


def checked_constraints(facts: CourseFacts) -> Iterator[Checked]:
    """Yield every constraint that fits the fractionation, for every structure of its name."""
    prescription = Prescription(facts.prescribed_gy, facts.fractions)
    for constraint in fitting_constraints(facts):
        metric = parse_metric(constraint.metric)
        for roi in facts.rois:
            result = facts.dvhs.get(roi.number)
            if result is None or facts.standard_name(roi) != constraint.structure:
                continue
            value = evaluate(result, metric, prescription)
            met = None if value.value is None else value.value <= constraint.limit
            yield Checked(roi, constraint, value, met)
