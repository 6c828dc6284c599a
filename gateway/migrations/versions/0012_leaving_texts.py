"""Every distinct text that leaves, by attribute path."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leaving_text",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("vr", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("patients", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("path", "vr", "text"),
    )


def downgrade() -> None:
    op.drop_table("leaving_text")
