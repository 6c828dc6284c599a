"""The PACS or OIS that is asked, and what is remembered of having asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.collection import Earlier, OfferedSeries


@dataclass(frozen=True)
class Moved:
    """What the PACS said of one C-MOVE, in instances."""

    completed: int
    failed: int
    problem: str = ""
    """Why it did not carry this one out, or not to its end, in words; others may well come."""


class Pacs(Protocol):
    """Raises `RetryError` when it can serve nobody: out of reach, or set up wrongly."""

    def find(self, patient_id: str, modalities: Collection[str]) -> Sequence[OfferedSeries]:
        """Return what it has of a patient.

        Raises
        ------
        RejectError
            `pacs-refused`: it did not answer this question.
        """
        ...

    def move(self, series: OfferedSeries) -> Moved:
        """Have a series sent to the site, as any sender would send it."""
        ...


class Collected(Protocol):
    def asked(self) -> dict[str, datetime]:
        """Map each patient to when the PACS was asked last."""
        ...

    def note_asked(self, pseudonym: str, now: datetime) -> None: ...

    def earlier(self, series_keys: Collection[str]) -> dict[str, Earlier]: ...

    def note_fetched(self, series_key: str, instances: int, now: datetime) -> None: ...

    def fetched_since(self, when: datetime) -> int:
        """Count instances."""
        ...
