"""Whether an instance was delivered stands on it, and in what a conflicting one differs."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

OLD = ["received_at", "sender", "course_id", "state", "apart"]


def upgrade() -> None:
    op.add_column("instance", sa.Column("delivered_at", sa.DateTime(), nullable=True))
    op.add_column("instance", sa.Column("differs", sa.JSON(), server_default="[]", nullable=False))
    verified = sa.text(
        "UPDATE instance SET delivered_at = (SELECT min(verified_at) FROM receipt"
        " WHERE receipt.orthanc_id = instance.orthanc_id)"
        " WHERE orthanc_id IN (SELECT orthanc_id FROM receipt WHERE verified_at IS NOT NULL)"
    )
    op.create_index("ix_receipt_of", "receipt", ["orthanc_id"])
    op.execute(verified)
    op.drop_index("ix_receipt_of", "receipt")
    op.drop_index("ix_instance_account", "instance")
    op.create_index("ix_instance_account", "instance", [*OLD, "delivered_at"])


def downgrade() -> None:
    op.drop_index("ix_instance_account", "instance")
    op.create_index("ix_instance_account", "instance", OLD)
    op.drop_column("instance", "differs")
    op.drop_column("instance", "delivered_at")
