"""What a course's plan intends and what its treatment records say was given."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("course") as table:
        table.add_column(sa.Column("intent", sa.String(), nullable=True))
        table.add_column(sa.Column("fractions_delivered", sa.Integer(), nullable=True))
        table.add_column(sa.Column("treatment_days", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("course") as table:
        for name in ("intent", "fractions_delivered", "treatment_days"):
            table.drop_column(name)
