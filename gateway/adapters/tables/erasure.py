"""Recalls of what was sent under the wrong patient, and receipts of every deletion."""

from datetime import datetime

from sqlmodel import Field

from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.tables.types import UtcDateTime


class RecallRow(GatewayTable, table=True):
    """A patient whose data are deleted because something of another one came under the name."""

    __tablename__ = "recall"

    id: int | None = Field(default=None, primary_key=True)
    pseudonym: str = Field(index=True)
    comment: str
    ordered_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ErasureReceiptRow(GatewayTable, table=True):
    """What was deleted of one patient, signed; it outlives the deletion."""

    __tablename__ = "erasure_receipt"

    id: int | None = Field(default=None, primary_key=True)
    pseudonym: str = Field(index=True)
    erased_at: datetime = Field(sa_type=UtcDateTime)
    """Here: names the deletion, so that none has two receipts."""
    body: str
    signature: str
    public_key_id: str
