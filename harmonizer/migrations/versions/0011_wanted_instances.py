"""What a centre still has to send is found without reading every instance."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WANTED = sa.text("verified_sha256 IS NULL OR verified_sha256 != sha256")


def upgrade() -> None:
    op.create_index(
        "ix_instance_wanted",
        "instance",
        ["centre", "size_bytes"],
        postgresql_where=WANTED,
        sqlite_where=WANTED,
    )


def downgrade() -> None:
    op.drop_index("ix_instance_wanted", "instance")
