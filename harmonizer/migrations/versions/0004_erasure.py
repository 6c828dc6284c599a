"""What was deleted of patients who withdrew."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COUNTS = ("rows", "courses", "instances")


def upgrade() -> None:
    with op.batch_alter_table("withdrawn_patient") as table:
        for name in COUNTS:
            table.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("erased_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("withdrawn_patient") as table:
        for name in (*COUNTS, "erased_at"):
            table.drop_column(name)
