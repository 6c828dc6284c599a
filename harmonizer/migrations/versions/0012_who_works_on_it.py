"""Work knows which service took it; how far changes were read is not kept any more."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work", sa.Column("worker", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE work SET state = 'waiting', lease_until = NULL WHERE state = 'running'")
    op.drop_table("cursor")


def downgrade() -> None:
    op.create_table(
        "cursor",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.drop_column("work", "worker")
