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


class Pacs(Protocol):
    """Raises `RetryError` when it cannot be reached or does not answer as it should."""

    def find(self, patient_id: str, modalities: Collection[str]) -> Sequence[OfferedSeries]: ...

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
