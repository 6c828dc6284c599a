"""Quality over all courses: what is found where, and how that changes."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Protocol

from harmonizer.domain.quality.engine import RULES
from harmonizer.domain.quality.summary import CourseMark, summarise
from harmonizer.domain.reports.summary_page import summary_html
from harmonizer.ports import Clock


class QualityMarks(Protocol):
    """Reads what was kept of courses."""

    def marks(self) -> Iterator[CourseMark]: ...


class QualityService:
    """Sums up findings per centre and together."""

    def __init__(self, marks: QualityMarks, clock: Clock) -> None:
        self._marks = marks
        self._clock = clock

    def values(self) -> list[dict[str, Any]]:
        """Return the summaries as plain values, all centres together first."""
        return [
            asdict(one)
            | {
                "courses": one.courses,
                "with_errors": one.with_errors,
                "with_warnings": one.with_warnings,
            }
            for one in summarise(self._marks.marks())
        ]

    def page(self) -> str:
        """Return the summaries as an HTML page."""
        titles = {rule.code: rule.title for rule in RULES}
        found = summarise(self._marks.marks())
        return summary_html(found, titles, self._clock.now().date().isoformat())
