"""The same objects may come under two patients by mistake: both courses are kept, and held."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_course_anchor_uid", "course")
    op.create_index("ix_course_anchor_uid", "course", ["anchor_uid"])
    with op.batch_alter_table("course") as course:
        course.create_unique_constraint(
            "uq_course_anchor_uid_pseudonym", ["anchor_uid", "pseudonym"]
        )
    op.create_index("ix_instance_study_instance_uid", "instance", ["study_instance_uid"])


def downgrade() -> None:
    op.drop_index("ix_instance_study_instance_uid", "instance")
    with op.batch_alter_table("course") as course:
        course.drop_constraint("uq_course_anchor_uid_pseudonym", type_="unique")
    op.drop_index("ix_course_anchor_uid", "course")
    op.create_index("ix_course_anchor_uid", "course", ["anchor_uid"], unique=True)
