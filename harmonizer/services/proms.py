"""Scores and completion of questionnaires over the whole archive."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from harmonizer.domain.proms import (
    SCORING_VERSION,
    Completion,
    Instrument,
    Schedule,
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
        """`national_id`, `centre`, `rt_start`, `rt_end` of every patient with an RT start."""
        ...

    def answered(self) -> Iterable[tuple[str, str, date]]:
        """National id, instrument and day of every current answer."""
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

        An instrument is expected of a patient who answered it at least once: the archive does
        not know to whom a centre gave which questionnaire.
        """
        answers: dict[tuple[str, str], list[date]] = {}
        for patient, instrument, on in self._records.answered():
            answers.setdefault((patient, instrument), []).append(on)
        treated = {row["national_id"]: row for row in self._records.treated()}
        groups: dict[tuple[str, str], list[Any]] = {}
        for (patient, instrument), days in answers.items():
            row = treated.get(patient)
            if row is not None:
                expected = self._expected(row, days, today)
                groups.setdefault((row["centre"], instrument), []).append(expected)
        return list(self._rows(groups))

    def _rows(self, groups: Mapping[tuple[str, str], list[Any]]) -> Iterator[CompletionRow]:
        for (centre, instrument), patients in sorted(groups.items()):
            for counted in completion(patients):
                yield CompletionRow(centre, instrument, counted)

    def _expected(self, row: Mapping[str, Any], days: Sequence[date], today: date) -> Any:
        start: date = row["rt_start"]
        last = None if row["rt_end"] is None else (row["rt_end"] - start).days
        treatment = self._schedule.treatment(last)
        answered = [(on - start).days for on in days]
        return expectations(self._schedule, treatment, answered, (today - start).days)

    def _rescore(self, instrument: Instrument, part: int) -> int:
        version, done = f"{instrument.version}/{SCORING_VERSION}", 0
        while rows := self._records.outdated(instrument.id, version, part):
            scores = {row["id"]: score(instrument, row["answers"], checked=True) for row in rows}
            self._records.rescore(scores, version)
            done += len(rows)
        return done
