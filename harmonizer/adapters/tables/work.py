"""What is to be done, and who read what."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from harmonizer.adapters.tables.base import HarmonizerTable
from harmonizer.adapters.tables.types import UtcDateTime


class WorkTable(HarmonizerTable, table=True):
    """One thing to do about one subject. A lease ends by itself if its worker dies."""

    __tablename__ = "work"
    __table_args__ = (Index("ix_work_due", "state", "not_before"),)

    kind: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    state: str
    """As `WorkState`: waiting, running or failed; what is done has no row."""
    attempts: int = 0
    not_before: datetime = Field(sa_type=UtcDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    worker: str = ""
    """Which service took it last: only that one gives it back when it starts."""
    asked_again: bool = False
    """Asked for while it ran: it runs once more."""
    reason: str | None = None


class AuditTable(HarmonizerTable, table=True):
    """Who did or read what: each row carries the hash of the row before it."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_action", "action", "at"),)

    sequence: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    caller: str
    role: str
    action: str
    subject: str
    previous: str
    digest: str
