"""What centres announced, what the archive holds of it, and what was worked out from it."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field

from harmonizer.adapters.tables.base import HarmonizerTable
from harmonizer.adapters.tables.types import UtcDateTime
from harmonizer.domain.studies import InstanceKey

WANTED: Final = text("verified_sha256 IS NULL OR verified_sha256 != sha256")


class StudyTable(HarmonizerTable, table=True):
    """Whose study it is. One study under two patients could not be retrieved any more."""

    __tablename__ = "study"

    study_instance_uid: str = Field(primary_key=True)
    national_id: str = Field(index=True)
    centre: str


class SubmissionTable(HarmonizerTable, table=True):
    """One announced version of a course, with its certificate as it came."""

    __tablename__ = "submission"
    __table_args__ = (Index("ix_submission_patient", "national_id"),)

    course_uid: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    centre: str
    national_id: str
    state: str
    reason: str | None = None
    manifest_sha256: str
    certificate: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    announced_at: datetime = Field(sa_type=UtcDateTime)
    stored_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class InstanceTable(HarmonizerTable, table=True):
    """One instance: the digest that is expected now, and the one that was read back."""

    __tablename__ = "instance"
    __table_args__ = (
        Index("ix_instance_digest", "sha256"),
        Index("ix_instance_study", "study_instance_uid"),
        Index(
            "ix_instance_wanted",
            "centre",
            "size_bytes",
            postgresql_where=WANTED,
            sqlite_where=WANTED,
        ),
    )

    sop_instance_uid: str = Field(primary_key=True)
    sop_class_uid: str
    series_instance_uid: str
    study_instance_uid: str = Field(foreign_key="study.study_instance_uid")
    centre: str
    modality: str
    size_bytes: int
    sha256: str
    verified_sha256: str | None = None


def key_of(row: InstanceTable, national_id: str) -> InstanceKey:
    """Return what names an instance in the store; whose it is, its study says."""
    return InstanceKey(
        national_id, row.study_instance_uid, row.series_instance_uid, row.sop_instance_uid
    )


class CourseInstanceTable(HarmonizerTable, table=True):
    """Which instances a version of a course consists of, and as what."""

    __tablename__ = "course_instance"
    __table_args__ = (Index("ix_course_instance_sop", "sop_instance_uid"),)

    course_uid: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    sop_instance_uid: str = Field(primary_key=True, foreign_key="instance.sop_instance_uid")
    role: str


class CourseTable(HarmonizerTable, table=True):
    """The newest stored version of a course and what its plan says. Derived: can be rebuilt."""

    __tablename__ = "course"
    __table_args__ = (
        Index("ix_course_patient", "national_id"),
        Index("ix_course_centre", "centre", "state"),
    )

    course_uid: str = Field(primary_key=True)
    version: int
    centre: str
    national_id: str
    state: str
    """As `gateway.contract.receipts.SubmissionState`: stored, harmonized or failed."""
    reason: str | None = None
    site: str | None = None
    laterality: str | None = None
    plan_label: str | None = None
    technique: str | None = None
    prescribed_gy: float | None = None
    fractions: int | None = None
    intent: str | None = None
    fractions_delivered: int | None = None
    """None without treatment records."""
    treatment_days: int | None = None
    plans: list[dict[str, Any]] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """Each plan of the course, as `PlanRow`; None where an older version harmonized it."""
    stored_at: datetime = Field(sa_type=UtcDateTime)
    harmonized_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    made_by: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    """Versions of the rules and the code that made the derived rows."""


class CourseStudyTable(HarmonizerTable, table=True):
    """The studies that a course lies in."""

    __tablename__ = "course_study"
    __table_args__ = (Index("ix_course_study_study", "study_instance_uid"),)

    course_uid: str = Field(primary_key=True, foreign_key="course.course_uid")
    study_instance_uid: str = Field(primary_key=True, foreign_key="study.study_instance_uid")


class StructureTable(HarmonizerTable, table=True):
    """One region of interest: the local name, its standard name and why."""

    __tablename__ = "structure"
    __table_args__ = (
        Index("ix_structure_course", "course_uid"),
        Index("ix_structure_name", "standard_name"),
        Index("ix_structure_local", "local_name"),
    )

    id: int | None = Field(default=None, primary_key=True)
    course_uid: str = Field(foreign_key="course.course_uid")
    roi_number: int
    local_name: str
    standard_name: str | None = None
    """TG-263; None while no name is sure enough to be applied unseen."""
    suggestion: str | None = None
    """The best reading, sure enough or not."""
    kind: str
    confidence: float
    status: str
    reason: str
    alternatives: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    dose_status: str
    volume_cm3: float | None = None
    curve: list[list[float]] = Field(sa_column=Column(JSON, nullable=False))
    """Cumulative DVH for a plot: dose in Gy and volume in per cent; empty if there is none."""


class MetricTable(HarmonizerTable, table=True):
    """One dose-volume metric of one structure."""

    __tablename__ = "metric"
    __table_args__ = (
        Index("ix_metric_course", "course_uid", "roi_number"),
        Index("ix_metric_value", "name", "standard_name", "value"),
    )

    id: int | None = Field(default=None, primary_key=True)
    course_uid: str = Field(foreign_key="course.course_uid")
    roi_number: int
    standard_name: str | None = None
    name: str
    """TG-263, e.g. `Mean[Gy]`."""
    value: float | None = None
    unit: str
    uncertainty: float | None = None
    note: str = ""


class FindingTable(HarmonizerTable, table=True):
    """One result of a quality rule."""

    __tablename__ = "finding"
    __table_args__ = (Index("ix_finding_course", "course_uid"), Index("ix_finding_code", "code"))

    id: int | None = Field(default=None, primary_key=True)
    course_uid: str = Field(foreign_key="course.course_uid")
    code: str
    severity: str
    place: str
    text: str
