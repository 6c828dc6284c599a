"""Whose an object is that was set aside."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    whose = sa.Column("pseudonym", sa.String(), server_default="", nullable=False)
    op.add_column("set_aside", whose)
    op.create_index("ix_set_aside_pseudonym", "set_aside", ["pseudonym"])


def downgrade() -> None:
    op.drop_index("ix_set_aside_pseudonym", "set_aside")
    op.drop_column("set_aside", "pseudonym")
