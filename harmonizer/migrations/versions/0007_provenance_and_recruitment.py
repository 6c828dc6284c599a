"""By which code lists and with which file a row came; who was asked to take part, as counts."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROWS = ("clinical_record", "toxicity_record", "prom_record", "clinical_fact")
COLUMNS = ("form", "code_lists", "import_batch")


def upgrade() -> None:
    for name in ROWS:
        with op.batch_alter_table(name) as table:
            for column in COLUMNS:
                table.add_column(sa.Column(column, sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("prom_record") as table:
        table.add_column(sa.Column("not_answered", sa.String(), nullable=True))
    op.create_table(
        "recruitment",
        sa.Column("centre", sa.String(), nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("centre"),
    )


def downgrade() -> None:
    op.drop_table("recruitment")
    with op.batch_alter_table("prom_record") as table:
        table.drop_column("not_answered")
    for name in ROWS:
        with op.batch_alter_table(name) as table:
            for column in COLUMNS:
                table.drop_column(column)
