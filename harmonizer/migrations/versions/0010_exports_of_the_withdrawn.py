"""What readers took away of patients who withdrew."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("withdrawn_patient") as table:
        table.add_column(sa.Column("held_since", sa.DateTime(), nullable=True))
        table.add_column(
            sa.Column("more_exports", sa.Integer(), nullable=False, server_default="0")
        )
    op.create_table(
        "withdrawn_export",
        *(
            sa.Column(name, sa.String(), primary_key=True)
            for name in ("national_id", "caller", "action", "what")
        ),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
    )
    op.create_index("ix_audit_action", "audit", ["action", "at"])


def downgrade() -> None:
    op.drop_index("ix_audit_action", "audit")
    op.drop_table("withdrawn_export")
    with op.batch_alter_table("withdrawn_patient") as table:
        table.drop_column("more_exports")
        table.drop_column("held_since")
