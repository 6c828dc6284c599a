"""Merges, so that their progress is seen and a wrong one can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("other", sa.String(), nullable=True),
        sa.Column("lookups", sa.JSON(), nullable=False),
        sa.Column("statements", sa.JSON(), nullable=False),
        sa.Column("last_statement", sa.Integer(), nullable=False),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("merged_at", sa.DateTime(), nullable=False),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["pseudonym"], ["person.pseudonym"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_merge_pseudonym", "merge", ["pseudonym"])


def downgrade() -> None:
    op.drop_index("ix_merge_pseudonym", "merge")
    op.drop_table("merge")
