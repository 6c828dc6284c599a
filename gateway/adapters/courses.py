"""Courses in SQL."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, or_, update
from sqlmodel import Session, col, delete, select

from gateway.adapters.database import chunks, reading
from gateway.adapters.tables.courses import CourseRow, ReceiptRow, SubmissionRow
from gateway.adapters.tables.index import InstanceRow
from gateway.domain.courses import CourseState
from gateway.errors import RetryError
from gateway.ports import Course


class SqlCourses:
    """The `Courses` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def of_patient(self, pseudonym: str) -> list[Course]:
        with Session(self._reading) as session:
            query = select(CourseRow).where(CourseRow.pseudonym == pseudonym)
            return [_course(row) for row in session.exec(query.order_by(col(CourseRow.id)))]

    def get(self, course_id: int) -> Course | None:
        with Session(self._reading) as session:
            row = session.get(CourseRow, course_id)
            return None if row is None else _course(row)

    def of_ids(self, course_ids: Collection[int]) -> dict[int, Course]:
        found: dict[int, Course] = {}
        with Session(self._reading) as session:
            for part in chunks(course_ids):
                rows = session.exec(select(CourseRow).where(col(CourseRow.id).in_(part)))
                found.update({row.id: _course(row) for row in rows if row.id is not None})
        return found

    def find(
        self, state: CourseState | None = None, limit: int | None = 500, offset: int = 0
    ) -> list[Course]:
        order = (col(CourseRow.changed_at).desc(), col(CourseRow.id).desc())
        query = select(CourseRow).order_by(*order).offset(offset).limit(limit)
        if state is not None:
            query = query.where(CourseRow.state == state.value)
        with Session(self._reading) as session:
            return [_course(row) for row in session.exec(query)]

    def anchors(self) -> dict[int, str]:
        with Session(self._reading) as session:
            found = session.exec(select(CourseRow.id, CourseRow.anchor_uid))
            return {number: uid for number, uid in found if number is not None}

    def due(self, settled_before: datetime, now: datetime) -> list[Course]:
        query = select(CourseRow).where(
            CourseRow.state == CourseState.COLLECTING.value,
            or_(col(CourseRow.changed_at) <= settled_before, col(CourseRow.changed_at) > now),
        )
        with Session(self._reading) as session:
            return [_course(row) for row in session.exec(query)]

    def save(
        self,
        course: Course,
        members: Collection[str] | None = None,
        apart: Collection[str] | None = None,
    ) -> int:
        with Session(self._engine) as session:
            row = locked(session, course.id) if course.id is not None else None
            row = row or CourseRow(
                anchor_uid=course.anchor_uid,
                pseudonym=course.pseudonym,
                state=course.state.value,
                changed_at=course.changed_at,
                reasons=[],
                findings=[],
                plans={},
                apart=[],
            )
            if row.revision != course.revision:
                raise RetryError("the course was changed meanwhile")
            _fill(row, course)
            row.revision += 1
            session.add(row)
            session.flush()
            if row.id is None:
                raise RuntimeError("the database gave a course no id")
            course_id = row.id
            _write(session, members or (), course_id=course_id)
            if apart is not None:
                theirs = update(InstanceRow).where(col(InstanceRow.course_id) == course_id)
                session.exec(theirs.values(apart=False))
                _write(session, apart, apart=True)
            session.commit()
            return course_id

    def remove(self, course_id: int) -> None:
        with Session(self._engine) as session:
            locked(session, course_id)
            theirs = select(SubmissionRow.id).where(SubmissionRow.course_id == course_id)
            session.exec(
                update(InstanceRow)
                .where(col(InstanceRow.course_id) == course_id)
                .values(course_id=None)
            )
            session.exec(delete(ReceiptRow).where(col(ReceiptRow.submission_id).in_(theirs)))
            session.exec(delete(SubmissionRow).where(col(SubmissionRow.course_id) == course_id))
            session.exec(delete(CourseRow).where(col(CourseRow.id) == course_id))
            session.commit()

    def reopen(self, pseudonym: str) -> None:
        """What the archive refused as it is stays refused: only a person lets it go again."""
        theirs = select(CourseRow).where(CourseRow.pseudonym == pseudonym)
        with Session(self._engine) as session:
            for row in session.exec(theirs.order_by(col(CourseRow.id)).with_for_update()):
                if row.state != CourseState.SENDING.value and not _is_refused_there(row):
                    move(row, CourseState.COLLECTING)
            session.commit()

    def send_again(self, course_ids: Collection[int]) -> None:
        """One that is just being sent is judged again when that is done."""
        with Session(self._engine) as session:
            for course_id in sorted(course_ids):
                row = locked(session, course_id)
                if row is None or row.version == 0 or row.state == CourseState.REFUSED.value:
                    continue
                _send_again(row)
            session.commit()

    def lost(self, course_ids: Collection[int]) -> None:
        """Take back what is written of their delivery, and have them judged as changed."""
        with Session(self._engine) as session:
            for course_id in sorted(course_ids):
                row = locked(session, course_id)
                if row is not None:
                    _unverify(session, course_id)
                    _send_again(row)
            session.commit()

    def counts(self) -> dict[str, int]:
        query = select(CourseRow.state, func.count()).group_by(CourseRow.state)
        with Session(self._reading) as session:
            counted = dict(session.exec(query).all())
        return {state.value: counted.get(state.value, 0) for state in CourseState}


