"""Scores and completion of questionnaires over the whole archive."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from harmonizer.domain.proms import (
    SCORING_VERSION,
    Completion,
    Expectation,
    Instrument,
    Schedule,
    Told,
    completion,
    expectations,
    score,
)


class PromRecords(Protocol):
    def outdated(self, instrument: str, version: str, most: int) -> Sequence[Mapping[str, Any]]:
        """Up to `most` current records whose scores another version gave: `id`, `answers`."""
        ...

    def rescore(self, scores: Mapping[int, Mapping[str, float | None]], version: str) -> None: ...

    def treated(self) -> Iterable[Mapping[str, Any]]:
        """`national_id`, `centre`, `rt_start`, `rt_end`, `site` of current rows, oldest first."""
        ...

    def deaths(self) -> Mapping[str, date]:
        """Day of death by national id."""
        ...

    def answered(self) -> Iterable[tuple[str, str, date, str | None]]:
        """National id, instrument, day and, if it was not answered, why: of all current rows."""
        ...


@dataclass(frozen=True)
class CompletionRow:
    centre: str
    instrument: str
    completion: Completion


class PromService:
    def __init__(
        self, records: PromRecords, instruments: Mapping[str, Instrument], schedule: Schedule
    ) -> None:
        self._records = records
        self._instruments = instruments
        self._schedule = schedule

    def rescore(self, part: int = 1000) -> int:
        """Score again what an older version of the rules scored. Returns how many."""
        return sum(self._rescore(instrument, part) for instrument in self._instruments.values())

    def completion(self, today: date) -> list[CompletionRow]:
        """Count due and received answers per centre, instrument and timepoint.

        What the protocol asks for is due of every patient with an RT start, answered or not.
        Another instrument is due of whoever answered it once, or of whom the centre told why
        not: the archive does not know to whom a centre gave which form.
        """
        groups: dict[tuple[str, str], list[Any]] = {}
        for row, instrument, expected in self._expectations(today):
            groups.setdefault((row["centre"], instrument), []).append(expected)
        return list(self._rows(groups))

    def answered_at(self, instrument: str, timepoint: str, today: date) -> Mapping[str, bool]:
        """Return whether each patient of whom an answer was due gave one, by national id."""
        return {
            row["national_id"]: one.came
            for row, name, expected in self._expectations(today)
            for one in expected
            if name == instrument and one.timepoint == timepoint and one.is_due
        }

    def _expectations(
        self, today: date
    ) -> Iterator[tuple[Mapping[str, Any], str, Sequence[Expectation]]]:
        answers: dict[tuple[str, str], list[tuple[date, str | None]]] = {}
        for patient, instrument, on, reason in self._records.answered():
            answers.setdefault((patient, instrument), []).append((on, reason))
        treated: dict[str, dict[str, Any]] = {}
        for row in self._records.treated():
            known = treated.setdefault(row["national_id"], dict.fromkeys(row))
            known |= {name: value for name, value in row.items() if value is not None}
        begun = {patient: row for patient, row in treated.items() if row["rt_start"]}
        asked = {(p, name) for p, row in begun.items() for name in self._schedule.asks(row["site"])}
        deaths = self._records.deaths()
        for patient, instrument in sorted(asked | {pair for pair in answers if pair[0] in begun}):
            told = answers.get((patient, instrument), ())
            expected = self._expected(begun[patient], told, deaths.get(patient), today)
            yield begun[patient], instrument, expected

    def _rows(self, groups: Mapping[tuple[str, str], list[Any]]) -> Iterator[CompletionRow]:
        for (centre, instrument), patients in sorted(groups.items()):
            for counted in completion(patients):
                yield CompletionRow(centre, instrument, counted)

    def _expected(
        self,
        row: Mapping[str, Any],
        told: Sequence[tuple[date, str | None]],
        death: date | None,
        today: date,
    ) -> Sequence[Expectation]:
        start: date = row["rt_start"]
        last = None if row["rt_end"] is None else (row["rt_end"] - start).days
        given = Told(
            [(on - start).days for on, reason in told if reason is None],
            {(on - start).days: reason for on, reason in told if reason is not None},
            (death - start).days if death else None,
        )
        return expectations(
            self._schedule, self._schedule.treatment(last), given, (today - start).days
        )

    def _rescore(self, instrument: Instrument, part: int) -> int:
        version, done = f"{instrument.version}/{SCORING_VERSION}", 0
        while rows := self._records.outdated(instrument.id, version, part):
            scores = {row["id"]: score(instrument, row["answers"], checked=True) for row in rows}
            self._records.rescore(scores, version)
            done += len(rows)
        return done
