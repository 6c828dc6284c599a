"""What goes to the store of rows and what it answers."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.contract.clinical import RowKind, WithdrawalReceipt
from gateway.domain.clinical.deidentifying import TravellingRow
from gateway.domain.tabular.problems import Problem


@dataclass(frozen=True)
class Arrival:
    """A file in the inbox. Its name may be anybody's: it has no repr."""

    word: str
    """Its subfolder."""
    name: str = field(repr=False)
    size_bytes: int


class RowState(StrEnum):
    """Where a clinical row stands."""

    WAITING = "waiting"
    SENDING = "sending"
    """In a batch that has no receipt."""
    SENT = "sent"
    REFUSED = "refused"
    """By the archive; it can be sent again once that is mended."""
    WITHHELD = "withheld"
    """Consent is not in force."""
    SUPERSEDED = "superseded"
    """Corrected before it was sent."""


@dataclass(frozen=True)
class Addition:
    """One row to store, with what the store needs to recognise it."""

    kind: RowKind
    pseudonym: str
    row: TravellingRow
    line: int
    digest: str  # of what the row says


@dataclass(frozen=True)
class Stored:
    stored: int = 0
    unchanged: int = 0
    superseded: int = 0
    disagreements: tuple[Problem, ...] = ()
    """Another source said something else of the same row; nothing was stored then."""
    skipped: tuple[int, ...] = ()
    """Lines of patients whose rows were deleted since they were asked for."""


@dataclass(frozen=True)
class Forgotten:
    """A withdrawal as far as it has come."""

    rows: int
    deleted_at: datetime
    """When the rows were deleted here."""
    told_at: datetime | None
    """When the archive took the order to delete everything."""
    receipt: WithdrawalReceipt | None
    """What the archive deleted."""
