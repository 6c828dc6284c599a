"""When answers are due: named timepoints with windows around the treatment."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
    NOT_EXPECTED = "not-expected"
    """The patient died before the last day of the window."""


@dataclass(frozen=True)
class Expectation:
    """What became of one expected answer."""

    timepoint: str
    status: AnswerStatus
    day: int | None  # of the answer that counts
    reason: str | None = None  # why it is missed, where the centre said so

    @property
    def came(self) -> bool:
        return self.status in {AnswerStatus.RECEIVED, AnswerStatus.LATE}

    @property
    def is_due(self) -> bool:
        return self.status not in {AnswerStatus.NOT_YET_DUE, AnswerStatus.NOT_EXPECTED}


@dataclass(frozen=True)
class Told:
    """What came of one questionnaire for one patient, by day from RT start."""

    answered: Sequence[int]
    not_answered: Mapping[int, str] = field(default_factory=dict)  # day to reason
    died: int | None = None


def expectations(
    schedule: Schedule, treatment: Treatment, told: Told, today: int
) -> list[Expectation]:
    """Return one entry per timepoint. `today` is the day of asking, from RT start."""
    by_code: dict[str, list[int]] = {}
    for day in sorted(told.answered):
        by_code.setdefault(schedule.place(day, treatment), []).append(day)
    reasons = {schedule.place(day, treatment): reason for day, reason in told.not_answered.items()}
    found = []
    for timepoint in schedule.timepoints:
        days = by_code.get(timepoint.code, ())
        window = schedule.window(timepoint, treatment)
        found.append(_expect(timepoint, window, days, reasons.get(timepoint.code), told, today))
    return found


def _expect(
    timepoint: Timepoint,
    window: tuple[int, int],
    days: Sequence[int],
    reason: str | None,
    told: Told,
    today: int,
) -> Expectation:
    first, last = window
    if not days:
        if told.died is not None and told.died <= last:
            return Expectation(timepoint.code, AnswerStatus.NOT_EXPECTED, None, "died")
        missed = today > last or reason is not None
        status = AnswerStatus.MISSED if missed else AnswerStatus.NOT_YET_DUE
        return Expectation(timepoint.code, status, None, reason)
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
    reasons: Mapping[str, int] = field(default_factory=dict)  # of the missed, where told

    @property
    def share(self) -> float | None:
        return self.received / self.due if self.due else None


def completion(patients: Iterable[Sequence[Expectation]]) -> list[Completion]:
    """Count over patients, per timepoint in the schedule's order. Not yet due does not count."""
    counts: dict[str, list[int]] = {}
    reasons: dict[str, Counter[str]] = {}
    for expected in patients:
        for one in expected:
            told = reasons.setdefault(one.timepoint, Counter())
            if one.status is AnswerStatus.MISSED and one.reason:
                told[one.reason] += 1
            due, received, late = counts.setdefault(one.timepoint, [0, 0, 0])
            counts[one.timepoint] = [
                due + one.is_due,
                received + one.came,
                late + (one.status is AnswerStatus.LATE),
            ]
    return [
        Completion(code, due, received, late, dict(reasons[code]))
        for code, (due, received, late) in counts.items()
    ]
