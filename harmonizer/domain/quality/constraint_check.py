"""Published dose constraints against what a course's structures get."""

from collections.abc import Iterator
from dataclasses import dataclass

from harmonizer.domain.dose.metrics import Prescription, Value, evaluate, parse_metric
from harmonizer.domain.dose.structures import Roi
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.knowledge import Constraint

LARGEST_FRACTION_GY = 5.0
"""Constraints for conventional fractionation are not asked of larger fractions."""


@dataclass(frozen=True, eq=False)
class Checked:
    """One constraint for one structure. `met` is None where there is no value."""

    roi: Roi
    constraint: Constraint
    value: Value
    met: bool | None


def is_conventional(facts: CourseFacts) -> bool:
    """Whether a plan is neither stereotactic nor brachytherapy, where hot spots are meant."""
    prescribed, fractions = facts.prescribed_gy, facts.fractions
    if not fractions or not prescribed:
        return False
    brachy = any(group.brachy for plan in facts.dose_plans for group in plan.fraction_groups)
    return not brachy and prescribed / fractions < LARGEST_FRACTION_GY


def checked_constraints(facts: CourseFacts) -> Iterator[Checked]:
    """Yield every constraint that fits the fractionation, for every structure of its name."""
    if not is_conventional(facts):
        return
    prescription = Prescription(facts.prescribed_gy, facts.fractions)
    for constraint in facts.knowledge.constraints:
        if constraint.fractions not in (None, facts.fractions):
            continue
        metric = parse_metric(constraint.metric)
        for roi in facts.rois:
            result = facts.dvhs.get(roi.number)
            if result is None or facts.standard_name(roi) != constraint.structure:
                continue
            value = evaluate(result, metric, prescription)
            met = None if value.value is None else value.value <= constraint.limit
            yield Checked(roi, constraint, value, met)
