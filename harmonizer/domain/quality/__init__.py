"""Quality rules: facts about a course in, findings out."""

from harmonizer.domain.quality.analysis import (
    Analysis,
    StructureResult,
    analyse,
    computed,
    described,
)
from harmonizer.domain.quality.engine import RULESET_VERSION, check_course
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.findings import NOTABLE, Finding, Severity
from harmonizer.domain.quality.knowledge import Knowledge

__all__ = [
    "NOTABLE",
    "RULESET_VERSION",
    "Analysis",
    "CourseFacts",
    "Finding",
    "Knowledge",
    "Severity",
    "StructureResult",
    "analyse",
    "check_course",
    "computed",
    "described",
]
