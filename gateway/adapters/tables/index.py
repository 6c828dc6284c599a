"""What the site Orthanc holds, as the gateway indexed it, and how far the scan has come."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, false
from sqlmodel import Field

from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.tables.types import UtcDateTime


class InstanceRow(GatewayTable, table=True):
    """One instance offered by a sender and stored after the first stage. UIDs are the site's."""

    __tablename__ = "instance"
    __table_args__ = (
        # what the account counts, without touching the rows themselves
        Index(
            "ix_instance_account",
            "received_at",
            "sender",
            "course_id",
            "state",
            "apart",
            "delivered_at",
        ),
    )

    orthanc_id: str = Field(primary_key=True)
    sop_instance_uid: str = Field(index=True)
    sop_class_uid: str
    series_instance_uid: str
    study_instance_uid: str = Field(index=True)
    pseudonym: str = Field(index=True)
    modality: str
    role: str
    size_bytes: int
    sha256: str
    references: list[str] = Field(sa_column=Column(JSON, nullable=False))
    frame_uids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    facts: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    state: str = Field(index=True)
    """An `InstanceState`."""
    course_id: int | None = Field(default=None, foreign_key="course.id", index=True)
    sender: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """The calling AET; empty when it came over HTTP."""
    received_at: datetime = Field(sa_type=UtcDateTime)
    """When it came first."""
    apart: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Of its course, and not sent with it."""
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the archive had first read it back, in whatever version of a course."""
    differs: list[str] = Field(
        sa_column=Column(JSON, nullable=False, server_default="[]"), default_factory=list
    )
    """Of a conflict: in what it differs from what was here, as far as that is known."""


class SetAsideRow(GatewayTable, table=True):
    """A stored object that was not indexed: unmarked, unreadable or same-uid. A person decides."""

    __tablename__ = "set_aside"

    orthanc_id: str = Field(primary_key=True)
    code: str
    text: str
    pseudonym: str = Field(default="", index=True, sa_column_kwargs={"server_default": ""})
    """Whose it is, where that could be read, so that a withdrawal reaches it."""
    sender: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """As of an indexed instance."""
    seen_at: datetime = Field(sa_type=UtcDateTime)


class CursorRow(GatewayTable, table=True):
    """Named positions and last results that outlive a restart."""

    __tablename__ = "cursor"

    name: str = Field(primary_key=True)
    value: str


class PluginTotalRow(GatewayTable, table=True):
    """Running totals of one start of Orthanc, by reason and sender. `received` is a reason too."""

    __tablename__ = "plugin_total"

    boot_id: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    sender: str = Field(primary_key=True)
    dimse_status: int
    count: int
    reported_at: datetime = Field(sa_type=UtcDateTime)


class PluginDayRow(GatewayTable, table=True):
    """What the plugin's running totals grew by on one day (UTC)."""

    __tablename__ = "plugin_day"

    day: date = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    sender: str = Field(primary_key=True)
    count: int


class RefusedPatientRow(GatewayTable, table=True):
    """What the plugin refused of one who has consented, for whoever asks why it is not there."""

    __tablename__ = "refused_patient"

    pseudonym: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    count: int
    last_at: datetime = Field(sa_type=UtcDateTime)


class ErasedDayRow(GatewayTable, table=True):
    """Instances that came on a day and were deleted since, so that the account still adds up."""

    __tablename__ = "erased_day"

    day: date = Field(primary_key=True)
    sender: str = Field(primary_key=True)
    why: str = Field(primary_key=True)
    """An `ErasureCause`."""
    count: int


class AlertRow(GatewayTable, table=True):
    """Something that a person must look at; gone when it is mended."""

    __tablename__ = "alert"

    code: str = Field(primary_key=True)
    text: str
    since: datetime = Field(sa_type=UtcDateTime)
