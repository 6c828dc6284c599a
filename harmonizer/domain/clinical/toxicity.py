"""What many graded visits say together: baseline, worst, first >= G2, acute and late."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

LATE_AFTER_DAYS: Final = 90
"""Acute is up to and including day 90 after RT start, late is what is graded after it (RTOG)."""


@dataclass(frozen=True)
class GradedEvent:
    """One grade given at one visit."""

    term: str
    version: str
    grade: int
    day: int  # from the first fraction; negative before it
    attribution: str | None = None


@dataclass(frozen=True)
class ToxicitySummary:
    """One term of one CTCAE version in one patient. None: not assessed in that span."""

    term: str
    version: str
    baseline: int | None  # the last grade on or before day 0
    worst: int | None  # after day 0
    worst_acute: int | None  # day 1 to 90
    worst_late: int | None  # day 91 on
    days_to_grade_2: int | None  # first visit after day 0 with a grade >= 2
    above_baseline: int | None  # worst minus baseline, not below 0; None without both


def summarise(events: Iterable[GradedEvent]) -> list[ToxicitySummary]:
    """Return one summary per term and version, in their order.

    Versions are never mixed: a term graded by v4.03 and v5.0 gives two summaries.
    """
    groups: dict[tuple[str, str], list[GradedEvent]] = {}
    for event in events:
        groups.setdefault((event.term, event.version), []).append(event)
    return [_one(term, version, found) for (term, version), found in sorted(groups.items())]


def _one(term: str, version: str, events: list[GradedEvent]) -> ToxicitySummary:
    in_order = sorted(events, key=lambda e: e.day)
    before = [e.grade for e in in_order if e.day <= 0]
    after = [e for e in in_order if e.day > 0]
    baseline = before[-1] if before else None
    worst = _worst(after)
    return ToxicitySummary(
        term=term,
        version=version,
        baseline=baseline,
        worst=worst,
        worst_acute=_worst(e for e in after if e.day <= LATE_AFTER_DAYS),
        worst_late=_worst(e for e in after if e.day > LATE_AFTER_DAYS),
        days_to_grade_2=next((e.day for e in after if e.grade >= 2), None),
        above_baseline=None if worst is None or baseline is None else max(0, worst - baseline),
    )


def _worst(events: Iterable[GradedEvent]) -> int | None:
    return max((e.grade for e in events), default=None)
