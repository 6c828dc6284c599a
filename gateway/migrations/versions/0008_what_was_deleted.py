"""What was deleted, by the day it had come."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erased_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "sender", "why"),
    )
    # Of what was erased before, only the day of the erasure is known.
    op.execute(
        "INSERT INTO erased_day (day, sender, why, count) "
        "SELECT date(erased_at), '', 'withdrawn', SUM(instances) FROM tombstone "
        "WHERE instances > 0 GROUP BY date(erased_at)"
    )


def downgrade() -> None:
    op.drop_table("erased_day")
