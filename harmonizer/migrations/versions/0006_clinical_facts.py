"""What else happened to a patient: operations, drugs, results, recurrence, death."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clinical_fact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["clinical_batch.batch_id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_clinical_fact_key", "clinical_fact", ["row_key"], unique=False)
    op.create_index("ix_clinical_fact_patient", "clinical_fact", ["national_id"], unique=False)


def downgrade() -> None:
    op.drop_table("clinical_fact")
