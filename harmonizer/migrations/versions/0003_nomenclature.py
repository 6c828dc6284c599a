"""Rule sets of structure names, and decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_name_rule_set()
    _create_name_rule()
    _create_name_decision()


def downgrade() -> None:
    for table in ("name_decision", "name_rule", "name_rule_set"):
        op.drop_table(table)


def _create_name_rule_set() -> None:
    op.create_table(
        "name_rule_set",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_index("ix_name_rule_set_state", "name_rule_set", ["state"])


def _create_name_rule() -> None:
    op.create_table(
        "name_rule",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("local_name", sa.String(), nullable=False),
        sa.Column("tg263_name", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_on", sa.String(), nullable=False),
        sa.Column("guideline", sa.String(), nullable=False),
        sa.Column("examples", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["name_rule_set.version"]),
        sa.PrimaryKeyConstraint("version", "centre", "site", "name_key"),
    )


def _create_name_decision() -> None:
    op.create_table(
        "name_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("centre", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("local_name", sa.String(), nullable=False),
        sa.Column("tg263_name", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("guideline", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_name_decision_scope", "name_decision", ["name_key", "centre", "site"])
