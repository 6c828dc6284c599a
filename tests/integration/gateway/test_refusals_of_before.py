"""A database of the version before keeps what people had refused."""

from pathlib import Path

from alembic import command
from sqlalchemy import text

from gateway.adapters.courses import SqlCourses
from gateway.adapters.database import open_engine
from gateway.adapters.schema import migration_config, upgrade

COURSE = """INSERT INTO course (anchor_uid, pseudonym, state, version, content_digest, sent_digest,
reasons, findings, instances, revision, changed_at, delivered_version)
VALUES (:anchor, 'P', :state, :version, 'd', :sent, '[]', '[]', 3, 1, '2026-03-02 12:00:00', 0)"""
SUBMISSION = """INSERT INTO submission
(course_id, version, state, attempts, next_try_at, created_at)
VALUES (2, 1, 'refused', 1, '2026-03-02 12:00:00', '2026-03-02 12:00:00')"""


def test_a_person_s_refusal_is_told_from_the_archive_s_and_the_policy_s(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'of-before.db'}")
    config = migration_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0016")
        for anchor, state, version, sent in (
            ("person", "refused", 0, "d"),
            ("archive", "refused", 1, "d"),
            ("policy", "refused", 0, ""),
            ("held", "held", 0, ""),
        ):
            values = {"anchor": anchor, "state": state, "version": version, "sent": sent}
            connection.execute(text(COURSE), values)
        connection.execute(text(SUBMISSION))
    upgrade(engine)
    courses = {course.anchor_uid: course for course in SqlCourses(engine).of_patient("P")}
    engine.dispose()
    refused = {anchor: course.refusal for anchor, course in courses.items() if course.refusal}
    assert list(refused) == ["person"]
    assert (refused["person"]["on"], refused["person"]["digest"]) == ("2026-03-02", "d")
    assert {course.state.value for course in courses.values()} == {"refused", "collecting"}
