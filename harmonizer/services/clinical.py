"""Rows that the centres send: checked again, stored whole or not at all, and read back."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

from gateway.contract.clinical import (
    BatchReceipt,
    ClinicalBatch,
    ClinicalRow,
    PromRow,
    RowProblem,
    ToxicityRow,
)
from gateway.contract.facts import FactRow
from harmonizer.domain.clinical import (
    Ctcae,
    GradedEvent,
    Latest,
    Timeline,
    TimelineEvent,
    ToxicitySummary,
    summarise,
)
from harmonizer.domain.proms import (
    SCORING_VERSION,
    Instrument,
    Schedule,
    Treatment,
    check_answers,
    score,
)
from harmonizer.errors import NotFoundError, RefusedError

PROBLEMS_TOLD: Final = 1000
ORIGIN: Final = ("source", "form", "code_lists", "import_batch")
Row = ClinicalRow | ToxicityRow | PromRow | FactRow
Scored = tuple[PromRow, Mapping[str, float | None], str]


@dataclass(frozen=True)
class GradeCount:
    centre: str
    term: str
    ctcae_version: str
    grade: int
    rows: int


class Clock(Protocol):
    def now(self) -> datetime: ...


class Records(Protocol):
    """Where rows are kept. Every write is one transaction with its receipt."""

    def receipt(self, batch_id: str, centre: str) -> BatchReceipt | None:
        """Return what was answered to a batch. Raises `RefusedError` if another centre sent it."""
        ...

    def withdraw(self, national_ids: Collection[str], centre: str, at: datetime) -> int:
        """Delete every row of these patients and keep them away. Returns how many rows."""
        ...

    def withdrawn(self, national_ids: Collection[str]) -> set[str]: ...

    def centres(self, national_ids: Collection[str]) -> Mapping[str, str]: ...

    def store(
        self, batch: ClinicalBatch, scored: Sequence[Scored], withdrawn: int, at: datetime
    ) -> BatchReceipt:
        """Raises `RetryError` if a patient of the batch withdrew since it was checked."""
        ...

    def refuse(self, receipt: BatchReceipt, centre: str, at: datetime) -> None:
        """Keep the receipt of a batch that was not stored."""
        ...

    def of_patient(self, national_id: str) -> Sequence[Mapping[str, Any]]:
        """Every current row of a patient, with `kind` and `on`, in order of time."""
        ...

    def clinical_of(self, national_ids: Collection[str]) -> Iterable[Mapping[str, Any]]:
        """Current clinical records of these patients, oldest first."""
        ...

    def grades(self) -> Sequence[tuple[str, str, str, int, int]]:
        """Centre, term, CTCAE version, grade and how often, of the current rows, in order."""
        ...

    def counts(self) -> dict[str, int]: ...


class Erasure(Protocol):
    """Deletes what else there is of whoever withdrew."""

    def order(self, national_ids: Collection[str]) -> None: ...

    def lift(self, national_ids: Collection[str], centre: str) -> int: ...


class ClinicalService:
    """Use cases of clinical rows at the archive."""

    def __init__(
        self,
        records: Records,
        ctcae: Ctcae,
        instruments: Mapping[str, Instrument],
        schedule: Schedule,
        clock: Clock,
        erasure: Erasure | None = None,
    ) -> None:
        self._records = records
        self._ctcae = ctcae
        self.instruments = instruments
        self._schedule = schedule
        self._clock = clock
        self._erasure = erasure

    def receive(self, batch: ClinicalBatch, centre: str) -> BatchReceipt:
        """Store a batch of one centre, all of it or, with any problem, none of it.

        Raises
        ------
        RefusedError
            `other-centre`, if the batch is not of the calling centre.
        RetryError
            If somebody consented again whose objects are not deleted yet.
        """
        if batch.centre != centre:
            raise RefusedError("other-centre", "the batch is of another centre", 403)
        known = self._records.receipt(batch.batch_id, centre)
        if known is not None:
            return known
        now = self._clock.now()
        gone = self._withdraw(batch, centre, now)
        rows: list[Row] = [*batch.clinical, *batch.toxicity, *batch.prom, *batch.facts]
        problems = list(self._problems(rows, centre, now.date()))
        if problems:
            receipt = BatchReceipt(
                batch_id=batch.batch_id,
                stored=0,
                unchanged=0,
                superseded=0,
                withdrawn=gone,
                problems=tuple(problems[:PROBLEMS_TOLD]),
            )
            self._records.refuse(receipt, centre, now)
            return receipt
        return self._records.store(batch, [self._scored(row) for row in batch.prom], gone, now)

    def _withdraw(self, batch: ClinicalBatch, centre: str, now: datetime) -> int:
        """May be repeated: a batch without a receipt comes again."""
        gone = self._records.withdraw(batch.withdrawn, centre, now) if batch.withdrawn else 0
        if self._erasure and batch.withdrawn:
            self._erasure.order(batch.withdrawn)
        if self._erasure and batch.consented_again:
            self._erasure.lift(batch.consented_again, centre)
        return gone

    def timeline(self, national_id: str) -> Timeline:
        """Return a patient's events with days from RT start.

        Raises
        ------
        NotFoundError
            If nothing is known of the patient.
        """
        rows = self._records.of_patient(national_id)
        if not rows:
            raise NotFoundError("no clinical rows of such a patient")
        latest = _latest(national_id, (row for row in rows if row["kind"] == "clinical"))
        treatment = self._schedule.treatment(_days(latest.rt_end, latest.rt_start))
        events = [
            replace(event, origin={name: row[name] for name in ORIGIN})
            for row in rows
            for event in self._events(row, latest, treatment)
        ]
        return Timeline(national_id, latest.rt_start, tuple(events))

    def course_timeline(self, course: Mapping[str, Any]) -> dict[str, Any]:
        """Return a course's doses with what is known of its patient, by day from RT start."""
        try:
            timeline = self.timeline(course["national_id"])
        except NotFoundError:  # nothing is known beside the dose: that is an answer
            timeline = Timeline(course["national_id"], None, ())
        shown = ("course_uid", "centre", "site", "prescribed_gy", "fractions")
        doses = [
            {"structure": one["standard_name"], "kind": one["kind"], "metrics": one["metrics"]}
            for one in course["structures"]
            if one["standard_name"] and one["metrics"]
        ]
        return {
            **{name: course[name] for name in shown},
            **asdict(timeline),
            "doses": doses,
            "toxicity": [one._asdict() for one in self._summaries(timeline)],
        }

    def _summaries(self, timeline: Timeline) -> list[ToxicitySummary]:
        graded = (e for e in timeline.events if e.kind == "toxicity" and e.day is not None)
        return summarise(
            GradedEvent(e.name, e.version, int(e.value or 0), e.day or 0) for e in graded
        )

    def latest(self, national_id: str) -> Latest | None:
        """Return what is known of a patient's disease and treatment, None if nothing."""
        return self.latest_of([national_id]).get(national_id)

    def latest_of(self, national_ids: Collection[str]) -> Mapping[str, Latest]:
        """Return the same for many patients; the unknown are left out."""
        grouped: dict[str, list[Mapping[str, Any]]] = {}
        for row in self._records.clinical_of(national_ids):
            grouped.setdefault(row["national_id"], []).append(row)
        return {patient: _latest(patient, rows) for patient, rows in grouped.items()}

    def grade_distribution(self) -> list[GradeCount]:
        """Return how often each centre gave each grade: for training, not for ranking."""
        return [GradeCount(*row) for row in self._records.grades()]

    def counts(self) -> dict[str, int]:
        return self._records.counts()

    def _problems(self, rows: Sequence[Row], centre: str, today: date) -> Iterator[RowProblem]:
        patients = {row.national_id for row in rows}
        withdrawn = self._records.withdrawn(patients)
        centres = self._records.centres(patients)
        for row in rows:
            if row.national_id in withdrawn:
                yield _problem(row, "national_id", "the patient withdrew")
            if centres.get(row.national_id, centre) != centre:
                yield _problem(row, "national_id", "the patient is of another centre")
            if _on(row) > today + timedelta(days=1):
                yield _problem(row, "on", "the day is in the future")
            yield from self._code_problems(row)

    def _code_problems(self, row: Row) -> Iterator[RowProblem]:
        if isinstance(row, ToxicityRow):
            reason = self._ctcae.problem(row.ctcae_version, row.term, row.meddra_code, row.grade)
            if reason:
                yield _problem(row, "grade", reason)
        if isinstance(row, PromRow):
            instrument = self.instruments.get(row.instrument)
            if instrument is None:
                yield _problem(row, "instrument", "no such instrument here")
                return
            for found in check_answers(instrument, row.answers):
                yield _problem(row, found.item, found.reason)

    def _scored(self, row: PromRow) -> Scored:
        instrument = self.instruments[row.instrument]
        return (
            row,
            score(instrument, row.answers, checked=True),
            f"{instrument.version}/{SCORING_VERSION}",
        )

    def _events(
        self, row: Mapping[str, Any], latest: Latest, treatment: Treatment
    ) -> Iterator[TimelineEvent]:
        on: date = row["on"]
        day = _days(on, latest.rt_start)
        place = None if day is None else self._schedule.place(day, treatment)
        if row["kind"] == "toxicity":
            detail = {"attribution": row["attribution"], "meddra_code": row["meddra_code"]}
            version, grade = row["ctcae_version"], float(row["grade"])
            yield TimelineEvent(on, day, "toxicity", row["term"], grade, version, place, detail)
        elif row["kind"] == "prom":
            for code, value in row["scores"].items():
                name, version = f"{row['instrument']} {code}", row["instrument_version"]
                yield TimelineEvent(on, day, "prom", name, value, version, place)
        elif row["kind"] == "fact":
            detail = {name: value for name, value in row["said"].items() if value is not None}
            value = detail.get("value")
            yield TimelineEvent(on, day, row["fact"], "record", value, "", place, detail)
        else:
            shown = ("diagnosis_icd10", "site", "laterality", "stage", "performance_status")
            detail = {name: row[name] for name in shown if row[name] is not None}
            yield TimelineEvent(on, day, "clinical", "record", None, "", place, detail)


def _problem(row: Row, field: str, reason: str) -> RowProblem:
    return RowProblem(row_key=row.row_key, field=field, reason=reason)


def _on(row: Row) -> date:
    if isinstance(row, ToxicityRow):
        return row.assessed_on
    if isinstance(row, FactRow):
        return row.happened_on
    return row.answered_on if isinstance(row, PromRow) else row.recorded_on


def _days(later: date | None, earlier: date | None) -> int | None:
    return None if later is None or earlier is None else (later - earlier).days


def _latest(national_id: str, rows: Iterable[Mapping[str, Any]]) -> Latest:
    fields = [name for name in Latest.__dataclass_fields__ if name != "national_id"]
    known: dict[str, Any] = {}
    for row in rows:
        known |= {name: row[name] for name in fields if row[name] is not None}
    return Latest(national_id, **known)
