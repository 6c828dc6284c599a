"""Run every rule over a course."""

from typing import Final

from harmonizer.domain.quality.course_rules import COURSE_RULES
from harmonizer.domain.quality.dose_rules import DOSE_RULES
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.findings import Finding, Rule, Severity
from harmonizer.domain.quality.geometry_rules import GEOMETRY_RULES
from harmonizer.domain.quality.place_rules import PLACE_RULES
from harmonizer.domain.quality.plan_rules import PLAN_RULES
from harmonizer.domain.quality.structure_rules import STRUCTURE_RULES
from harmonizer.domain.quality.tps_rules import TPS_RULES

RULESET_VERSION: Final = "quality-5"
"""Changes whenever a rule, a threshold or a text's meaning changes."""

RULES: Final[tuple[Rule, ...]] = (
    *COURSE_RULES,
    *GEOMETRY_RULES,
    *STRUCTURE_RULES,
    *DOSE_RULES,
    *PLACE_RULES,
    *TPS_RULES,
    *PLAN_RULES,
)

ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def check_course(facts: CourseFacts) -> list[Finding]:
    """Return all findings, worst first. A rule that fails becomes a finding itself."""
    found = [finding for rule in RULES for finding in _run(rule, facts)]
    return sorted(found, key=lambda f: (ORDER[f.severity], f.code, f.where))


def _run(rule: Rule, facts: CourseFacts) -> list[Finding]:
    try:
        return [Finding(rule.code, rule.severity, w, t) for w, t in rule.check(facts)]
    except Exception as error:  # noqa: BLE001 - one broken rule must not hide the others' findings
        text = f"rule {rule.code} could not look ({type(error).__name__}); the rest is complete"
        return [Finding("RULE-FAILED", Severity.WARNING, "rule set", text)]
