"""Plans that are kept apart inside a course, and what a person has decided about plans."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COUNTED = ["received_at", "sender", "course_id", "state"]


def upgrade() -> None:
    op.add_column("course", sa.Column("plans", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("course", sa.Column("apart", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column(
        "instance", sa.Column("apart", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.drop_index("ix_instance_account", "instance")
    op.create_index("ix_instance_account", "instance", [*COUNTED, "apart"])
    # what was held for one of its plans may go without it
    op.execute(
        "UPDATE course SET state = 'collecting', revision = revision + 1 WHERE state = 'held'"
    )


def downgrade() -> None:
    op.drop_index("ix_instance_account", "instance")
    op.create_index("ix_instance_account", "instance", COUNTED)
    op.drop_column("instance", "apart")
    op.drop_column("course", "apart")
    op.drop_column("course", "plans")
