"""What many graded visits say together: baseline, worst, first >= G2, acute and late."""

from collections.abc import Iterable
from operator import itemgetter
from typing import Final, NamedTuple

LATE_AFTER_DAYS: Final = 90
"""Acute is up to and including day 90 after RT start, late is what is graded after it (RTOG)."""
_DAY: Final = itemgetter(0)


class GradedEvent(NamedTuple):
    """One grade given at one visit."""

    term: str
    version: str
    grade: int
    day: int  # from the first fraction; negative before it
    attribution: str | None = None


class ToxicitySummary(NamedTuple):
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
    groups: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for event in events:
        groups.setdefault((event.term, event.version), []).append((event.day, event.grade))
    return [_one(term, version, found) for (term, version), found in sorted(groups.items())]


def _one(term: str, version: str, graded: list[tuple[int, int]]) -> ToxicitySummary:
    """One pass over days in their order: nation-wide tables ask this a million times."""
    baseline = acute = late = first = None
    for day, grade in sorted(graded, key=_DAY):
        if day <= 0:
            baseline = grade
            continue
        if grade >= 2 and first is None:
            first = day
        if day > LATE_AFTER_DAYS:
            late = grade if late is None or grade > late else late
        else:
            acute = grade if acute is None or grade > acute else acute
    worst = late if acute is None or (late is not None and late > acute) else acute
    above = None if worst is None or baseline is None else max(0, worst - baseline)
    return ToxicitySummary(term, version, baseline, worst, acute, late, first, above)
