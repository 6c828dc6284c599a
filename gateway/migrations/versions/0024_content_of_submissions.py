"""What a submission was frozen with: its members' content at that time."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("content_digest", sa.String(), nullable=False, server_default="")
    op.add_column("submission", column)


def downgrade() -> None:
    op.drop_column("submission", "content_digest")
