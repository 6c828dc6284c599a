"""First tables of the harmonizer: submissions, courses, results, work, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_audit()
    _create_course()
    _create_cursor()
    _create_study()
    _create_submission()
    _create_work()
    _create_course_study()
    _create_finding()
    _create_instance()
    _create_metric()
    _create_structure()
    _create_course_instance()


def downgrade() -> None:
    for table in (
        "course_instance",
        "structure",
        "metric",
        "instance",
        "finding",
        "course_study",
        "work",
        "submission",
        "study",
        "cursor",
        "course",
        "audit",
    ):
        op.drop_table(table)


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )


def _create_course() -> None:
    op.create_table(
        "course",
        sa.Column("course_uid", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("site", sa.String(), nullable=True),
        sa.Column("laterality", sa.String(), nullable=True),
        sa.Column("plan_label", sa.String(), nullable=True),
        sa.Column("technique", sa.String(), nullable=True),
        sa.Column("prescribed_gy", sa.Float(), nullable=True),
        sa.Column("fractions", sa.Integer(), nullable=True),
        sa.Column("stored_at", sa.DateTime(), nullable=False),
        sa.Column("harmonized_at", sa.DateTime(), nullable=True),
        sa.Column("made_by", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("course_uid"),
    )
    op.create_index("ix_course_centre", "course", ["centre", "state"], unique=False)
    op.create_index("ix_course_patient", "course", ["national_id"], unique=False)


def _create_cursor() -> None:
    op.create_table(
        "cursor",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _create_study() -> None:
    op.create_table(
        "study",
        sa.Column("study_instance_uid", sa.String(), nullable=False),
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("study_instance_uid"),
    )
    op.create_index("ix_study_national_id", "study", ["national_id"], unique=False)


def _create_submission() -> None:
    op.create_table(
        "submission",
        sa.Column("course_uid", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("manifest_sha256", sa.String(), nullable=False),
        sa.Column("certificate", sa.JSON(), nullable=False),
        sa.Column("announced_at", sa.DateTime(), nullable=False),
        sa.Column("stored_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("course_uid", "version"),
    )
    op.create_index("ix_submission_patient", "submission", ["national_id"], unique=False)


def _create_work() -> None:
    op.create_table(
        "work",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(), nullable=False),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("asked_again", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "subject"),
    )
    op.create_index("ix_work_due", "work", ["state", "not_before"], unique=False)


def _create_course_study() -> None:
    op.create_table(
        "course_study",
        sa.Column("course_uid", sa.String(), nullable=False),
        sa.Column("study_instance_uid", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["study_instance_uid"], ["study.study_instance_uid"]),
        sa.ForeignKeyConstraint(["course_uid"], ["course.course_uid"]),
        sa.PrimaryKeyConstraint("course_uid", "study_instance_uid"),
    )
    op.create_index("ix_course_study_study", "course_study", ["study_instance_uid"], unique=False)


def _create_finding() -> None:
    op.create_table(
        "finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_uid", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["course_uid"], ["course.course_uid"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_finding_code", "finding", ["code"], unique=False)
    op.create_index("ix_finding_course", "finding", ["course_uid"], unique=False)


def _create_instance() -> None:
    op.create_table(
        "instance",
        sa.Column("sop_instance_uid", sa.String(), nullable=False),
        sa.Column("sop_class_uid", sa.String(), nullable=False),
        sa.Column("series_instance_uid", sa.String(), nullable=False),
        sa.Column("study_instance_uid", sa.String(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("verified_sha256", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["study_instance_uid"], ["study.study_instance_uid"]),
        sa.PrimaryKeyConstraint("sop_instance_uid"),
    )
    op.create_index("ix_instance_digest", "instance", ["sha256"], unique=False)
    op.create_index("ix_instance_study", "instance", ["study_instance_uid"], unique=False)


def _create_metric() -> None:
    op.create_table(
        "metric",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_uid", sa.String(), nullable=False),
        sa.Column("roi_number", sa.Integer(), nullable=False),
        sa.Column("standard_name", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("uncertainty", sa.Float(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["course_uid"], ["course.course_uid"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_metric_course", "metric", ["course_uid"], unique=False)
    op.create_index("ix_metric_value", "metric", ["name", "standard_name", "value"], unique=False)


def _create_structure() -> None:
    op.create_table(
        "structure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_uid", sa.String(), nullable=False),
        sa.Column("roi_number", sa.Integer(), nullable=False),
        sa.Column("local_name", sa.String(), nullable=False),
        sa.Column("standard_name", sa.String(), nullable=True),
        sa.Column("suggestion", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("alternatives", sa.JSON(), nullable=False),
        sa.Column("dose_status", sa.String(), nullable=False),
        sa.Column("volume_cm3", sa.Float(), nullable=True),
        sa.Column("curve", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["course_uid"], ["course.course_uid"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_structure_course", "structure", ["course_uid"], unique=False)
    op.create_index("ix_structure_local", "structure", ["local_name"], unique=False)
    op.create_index("ix_structure_name", "structure", ["standard_name"], unique=False)


def _create_course_instance() -> None:
    op.create_table(
        "course_instance",
        sa.Column("course_uid", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sop_instance_uid", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["sop_instance_uid"], ["instance.sop_instance_uid"]),
        sa.PrimaryKeyConstraint("course_uid", "version", "sop_instance_uid"),
    )
    op.create_index("ix_course_instance_sop", "course_instance", ["sop_instance_uid"], unique=False)
