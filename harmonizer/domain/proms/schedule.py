"""When answers are due: named timepoints with windows around the treatment."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

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
    """A protocol's timepoints, earliest first, and which questionnaires it asks for."""

    id: str
    version: str
    assumed_treatment_days: int  # where the last fraction's day is not known
    timepoints: tuple[Timepoint, ...]
    instruments: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Questionnaires that every treated patient is to answer, with the treated sites that each is
    for; no site: for everybody."""
    _windows: dict[int, tuple[tuple[str, int, int, int], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """By the day of the last fraction: they are asked for again and again."""

    def asks(self, site: str | None) -> list[str]:
        """Return the questionnaires that a patient treated there is to answer."""
        return [name for name, sites in self.instruments.items() if not sites or site in sites]

    def treatment(self, last_day: int | None) -> Treatment:
        return Treatment(self.assumed_treatment_days if last_day is None else last_day)

    def windows(self, treatment: Treatment) -> tuple[tuple[str, int, int, int], ...]:
        """Return code, first, last punctual and last day of each timepoint, from RT start."""
        known = self._windows.get(treatment.last_day)
        if known is None:
            zeros = {Anchor.RT_END: treatment.last_day, Anchor.RT_START: 0}
            known = tuple(
                (
                    one.code,
                    zeros[one.anchor] + one.opens,
                    zeros[one.anchor] + one.on_time_until,
                    zeros[one.anchor] + one.closes,
                )
                for one in self.timepoints
            )
            self._windows[treatment.last_day] = known
        return known

    def place(self, day: int, treatment: Treatment) -> str:
        """Return the one timepoint that a day belongs to, or `outside`.

        Windows of a short treatment can overlap (its middle is near its end): the earlier
        timepoint takes the day then, so that every answer has exactly one place.
        """
        for code, first, _, last in self.windows(treatment):
            if first <= day <= last:
                return code
        return OUTSIDE


class AnswerStatus(StrEnum):
    RECEIVED = "received"
    LATE = "late"
    MISSED = "missed"
    NOT_YET_DUE = "not-yet-due"
    NOT_EXPECTED = "not-expected"
    """The patient died before the last day of the window."""


class Expectation(NamedTuple):
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
    return [
        _expect(window, by_code.get(window[0], ()), reasons.get(window[0]), told.died, today)
        for window in schedule.windows(treatment)
    ]


def _expect(
    window: tuple[str, int, int, int],
    days: Sequence[int],
    reason: str | None,
    died: int | None,
    today: int,
) -> Expectation:
    code, _, on_time_until, last = window
    if days:
        status = AnswerStatus.RECEIVED if days[0] <= on_time_until else AnswerStatus.LATE
        return Expectation(code, status, days[0])
    if died is not None and died <= last:
        return Expectation(code, AnswerStatus.NOT_EXPECTED, None, "died")
    if today > last or reason is not None:
        return Expectation(code, AnswerStatus.MISSED, None, reason)
    return Expectation(code, AnswerStatus.NOT_YET_DUE, None)


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
