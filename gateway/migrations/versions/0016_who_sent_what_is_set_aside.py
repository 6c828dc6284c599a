"""Who sent an object that was set aside, so that it stands in the account by day and sender."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sender = sa.Column("sender", sa.String(), server_default="", nullable=False)
    op.add_column("set_aside", sender)


def downgrade() -> None:
    op.drop_column("set_aside", "sender")
