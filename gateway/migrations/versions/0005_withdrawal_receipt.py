"""The archive's receipt of what it deleted of a patient who withdrew."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("clinical_withdrawal") as table:
        table.add_column(sa.Column("receipt", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("clinical_withdrawal") as table:
        table.drop_column("receipt")
