"""The joined tables: dose, toxicity, PROM and clinical variables of every patient, streamed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from typing import Final, Protocol

from harmonizer.domain.clinical import Ctcae
from harmonizer.domain.clinical.tables import (
    LONG,
    Cell,
    Layout,
    PatientRows,
    long_rows,
    wide_row,
)
from harmonizer.domain.proms import Schedule

PART: Final = 500


class TableRecords(Protocol):
    def patients(self) -> Sequence[str]:
        """National ids of everybody with rows, in order."""
        ...

    def rows_of(self, national_ids: Sequence[str]) -> Sequence[PatientRows]: ...

    def terms(self) -> Sequence[tuple[str, str]]: ...

    def scales(self, asked: Collection[str]) -> Sequence[tuple[str, str]]:
        """Instrument and score code of what was answered, and of the instruments asked for."""
        ...


class DoseMetrics(Protocol):
    """What the archive worked out of the doses, by patient."""

    def names(self) -> Sequence[str]: ...

    def of(self, national_ids: Collection[str]) -> Mapping[str, Mapping[str, float]]: ...


class TableService:
    """Gives tables part by part: memory does not grow with the archive."""

    def __init__(
        self, records: TableRecords, schedule: Schedule, ctcae: Ctcae, dose: DoseMetrics
    ) -> None:
        self._records = records
        self._schedule = schedule
        self._ctcae = ctcae
        self._dose = dose

    def long(self, today: date) -> Iterator[list[Cell]]:
        """Yield the header, then one row per value, and per questionnaire that never came."""
        rows = (long_rows(one, self._schedule, self._ctcae, today) for one in self._patients())
        return chain([list(LONG)], chain.from_iterable(rows))

    def layout(self) -> Layout:
        """Return which columns a wide table has now."""
        scales = self._records.scales(self._schedule.instruments)
        return Layout(self._records.terms(), scales, self._dose.names(), self._schedule)

    def wide(self, today: date, layout: Layout | None = None) -> Iterator[list[Cell]]:
        """Yield the header, then one row per patient."""
        layout = layout or self.layout()
        rows = (wide_row(patient, layout, today) for patient in self._patients())
        return chain([list(layout.columns)], rows)

    def _patients(self) -> Iterator[PatientRows]:
        everybody = self._records.patients()
        for start in range(0, len(everybody), PART):
            part = everybody[start : start + PART]
            metrics = self._dose.of(part)
            for one in self._records.rows_of(part):
                dose = metrics.get(one.national_id, {})
                yield replace(one, dose=dose)
