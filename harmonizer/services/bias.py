"""Who takes part and who answers: what centres count, and how the others differ."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol

from gateway.contract.recruitment import RecruitmentCounts
from harmonizer.domain.clinical.bias import (
    Difference,
    Recruited,
    consent_differences,
    differences,
    features,
    inverse_probability_weights,
)
from harmonizer.errors import DataError, RefusedError
from harmonizer.services.proms import CompletionRow, PromService

CHARACTERISTICS: Final = (
    *("centre", "site", "laterality", "sex", "age_years"),
    *("smoking", "performance_status", "chemotherapy"),
)


class RecruitmentRecords(Protocol):
    """Keeps the newest counts of each centre."""

    def keep(self, centre: str, groups: Sequence[Mapping[str, Any]], at: datetime) -> None: ...

    def told(self) -> Mapping[str, Sequence[Mapping[str, Any]]]: ...


class Characteristics(Protocol):
    def clinical_of(self, national_ids: Collection[str]) -> Iterable[Mapping[str, Any]]:
        """Current clinical records of these patients, oldest first."""
        ...


@dataclass(frozen=True)
class Responders:
    """Who answered a questionnaire that was due, against who did not."""

    instrument: str
    timepoint: str
    due: int
    answered: int
    differences: tuple[Difference, ...]

    @property
    def share(self) -> float | None:
        return self.answered / self.due if self.due else None


class BiasService:
    """Use cases of showing who is missing."""

    def __init__(
        self, recruitment: RecruitmentRecords, characteristics: Characteristics, proms: PromService
    ) -> None:
        self._recruitment = recruitment
        self._characteristics = characteristics
        self._proms = proms

    def receive(self, counts: RecruitmentCounts, centre: str, at: datetime) -> None:
        """Keep what a centre tells of itself.

        Raises
        ------
        RefusedError
            `other-centre`, if it tells of another.
        """
        if counts.centre != centre:
            raise RefusedError("other-centre", "the counts are of another centre", 403)
        self._recruitment.keep(centre, [g.model_dump() for g in counts.groups], at)

    def recruitment(self) -> Mapping[str, Sequence[Recruited]]:
        """Return every centre's groups."""
        told = self._recruitment.told()
        return {centre: [Recruited(**g) for g in groups] for centre, groups in told.items()}

    def consent_differences(self) -> Mapping[str, Sequence[Difference]]:
        """Compare, in each centre, who consented with who did not."""
        return {c: consent_differences(groups) for c, groups in self.recruitment().items()}

    def questionnaires(self, today: date) -> Sequence[CompletionRow]:
        """Return what was due, per centre, instrument and timepoint: what can be compared."""
        return self._proms.completion(today)

    def responders(self, instrument: str, timepoint: str, today: date) -> Responders:
        """Compare who answered at a timepoint with who should have."""
        answered, rows = self._due(instrument, timepoint, today)
        found = differences(rows, list(answered.values()), CHARACTERISTICS)
        came = sum(answered.values())
        return Responders(instrument, timepoint, len(answered), came, tuple(found))

    def weights(self, instrument: str, timepoint: str, today: date) -> Iterator[list[object]]:
        """Yield a header, then one row per patient of whom an answer was due.

        Raises
        ------
        RefusedError
            `bias-weights`, if all or none answered, or nothing was due.
        """
        answered, rows = self._due(instrument, timepoint, today)
        came = list(answered.values())
        try:
            weights = inverse_probability_weights(features(rows, CHARACTERISTICS), came)
        except DataError as error:
            raise RefusedError("bias-weights", str(error), 422) from error
        yield ["national_id", "instrument", "timepoint", "answered", "weight"]
        for (patient, yes), weight in zip(answered.items(), weights, strict=True):
            said = "yes" if yes else "no"
            yield [patient, instrument, timepoint, said, float(weight) if yes else None]

    def _due(
        self, instrument: str, timepoint: str, today: date
    ) -> tuple[Mapping[str, bool], list[Mapping[str, object]]]:
        answered = self._proms.answered_at(instrument, timepoint, today)
        known: dict[str, dict[str, object]] = {patient: {} for patient in answered}
        for row in self._characteristics.clinical_of(answered):
            said = {n: row[n] for n in CHARACTERISTICS if row[n] is not None}
            known[row["national_id"]] |= said
        return answered, list(known.values())
