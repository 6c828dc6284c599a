"""Metrics are found by course and region: names of a whole archive change in minutes."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_metric_course", "metric")
    op.create_index("ix_metric_course", "metric", ["course_uid", "roi_number"])


def downgrade() -> None:
    op.drop_index("ix_metric_course", "metric")
    op.create_index("ix_metric_course", "metric", ["course_uid"])
