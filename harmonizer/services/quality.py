"""Quality over all courses: what is found where, and how that changes."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Protocol

from harmonizer.domain.quality.summary import CourseMark, Summary, summarise


class QualityMarks(Protocol):
    """Reads what was kept of courses."""

    def marks(self) -> Iterator[CourseMark]: ...


class QualityService:
    """Sums up findings per centre and together."""

    def __init__(self, marks: QualityMarks) -> None:
        self._marks = marks

    def summaries(self) -> list[Summary]:
        """Return what is found how often, all centres together first."""
        return summarise(self._marks.marks())

    def values(self) -> list[dict[str, Any]]:
        """Return the summaries as plain values."""
        return [
            asdict(one)
            | {
                "courses": one.courses,
                "with_errors": one.with_errors,
                "with_warnings": one.with_warnings,
            }
            for one in self.summaries()
        ]
