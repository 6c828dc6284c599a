"""An index for the account."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["received_at", "sender", "course_id", "state"]
    op.create_index("ix_instance_account", "instance", columns)


def downgrade() -> None:
    op.drop_index("ix_instance_account", "instance")
