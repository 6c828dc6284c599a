"""Quality findings of many courses: per centre and together, month by month."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from harmonizer.domain.quality.findings import NOTABLE, Severity

NATIONAL: Final = "all centres"


@dataclass(frozen=True)
class CourseMark:
    """One course: where and when it came, and its findings as (severity, code)."""

    centre: str
    month: str  # YYYY-MM, when the archive stored it
    findings: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Month:
    """Courses of one month, and how many of them have a finding."""

    month: str
    courses: int
    with_errors: int
    with_warnings: int


@dataclass(frozen=True)
class CodeCount:
    """In how many courses a rule found something."""

    code: str
    severity: str
    courses: int


@dataclass(frozen=True)
class Summary:
    """One centre, or all together. Months rise; codes are the most frequent first."""

    centre: str
    months: tuple[Month, ...]
    codes: tuple[CodeCount, ...]

    @property
    def courses(self) -> int:
        """All courses."""
        return sum(month.courses for month in self.months)

    @property
    def with_errors(self) -> int:
        """Courses with an error."""
        return sum(month.with_errors for month in self.months)

    @property
    def with_warnings(self) -> int:
        """Courses with a warning."""
        return sum(month.with_warnings for month in self.months)


def summarise(marks: Iterable[CourseMark]) -> list[Summary]:
    """Return all centres together first, then each by name."""
    by_centre: dict[str, _Counts] = defaultdict(_Counts)
    for mark in marks:
        for centre in (NATIONAL, mark.centre):
            by_centre[centre].add(mark)
    names = sorted(by_centre, key=lambda name: (name != NATIONAL, name))
    return [by_centre[name].summary(name) for name in names]


class _Counts:
    def __init__(self) -> None:
        self._courses: Counter[str] = Counter()
        self._with: Mapping[str, Counter[str]] = {severity: Counter() for severity in NOTABLE}
        self._codes: Counter[tuple[str, str]] = Counter()

    def add(self, mark: CourseMark) -> None:
        self._courses[mark.month] += 1
        severities = {severity for severity, _ in mark.findings}
        for severity, counter in self._with.items():
            counter[mark.month] += severity in severities
        self._codes.update(mark.findings)

    def summary(self, centre: str) -> Summary:
        errors, warnings = self._with[Severity.ERROR], self._with[Severity.WARNING]
        months = tuple(
            Month(month, count, errors[month], warnings[month])
            for month, count in sorted(self._courses.items())
        )
        ranked = sorted(self._codes.items(), key=lambda item: (-item[1], item[0]))
        codes = tuple(CodeCount(code, severity, n) for (severity, code), n in ranked)
        return Summary(centre, months, codes)
