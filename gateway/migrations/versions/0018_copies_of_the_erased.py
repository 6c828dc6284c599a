"""Copies in the spool are counted when a patient is erased, and a deletion under way is known."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tombstone") as table:
        table.add_column(sa.Column("copies", sa.Integer(), server_default="0", nullable=False))
        table.alter_column("erased_at", existing_type=sa.DateTime(), nullable=True)


def downgrade() -> None:
    with op.batch_alter_table("tombstone") as table:
        table.alter_column("erased_at", existing_type=sa.DateTime(), nullable=False)
        table.drop_column("copies")
