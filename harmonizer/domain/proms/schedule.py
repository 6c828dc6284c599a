"""When answers are due: named timepoints with windows around the treatment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from harmonizer.errors import DataError

OUTSIDE: Final = "outside"


class Anchor(StrEnum):
    RT_START = "rt_start"
    RT_END = "rt_end"


@dataclass(frozen=True)
class Timepoint:
    """Days are counted from the anchor. An answer after `on_time_until` is late, not lost."""

    code: str
    anchor: Anchor
    opens: int
    on_time_until: int
    closes: int

    def __post_init__(self) -> None:
        if not self.opens <= self.on_time_until <= self.closes:
            raise DataError("schedule-broken", f"{self.code}: the window ends before it opens")


@dataclass(frozen=True)
class Treatment:
    """Day 0 is the first fraction."""

    last_day: int  # of the last fraction


@dataclass(frozen=True)
class Schedule:
    """A protocol's timepoints, earliest first."""

    id: str
    version: str
    assumed_treatment_days: int  # where the last fraction's day is not known
    timepoints: tuple[Timepoint, ...]

    def treatment(self, last_day: int | None) -> Treatment:
        return Treatment(self.assumed_treatment_days if last_day is None else last_day)

    def window(self, timepoint: Timepoint, treatment: Treatment) -> tuple[int, int]:
        """Return the first and last day, from RT start, of answers to a timepoint."""
        zero = treatment.last_day if timepoint.anchor is Anchor.RT_END else 0
        return zero + timepoint.opens, zero + timepoint.closes

    def place(self, day: int, treatment: Treatment) -> str:
        """Return the one timepoint that a day belongs to, or `outside`.

        Windows of a short treatment can overlap (its middle is near its end): the earlier
        timepoint takes the day then, so that every answer has exactly one place.
        """
        for timepoint in self.timepoints:
            first, last = self.window(timepoint, treatment)
            if first <= day <= last:
                return timepoint.code
        return OUTSIDE


class AnswerStatus(StrEnum):
    RECEIVED = "received"
    LATE = "late"
    MISSED = "missed"
    NOT_YET_DUE = "not-yet-due"


@dataclass(frozen=True)
class Expectation:
    """What became of one expected answer."""

    timepoint: str
    status: AnswerStatus
    day: int | None  # of the answer that counts


def expectations(
    schedule: Schedule, treatment: Treatment, answered_days: Sequence[int], today: int
) -> list[Expectation]:
    """Return one entry per timepoint. `today` is the day of asking, from RT start."""
    by_code: dict[str, list[int]] = {}
    for day in sorted(answered_days):
        by_code.setdefault(schedule.place(day, treatment), []).append(day)
    return [_expect(schedule, t, treatment, by_code, today) for t in schedule.timepoints]


def _expect(
    schedule: Schedule,
    timepoint: Timepoint,
    treatment: Treatment,
    by_code: dict[str, list[int]],
    today: int,
) -> Expectation:
    days = by_code.get(timepoint.code)
    first, last = schedule.window(timepoint, treatment)
    if not days:
        status = AnswerStatus.MISSED if today > last else AnswerStatus.NOT_YET_DUE
        return Expectation(timepoint.code, status, None)
    in_time = days[0] <= first + timepoint.on_time_until - timepoint.opens
    status = AnswerStatus.RECEIVED if in_time else AnswerStatus.LATE
    return Expectation(timepoint.code, status, days[0])


@dataclass(frozen=True)
class Completion:
    """How many of the answers that were due came."""

    timepoint: str
    due: int
    received: int  # late ones included
    late: int

    @property
    def share(self) -> float | None:
        return self.received / self.due if self.due else None


def completion(patients: Iterable[Sequence[Expectation]]) -> list[Completion]:
    """Count over patients, per timepoint in the schedule's order. Not yet due does not count."""
    counts: dict[str, list[int]] = {}
    for expected in patients:
        for one in expected:
            due, received, late = counts.setdefault(one.timepoint, [0, 0, 0])
            came = one.status in {AnswerStatus.RECEIVED, AnswerStatus.LATE}
            counts[one.timepoint] = [
                due + (one.status is not AnswerStatus.NOT_YET_DUE),
                received + came,
                late + (one.status is AnswerStatus.LATE),
            ]
    return [Completion(code, *numbers) for code, numbers in counts.items()]
