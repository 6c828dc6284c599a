"""What a single plan is kept apart for, whatever else its course holds."""

from collections.abc import Sequence
from typing import Final

from gateway.domain.courses.graph import Draft
from gateway.domain.courses.instance import Instance
from gateway.domain.validation.rules import Finding, Rule, Severity, validate

OF_ONE_PLAN: Final = {"plan-unapproved", "plan-intent", "phantom"}


def objections(plan: Instance, rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """Apply the rules that ask about one plan and that a centre has hold or refuse courses."""
    strict = {Severity.HOLD, Severity.REFUSE}
    asked = [rule for rule in rules if rule.code in OF_ONE_PLAN and rule.severity in strict]
    return validate(Draft(plan.sop_instance_uid, (plan,)), asked)
