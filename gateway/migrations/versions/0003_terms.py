"""Redacted terms, where they stand and what was decided about them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "term",
        sa.Column("replacement", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("replacement"),
    )
    op.create_index(op.f("ix_term_decision"), "term", ["decision"])
    op.create_table(
        "term_use",
        sa.Column("replacement", sa.String(), nullable=False),
        sa.Column("orthanc_id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["replacement"], ["term.replacement"]),
        sa.PrimaryKeyConstraint("replacement", "orthanc_id", "tag"),
    )
    op.create_index(op.f("ix_term_use_pseudonym"), "term_use", ["pseudonym"])


def downgrade() -> None:
    for table in ("term_use", "term"):
        op.drop_table(table)
