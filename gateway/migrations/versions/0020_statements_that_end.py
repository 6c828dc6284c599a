"""A consent may be given for a time, and a statement that was wrong is annulled."""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.tables.types import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consent", sa.Column("ends_on", sa.Date(), nullable=True))
    op.add_column("consent", sa.Column("annulled_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("consent", "annulled_at")
    op.drop_column("consent", "ends_on")
