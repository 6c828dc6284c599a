"""What a quality check found."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from harmonizer.domain.quality.facts import CourseFacts


class Severity(StrEnum):
    """How much a finding matters for using the course in research."""

    ERROR = "error"  # numbers from this course, or part of it, must not be used as they are
    WARNING = "warning"  # look before using
    INFO = "info"  # worth knowing


NOTABLE: Final = (Severity.ERROR, Severity.WARNING)
"""What to look at before a course is used."""


@dataclass(frozen=True)
class Finding:
    """One result of one rule."""

    code: str
    severity: Severity
    where: str
    text: str


Hits = Iterable[tuple[str, str]]
"""(where, text) of everything a rule found."""


@dataclass(frozen=True)
class Rule:
    """One rule: what it is called, how bad a hit is, and the pure function that looks."""

    code: str
    severity: Severity
    title: str
    check: Callable[[CourseFacts], Hits]
