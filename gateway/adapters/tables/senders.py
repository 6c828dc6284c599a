"""Who has called the DICOM port."""

from datetime import datetime

from sqlmodel import Field

from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.tables.types import UtcDateTime


class SenderRow(GatewayTable, table=True):
    """One calling AET from one host, known or not."""

    __tablename__ = "sender"

    aet: str = Field(primary_key=True)
    host: str = Field(primary_key=True)
    first_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime)
    accepted: int = 0
    refused: int = 0
    """Associations."""


class QuarantineRow(GatewayTable, table=True):
    """An AET that may not send for now, by a person's word."""

    __tablename__ = "quarantine"

    aet: str = Field(primary_key=True)
    since: datetime = Field(sa_type=UtcDateTime)
    comment: str


class CommitmentRow(GatewayTable, table=True):
    """A request for storage commitment whose answer was not handed over yet."""

    __tablename__ = "commitment"

    key: str = Field(primary_key=True)
    """Keyed hash of the transaction UID."""
    aet: str
    requested_at: datetime = Field(sa_type=UtcDateTime)
    next_try_at: datetime = Field(sa_type=UtcDateTime, index=True)
    attempts: int = 0
    sealed: bytes
    """Transaction UID and original UIDs, AES-SIV."""
