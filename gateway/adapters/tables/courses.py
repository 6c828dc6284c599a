"""Courses and their submissions. A submission row is the unit of work, taken under a lease."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field

from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.tables.types import UtcDateTime


class CourseRow(GatewayTable, table=True):
    __tablename__ = "course"
    __table_args__ = (UniqueConstraint("anchor_uid", "pseudonym"),)

    id: int | None = Field(default=None, primary_key=True)
    anchor_uid: str = Field(index=True)
    pseudonym: str = Field(index=True)
    state: str = Field(index=True)
    version: int = 0
    """Of the last submission that was begun; 0 before the first."""
    content_digest: str = ""
    """Of the members as they stand now."""
    sent_digest: str = ""
    """Of the members as the last begun submission took them."""
    reasons: list[dict[str, str]] = Field(sa_column=Column(JSON, nullable=False))
    findings: list[dict[str, str]] = Field(sa_column=Column(JSON, nullable=False))
    release: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    refusal: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    plans: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False, server_default="{}"))
    apart: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False, server_default="[]"))
    instances: int = 0
    revision: int = 0
    """Counts every change, so that a stale copy is never saved."""
    changed_at: datetime = Field(sa_type=UtcDateTime)
    """When the membership last changed: the settle time counts from here."""
    delivered_version: int = 0
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SubmissionRow(GatewayTable, table=True):
    __tablename__ = "submission"
    __table_args__ = (UniqueConstraint("course_id", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    course_id: int = Field(foreign_key="course.id", index=True)
    version: int
    content_digest: str = ""
    """Of its members when they were frozen; empty of one that is older than this column."""
    state: str = Field(index=True)
    """An `OutboxState`."""
    attempts: int = 0
    next_try_at: datetime = Field(sa_type=UtcDateTime, index=True)
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ReceiptRow(GatewayTable, table=True):
    """What was sent for one instance in one version, and the archive's word on it."""

    __tablename__ = "receipt"

    submission_id: int = Field(foreign_key="submission.id", primary_key=True)
    orthanc_id: str = Field(primary_key=True)
    national_uid: str
    sha256: str
    size_bytes: int
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
