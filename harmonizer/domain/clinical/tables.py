"""Analysis-ready tables: one row per value (long), one row per patient (wide).

A value that is not there is an empty cell, and why it is not stands in a column of its own, so
that a column of numbers stays one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from harmonizer.domain.clinical.ctcae import Ctcae
from harmonizer.domain.clinical.facts import OUTCOMES, outcomes
from harmonizer.domain.clinical.table_columns import LONG_COLUMNS, STATUSES, SUMMED
from harmonizer.domain.clinical.toxicity import GradedEvent, ToxicitySummary, summarise
from harmonizer.domain.proms import (
    AnswerStatus,
    Expectation,
    Schedule,
    Told,
    Treatment,
    expectations,
)

CLINICAL: Final = (
    "diagnosis_icd10",
    "laterality",
    "site",
    "stage",
    "age_years",
    "sex",
    "smoking",
    "performance_status",
    "chemotherapy",
)
SUMMARY: Final = ToxicitySummary._fields[2:]
"""What a summary says beside term and version, in its order."""
LONG: Final = tuple(LONG_COLUMNS)
LONG_KINDS: Final[Mapping[str, type]] = {
    name: one.kind for name, one in LONG_COLUMNS.items() if one.kind is not str
}
"""Columns of the long table that hold numbers; a word that a row says stands in `text`."""
WHOLE: Final = (
    *("age_years", "performance_status"),
    *(name for name, one in SUMMED.items() if one.kind is int),
)
NOT_EXPECTED: Final = "not-expected"
NO_RT_START: Final = "no-rt-start"
Cell = str | int | float | None
Row = Mapping[str, Any]


@dataclass(frozen=True)
class PatientRows:
    """Everything that is current of one patient; each list is in order of time."""

    national_id: str
    centre: str
    clinical: Sequence[Row]
    toxicity: Sequence[Row]
    prom: Sequence[Row]
    dose: Mapping[str, float] = field(default_factory=dict)  # metric to value, e.g. Gy
    facts: Sequence[Row] = ()

    @property
    def known(self) -> dict[str, Any]:
        """The newest value of each clinical field: a later gap hides nothing."""
        found: dict[str, Any] = {}
        for row in self.clinical:
            found |= {name: value for name, value in row.items() if value is not None}
        return found


@dataclass(frozen=True)
class Layout:
    """What the wide table's columns depend on: what occurs in the archive."""

    terms: Sequence[tuple[str, str]]  # CTCAE term and version
    scales: Sequence[tuple[str, str]]  # instrument and score code
    metrics: Sequence[str]
    schedule: Schedule

    @property
    def columns(self) -> list[str]:
        names = ["national_id", "centre", *CLINICAL, *OUTCOMES, *STATUSES, *self.metrics]
        for term, version in self.terms:
            names += [f"ctcae-{version}.{term}.{what}" for what in SUMMARY]
        for instrument in dict.fromkeys(name for name, _ in self.scales):
            codes = [code for name, code in self.scales if name == instrument]
            for timepoint in self.schedule.timepoints:
                names.append(f"{instrument}.{timepoint.code}.status")
                names += [f"{instrument}.{timepoint.code}.{code}" for code in codes]
        return names

    @property
    def kinds(self) -> dict[str, type]:
        """Types of the columns that hold numbers."""
        whole = [f"ctcae-{version}.{t}.{what}" for t, version in self.terms for what in SUMMARY]
        scores = [
            f"{instrument}.{timepoint.code}.{code}"
            for instrument, code in self.scales
            for timepoint in self.schedule.timepoints
        ]
        return dict.fromkeys((*WHOLE, *whole), int) | dict.fromkeys((*self.metrics, *scores), float)


def long_rows(
    patient: PatientRows, schedule: Schedule, ctcae: Ctcae, today: date
) -> Iterator[list[Cell]]:
    """Yield one row per grade and score, with the reason where there is no value, and one per
    questionnaire and timepoint that nothing came of.

    A grade of CTCAE v5.0 has, beside it and never instead of it, where the official mapping
    carries it in v6.0.
    """
    known = patient.known
    start: date | None = known.get("rt_start")
    treatment = schedule.treatment(_days(known.get("rt_end"), start))
    head = [patient.national_id, patient.centre]
    for row in patient.toxicity:
        where = _where(row["assessed_on"], start, treatment, schedule)
        said = [row["term"], row["ctcae_version"], row["grade"], row["attribution"], None]
        yield [*head, *where, "toxicity", *said, *_version_6(row, ctcae)]
    for row in patient.prom:
        where = _where(row["answered_on"], start, treatment, schedule)
        for code, value in row["scores"].items():
            why = row["not_answered"] or "unscored"
            name, missing = f"{row['instrument']}.{code}", None if value is not None else why
            said = [name, row["instrument_version"], value, None, missing]
            yield [*head, *where, "prom", *said, None, None, None]
    for cells in _never_came(patient, start, treatment, schedule, today):
        yield [*head, None, *cells, None, None, None]
    for row in patient.facts:
        where = _where(row["happened_on"], start, treatment, schedule)
        for name, value in row["said"].items():
            if value is not None:
                yield [*head, *where, row["fact"], name, "", *_number_or_text(value), *[None] * 4]
    for metric, value in patient.dose.items():
        yield [*head, None, None, "dose", metric, "", value, *[None] * 5]


