"""Clinical, toxicity and PROM records."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_clinical_batch()
    _create_clinical_patient()
    _create_withdrawn_patient()
    _create_clinical_record()
    _create_prom_record()
    _create_toxicity_record()


def downgrade() -> None:
    for table in (
        "toxicity_record",
        "prom_record",
        "clinical_record",
        "withdrawn_patient",
        "clinical_patient",
        "clinical_batch",
    ):
        op.drop_table(table)


def _create_clinical_batch() -> None:
    op.create_table(
        "clinical_batch",
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("receipt", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id"),
    )


def _create_clinical_patient() -> None:
    op.create_table(
        "clinical_patient",
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("national_id"),
    )
    op.create_index("ix_clinical_patient_centre", "clinical_patient", ["centre"], unique=False)


def _create_withdrawn_patient() -> None:
    op.create_table(
        "withdrawn_patient",
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("national_id"),
    )


def _create_clinical_record() -> None:
    op.create_table(
        "clinical_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("diagnosis_icd10", sa.String(), nullable=True),
        sa.Column("laterality", sa.String(), nullable=True),
        sa.Column("site", sa.String(), nullable=True),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("age_years", sa.Integer(), nullable=True),
        sa.Column("sex", sa.String(), nullable=True),
        sa.Column("smoking", sa.String(), nullable=True),
        sa.Column("performance_status", sa.Integer(), nullable=True),
        sa.Column("chemotherapy", sa.Boolean(), nullable=True),
        sa.Column("rt_start", sa.Date(), nullable=True),
        sa.Column("rt_end", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["clinical_batch.batch_id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_clinical_record_key", "clinical_record", ["row_key"], unique=False)
    op.create_index("ix_clinical_record_patient", "clinical_record", ["national_id"], unique=False)


def _create_prom_record() -> None:
    op.create_table(
        "prom_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("instrument_version", sa.String(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("scoring_version", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["clinical_batch.batch_id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_prom_record_key", "prom_record", ["row_key"], unique=False)
    op.create_index("ix_prom_record_patient", "prom_record", ["national_id"], unique=False)


def _create_toxicity_record() -> None:
    op.create_table(
        "toxicity_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("ctcae_version", sa.String(), nullable=False),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("meddra_code", sa.Integer(), nullable=True),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("attribution", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["clinical_batch.batch_id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_toxicity_record_key", "toxicity_record", ["row_key"], unique=False)
    op.create_index("ix_toxicity_record_patient", "toxicity_record", ["national_id"], unique=False)
