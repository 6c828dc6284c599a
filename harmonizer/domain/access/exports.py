"""Data that readers took away: which events of the audit trail say so, gathered for people.

Looking at a page or searching takes nothing away in this sense; a table, an extract, a report, a
bundle or an object does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

OF_EVERYBODY: Final = ("read-table", "read-registry-extract", "read-weights")
"""One row or more of every patient."""
OF_COURSE: Final = (
    "read-course",
    "read-report",
    "read-fhir",
    "read-timeline",
    "names.structure-set",
)
"""Their subject is a course, or a patient."""
OF_STUDY: Final = ("wado-retrieve", "wado-metadata", "wado-frames", "wado-rendered", "wado-bulk")
"""Their subject is a study, with series and instance where only these were asked for."""
LONGEST_EXPORT: Final = timedelta(hours=1)
"""An export that began so long before may hold what came while it ran."""
MOST_TOLD: Final = 200
"""Of one patient; of the others, how many there are."""


@dataclass(frozen=True)
class Taken:
    """What one reader took in one way: how often, and when last."""

    caller: str
    action: str
    what: str
    times: int
    last_at: datetime


@dataclass(frozen=True)
class FlaggedExport:
    """An export that holds data of patients whose data were deleted since."""

    caller: str
    action: str
    what: str
    last_at: datetime
    withdrawn: tuple[str, ...]
    taken_again: tuple[str, ...]
    """These may be here anew: they consented again, or what was sent wrongly was recalled."""


def gathered(events: Iterable[Taken]) -> list[Taken]:
    """Count parts of one study as that study; the latest first."""
    found: dict[tuple[str, str, str], Taken] = {}
    for event in events:
        what = event.what.partition("/")[0] if event.action in OF_STUDY else event.what
        key = (event.caller, event.action, what)
        known = found.get(key, replace(event, what=what, times=0))
        latest = max(known.last_at, event.last_at)
        found[key] = replace(known, times=known.times + event.times, last_at=latest)
    return sorted(found.values(), key=lambda one: one.last_at, reverse=True)
