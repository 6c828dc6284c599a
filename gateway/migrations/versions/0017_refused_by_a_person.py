"""A person's refusal is kept apart from the state, so that what comes later does not undo it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

COURSE = sa.table(
    "course",
    sa.column("id", sa.Integer),
    sa.column("state", sa.String),
    sa.column("version", sa.Integer),
    sa.column("content_digest", sa.String),
    sa.column("sent_digest", sa.String),
    sa.column("changed_at", sa.String),
    sa.column("refusal", sa.JSON(none_as_null=True)),
)
SUBMISSION = sa.table(
    "submission",
    sa.column("course_id", sa.Integer),
    sa.column("version", sa.Integer),
    sa.column("state", sa.String),
)


def upgrade() -> None:
    op.add_column("course", sa.Column("refusal", sa.JSON(), nullable=True))
    by_the_archive = (
        sa.select(SUBMISSION.c.course_id)
        .where(SUBMISSION.c.course_id == COURSE.c.id, SUBMISSION.c.version == COURSE.c.version)
        .where(SUBMISSION.c.state == "refused")
        .exists()
    )
    by_a_person = (
        (COURSE.c.state == "refused")
        & (COURSE.c.sent_digest == COURSE.c.content_digest)
        & ~by_the_archive
    )
    day = sa.func.substr(sa.cast(COURSE.c.changed_at, sa.String), 1, 10)
    database = op.get_bind()
    refused = database.execute(
        sa.select(COURSE.c.id, COURSE.c.content_digest, day).where(by_a_person)
    )
    for course_id, digest, on in refused.all():
        refusal = {"on": on, "by": "a person", "comment": "", "digest": digest}
        row = COURSE.c.id == course_id
        database.execute(sa.update(COURSE).where(row).values(refusal=refusal))


def downgrade() -> None:
    op.drop_column("course", "refusal")
