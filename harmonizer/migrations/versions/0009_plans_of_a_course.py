"""A course keeps what each of its plans asks for and was given: phases of the treatment."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("course", sa.Column("plans", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("course", "plans")
