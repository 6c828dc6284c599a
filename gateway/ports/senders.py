"""Who calls the DICOM port."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Call:
    """What one AET from one host has tried."""

    aet: str
    host: str
    first_at: datetime
    last_at: datetime
    accepted: int
    refused: int


@dataclass(frozen=True)
class Quarantine:
    since: datetime
    comment: str


class Callers(Protocol):
    def note(self, aet: str, host: str, now: datetime, *, accepted: bool) -> None: ...

    def calls(self) -> list[Call]: ...

    def quarantined(self) -> dict[str, Quarantine]: ...

    def quarantine(self, aet: str, given: Quarantine) -> None: ...

    def lift(self, aet: str) -> None: ...
