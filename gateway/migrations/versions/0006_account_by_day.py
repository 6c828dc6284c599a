"""Who sent an instance, and the plugin's totals by day."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("instance") as instance:
        instance.add_column(sa.Column("sender", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "plugin_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "reason", "sender"),
    )


def downgrade() -> None:
    op.drop_table("plugin_day")
    with op.batch_alter_table("instance") as instance:
        instance.drop_column("sender")