def locked(session: Session, course_id: int | None) -> CourseRow | None:
    """Return a course that nobody else changes until the transaction ends.

    Whoever changes a course or anything of it locks it first, and of several in the order of their
    numbers: else, on a server with several writers, a change is lost or two wait for each other.
    """
    return session.get(CourseRow, course_id, with_for_update=True)


def move(row: CourseRow, state: CourseState) -> None:
    """Put a locked course into a state; whoever has read it before has to read it again."""
    row.state = state.value
    row.revision += 1


def _is_refused_there(row: CourseRow) -> bool:
    refused = row.state == CourseState.REFUSED.value and not row.refusal
    return refused and row.content_digest == row.sent_digest


def _send_again(row: CourseRow) -> None:
    row.sent_digest = ""
    is_sent = row.state == CourseState.SENDING.value
    move(row, CourseState.SENDING if is_sent else CourseState.COLLECTING)


def _unverify(session: Session, course_id: int) -> None:
    """What the archive is said to have it has not, as far as anybody knows."""
    submissions = select(SubmissionRow.id).where(SubmissionRow.course_id == course_id)
    theirs = update(ReceiptRow).where(col(ReceiptRow.submission_id).in_(submissions))
    session.exec(theirs.values(verified_at=None))
    members = update(InstanceRow).where(col(InstanceRow.course_id) == course_id)
    session.exec(members.values(delivered_at=None))


def _write(session: Session, orthanc_ids: Collection[str], **values: Any) -> None:
    for part in chunks(orthanc_ids):
        chosen = update(InstanceRow).where(col(InstanceRow.orthanc_id).in_(part))
        session.exec(chosen.values(**values))


def _fill(row: CourseRow, course: Course) -> None:
    row.anchor_uid = course.anchor_uid
    row.state = course.state.value
    row.version = course.version
    row.content_digest = course.content_digest
    row.sent_digest = course.sent_digest
    row.reasons = list(course.reasons)
    row.findings = list(course.findings)
    row.release = dict(course.release) if course.release else None
    row.refusal = dict(course.refusal) if course.refusal else None
    row.plans = dict(course.plans)
    row.apart = list(course.apart)
    row.instances = course.instances
    row.changed_at = course.changed_at
    row.delivered_version = course.delivered_version
    row.delivered_at = course.delivered_at


def _course(row: CourseRow) -> Course:
    return Course(
        id=row.id,
        anchor_uid=row.anchor_uid,
        pseudonym=row.pseudonym,
        state=CourseState(row.state),
        version=row.version,
        content_digest=row.content_digest,
        sent_digest=row.sent_digest,
        reasons=tuple(row.reasons),
        findings=tuple(row.findings),
        release=row.release,
        refusal=row.refusal,
        plans=row.plans,
        apart=tuple(row.apart),
        instances=row.instances,
        changed_at=row.changed_at,
        delivered_version=row.delivered_version,
        delivered_at=row.delivered_at,
        revision=row.revision,
    )
