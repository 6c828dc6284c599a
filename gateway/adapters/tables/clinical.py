"""Clinical rows on their way out. Everything here is de-identified already."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Text
from sqlmodel import Field

from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.tables.types import UtcDateTime


class ClinicalOutboxRow(GatewayTable, table=True):
    """One version of one row. A corrected row supersedes the one before, which stays."""

    __tablename__ = "clinical_row"
    __table_args__ = (
        # What waits is a small part of the table, so its index is as small.
        Index("ix_clinical_row_state", "state", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    row_key: str = Field(index=True)
    kind: str
    digest: str
    """SHA-256 of what the row says, without its source."""
    source: str
    pseudonym: str = Field(index=True)
    payload: str = Field(sa_column=Column(Text, nullable=False))
    """The row as it travels, JSON."""
    state: str
    """A `RowState`."""
    batch_id: str | None = Field(default=None, index=True)
    reason: str | None = None
    """Why the archive refused it."""
    imported_at: datetime = Field(sa_type=UtcDateTime)
    superseded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ClinicalBatchRow(GatewayTable, table=True):
    """Rows that travel together, and the archive's receipt."""

    __tablename__ = "clinical_batch"

    batch_id: str = Field(primary_key=True)
    rows: int
    created_at: datetime = Field(sa_type=UtcDateTime)
    receipt: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    receipt_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ClinicalWithdrawalRow(GatewayTable, table=True):
    """A withdrawn patient whose clinical rows were deleted here; the archive is told."""

    __tablename__ = "clinical_withdrawal"

    pseudonym: str = Field(primary_key=True)
    rows: int
    deleted_at: datetime = Field(sa_type=UtcDateTime)
    archive_told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    receipt: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """What the archive deleted (`WithdrawalReceipt`); None until it has."""


class ClinicalHeldRow(GatewayTable, table=True):
    """A row that a partial import left out: what is wrong with it, not what it says."""

    __tablename__ = "clinical_held"

    id: int | None = Field(default=None, primary_key=True)
    source: str
    line: int
    problems: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    imported_at: datetime = Field(sa_type=UtcDateTime)