def _version_6(row: Row, ctcae: Ctcae) -> list[Cell]:
    if row["ctcae_version"] != "5.0":
        return [None, None, None]
    carried = ctcae.as_version_6(row["term"], None, row["grade"])
    if carried is None:
        return [None, None, None]
    return [carried.code, carried.grade, "yes" if carried.same_words else "no"]


def wide_row(patient: PatientRows, layout: Layout, today: date) -> list[Cell]:
    """Return one patient's row, cell by cell as in `layout.columns`."""
    known = patient.known
    start: date | None = known.get("rt_start")
    treatment = layout.schedule.treatment(_days(known.get("rt_end"), start))
    cells: list[Cell] = [patient.national_id, patient.centre]
    cells += [_plain(known.get(name)) for name in CLINICAL]
    summed = outcomes(patient.facts, start)
    cells += [_plain(getattr(summed, name)) for name in OUTCOMES]
    cells += _statuses(patient, start)
    cells += map(patient.dose.get, layout.metrics)
    died = summed.survival_days if summed.died else None
    summaries = _summaries(patient, start)
    asked = layout.schedule.asks(known.get("site"))
    for term in layout.terms:
        found = summaries.get(term)
        cells += found[-len(SUMMARY) :] if found else (None,) * len(SUMMARY)
    for instrument in dict.fromkeys(name for name, _ in layout.scales):
        codes = [code for name, code in layout.scales if name == instrument]
        answers = [row for row in patient.prom if row["instrument"] == instrument]
        if not answers and instrument not in asked:
            cells += [NOT_EXPECTED, *[None] * len(codes)] * len(layout.schedule.timepoints)
        else:
            cells += _proms(answers, codes, start, treatment, layout.schedule, today, died)
    return cells


def _statuses(patient: PatientRows, start: date | None) -> list[Cell]:
    """Say why doses and grades are empty, if they are."""
    graded = "assessed" if start else NO_RT_START
    return [
        "present" if patient.dose else "no-dose",
        graded if patient.toxicity else "not-assessed",
    ]


def _summaries(
    patient: PatientRows, start: date | None
) -> Mapping[tuple[str, str], ToxicitySummary]:
    if start is None:
        return {}
    events = (
        GradedEvent(r["term"], r["ctcae_version"], r["grade"], (r["assessed_on"] - start).days)
        for r in patient.toxicity
    )
    return {(one.term, one.version): one for one in summarise(events)}


def _proms(
    answers: Sequence[Row],
    codes: Sequence[str],
    start: date | None,
    treatment: Treatment,
    schedule: Schedule,
    today: date,
    died: int | None,
) -> list[Cell]:
    if start is None:
        return [NO_RT_START, *[None] * len(codes)] * len(schedule.timepoints)
    by_day = {(row["answered_on"] - start).days: row for row in reversed(answers)}
    nothing: list[Cell] = [None] * len(codes)
    cells: list[Cell] = []
    told = _told(by_day, died)
    for expected in expectations(schedule, treatment, told, (today - start).days):
        cells.append(_status(expected))
        if expected.day is None:
            cells += nothing
        else:
            cells += map(by_day[expected.day]["scores"].get, codes)
    return cells


def _told(by_day: Mapping[int, Row], died: int | None) -> Told:
    reasons = {day: row["not_answered"] for day, row in by_day.items() if row["not_answered"]}
    return Told([day for day in by_day if day not in reasons], reasons, died)


def _status(expected: Expectation) -> str:
    return f"{expected.status}:{expected.reason}" if expected.reason else str(expected.status)


def _never_came(
    patient: PatientRows, start: date | None, treatment: Treatment, schedule: Schedule, today: date
) -> Iterator[list[Cell]]:
    """Yield timepoint, kind, questionnaire, and why there is not even a row of it."""
    for name in dict.fromkeys(
        [*schedule.asks(patient.known.get("site")), *(row["instrument"] for row in patient.prom)]
    ):
        if start is None:
            yield [None, "prom", name, "", None, None, NO_RT_START]
            continue
        summed = outcomes(patient.facts, start)
        answers = [row for row in patient.prom if row["instrument"] == name]
        told = _told(
            {(row["answered_on"] - start).days: row for row in reversed(answers)},
            summed.survival_days if summed.died else None,
        )
        for one in expectations(schedule, treatment, told, (today - start).days):
            if not one.came and not (one.status is AnswerStatus.MISSED and one.reason):
                yield [one.timepoint, "prom", name, "", None, None, _status(one)]


def _where(on: date, start: date | None, treatment: Treatment, schedule: Schedule) -> list[Cell]:
    if start is None:
        return [None, None]
    day = (on - start).days
    return [day, schedule.place(day, treatment)]


def _days(later: date | None, earlier: date | None) -> int | None:
    return None if later is None or earlier is None else (later - earlier).days


def _number_or_text(value: Any) -> list[Cell]:
    plain = _plain(value)
    return [None, plain] if isinstance(plain, str) else [plain, None]


def _plain(value: Any) -> Cell:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str | int | float) else None
