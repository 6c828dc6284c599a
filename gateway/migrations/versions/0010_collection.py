"""What prospective collection has asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "collection_patient",
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym"),
    )
    op.create_table(
        "collection_series",
        sa.Column("series_key", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("series_key"),
    )
    op.create_index("ix_collection_series_fetched_at", "collection_series", ["fetched_at"])


def downgrade() -> None:
    op.drop_table("collection_series")
    op.drop_table("collection_patient")
