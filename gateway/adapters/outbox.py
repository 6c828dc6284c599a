"""The outbox: a table of submissions, each worked on by one worker at a time under a lease."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, bindparam, func, or_, update
from sqlmodel import Session, col, delete, select

from gateway.adapters.courses import locked, move
from gateway.adapters.database import not_between, reading
from gateway.adapters.remembering import Remembered
from gateway.adapters.tables.courses import CourseRow, ReceiptRow, SubmissionRow
from gateway.adapters.tables.index import InstanceRow
from gateway.domain.courses import CourseState, InstanceState
from gateway.domain.submission import OutboxState, Patience
from gateway.ports import Clock, Course, Sent, Work

_OPEN = (OutboxState.WAITING, OutboxState.SENDING)
LONGEST_WAIT = timedelta(seconds=Patience().ceiling_s)


class SqlOutbox:
    """The `Outbox` port."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._clock = clock
        self._verified = Remembered()

    def queue(self, course: Course, members: Collection[str]) -> bool:
        now = self._clock.now()
        with Session(self._engine) as session:
            row = locked(session, course.id)
            if row is None:
                return True
            submission = self._unannounced(session, row)
            if submission is None and self._busy(session, row):
                return False
            if submission is None:
                row.version += 1
                submission = SubmissionRow(
                    course_id=row.id or 0,
                    version=row.version,
                    state=OutboxState.WAITING,
                    next_try_at=now,
                    created_at=now,
                )
                session.add(submission)
                session.flush()
            submission.content_digest = course.content_digest
            self._freeze(session, submission, members)
            move(row, CourseState.READY)
            row.sent_digest = row.content_digest
            session.commit()
            return True

    def _unannounced(self, session: Session, course: CourseRow) -> SubmissionRow | None:
        """Return a version that nobody outside has heard of, so that it may still change."""
        submission = session.exec(
            select(SubmissionRow).where(
                SubmissionRow.course_id == course.id,
                SubmissionRow.version == course.version,
                col(SubmissionRow.state).in_((OutboxState.WAITING, OutboxState.WITHHELD)),
                col(SubmissionRow.lease_owner).is_(None),
            )
        ).first()
        if submission is None:
            return None
        told = select(ReceiptRow).where(
            ReceiptRow.submission_id == submission.id, ReceiptRow.national_uid != ""
        )
        if session.exec(told.limit(1)).first() is not None:
            return None
        submission.state, submission.next_try_at = OutboxState.WAITING, self._clock.now()
        return submission

    @staticmethod
    def _busy(session: Session, course: CourseRow) -> bool:
        query = select(SubmissionRow.id).where(
            SubmissionRow.course_id == course.id, col(SubmissionRow.state).in_(_OPEN)
        )
        return session.exec(query).first() is not None

    @staticmethod
    def _freeze(session: Session, submission: SubmissionRow, members: Collection[str]) -> None:
        session.exec(delete(ReceiptRow).where(col(ReceiptRow.submission_id) == submission.id))
        for orthanc_id in sorted(members):
            session.add(
                ReceiptRow(
                    submission_id=submission.id or 0,
                    orthanc_id=orthanc_id,
                    national_uid="",
                    sha256="",
                    size_bytes=0,
                )
            )

    def claim(self, owner: str, lease_s: float) -> Work | None:
        now, lease = self._clock.now(), timedelta(seconds=lease_s)
        with Session(self._engine) as session:
            found = session.exec(
                select(SubmissionRow, CourseRow)
                .join(CourseRow, col(CourseRow.id) == col(SubmissionRow.course_id))
                .where(
                    col(SubmissionRow.state).in_(_OPEN),
                    not_between(SubmissionRow.next_try_at, now, now + LONGEST_WAIT),
                    or_(
                        col(SubmissionRow.lease_until).is_(None),
                        # whoever asks has none: it could not write down how its last one ended
                        col(SubmissionRow.lease_owner) == owner,
                        not_between(SubmissionRow.lease_until, now, now + lease),
                    ),
                )
                .order_by(col(SubmissionRow.next_try_at), col(SubmissionRow.id))
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if found is None:
                return None
            row, course = found
            row.state, row.lease_owner = OutboxState.SENDING, owner
            row.lease_until = now + lease
            row.attempts += 1
            if course.sent_digest == course.content_digest:
                move(course, CourseState.SENDING)
            members = session.exec(
                select(ReceiptRow.orthanc_id).where(ReceiptRow.submission_id == row.id)
            ).all()
            work = _work(row, owner, members)
            session.commit()
            return work

    def extend(self, work: Work, lease_s: float) -> bool:
        with Session(self._engine) as session:
            row = self._mine(session, work)
            if row is None:
                return False
            row.lease_until = self._clock.now() + timedelta(seconds=lease_s)
            session.commit()
            return True

    def announced(self, work: Work, sent: Sequence[Sent]) -> None:
        names = ("national_uid", "sha256", "size_bytes")
        rows = [
            {"of": one.orthanc_id} | {f"new_{name}": getattr(one, name) for name in names}
            for one in sent
        ]
        with Session(self._engine) as session:
            _receive(session, work, names, rows)
            session.commit()

    def verified(self, work: Work, national_uids: Collection[str]) -> None:
        now, wanted = self._clock.now(), set(national_uids)
        query = select(ReceiptRow.orthanc_id, ReceiptRow.national_uid).where(
            ReceiptRow.submission_id == work.id
        )
        with Session(self._engine) as session:
            course = locked(session, work.course_id)
            rows = [
                {"of": orthanc_id, "new_verified_at": now if uid in wanted else None}
                for orthanc_id, uid in session.exec(query)
            ]
            _receive(session, work, ("verified_at",), rows)
            _deliver(session, work, now)
            if course is not None:  # something of it has changed
                course.revision += 1
            session.commit()

    def finish(self, work: Work, state: OutboxState, reason: str = "") -> None:
        now = self._clock.now()
        with Session(self._engine) as session:
            course = locked(session, work.course_id)
            row = self._mine(session, work)
            if row is None:
                return
            row.state, row.lease_owner, row.lease_until = state, None, None
            row.last_error = reason or None
            if state is OutboxState.VERIFIED:
                row.verified_at = now
            if course is not None:
                _settle(course, row.version, state, now)
                if course.state == CourseState.DELIVERED.value:
                    _end_conflicts(session, row)
            session.commit()

    def refused_courses(self) -> list[int]:
        newest = (col(SubmissionRow.course_id) == col(CourseRow.id)) & (
            col(SubmissionRow.version) == col(CourseRow.version)
        )
        stands = CourseRow.state == CourseState.REFUSED.value
        query = select(CourseRow.id).join(SubmissionRow, newest)
        query = query.where(stands, SubmissionRow.state == OutboxState.REFUSED)
        with Session(self._reading) as session:
            return sorted(one for one in session.exec(query) if one is not None)

    def retry(self, work: Work, wait_s: float, reason: str) -> None:
        with Session(self._engine) as session:
            course = locked(session, work.course_id)
            row = self._mine(session, work)
            if row is None:
                return
            row.state, row.lease_owner, row.lease_until = OutboxState.WAITING, None, None
            row.next_try_at = self._clock.now() + timedelta(seconds=wait_s)
            row.last_error = reason
            if course is not None and course.state == CourseState.SENDING.value:
                move(course, CourseState.READY)
            session.commit()

    def cancel(self, pseudonym: str, course_id: int | None = None) -> int:
        only: Any = True if course_id is None else CourseRow.id == course_id
        theirs = select(CourseRow).where(CourseRow.pseudonym == pseudonym, only)
        with Session(self._engine) as session:
            found = session.exec(theirs.order_by(col(CourseRow.id)).with_for_update())
            courses = {course.id: course for course in found}
            rows = session.exec(
                select(SubmissionRow)
                .where(
                    col(SubmissionRow.course_id).in_(courses),
                    col(SubmissionRow.state).in_(_OPEN),
                )
                .order_by(col(SubmissionRow.id))
                .with_for_update()
            ).all()
            for row in rows:
                row.state, row.lease_owner, row.lease_until = OutboxState.WITHHELD, None, None
                courses[row.course_id].sent_digest = ""
                move(courses[row.course_id], CourseState.COLLECTING)
            session.commit()
            return len(rows)

    def release_leases(self) -> None:
        """Free what an earlier process of this service held when it was killed.

        Two processes on one database would at worst send a course twice, which changes nothing.
        """
        with Session(self._engine) as session:
            rows = session.exec(
                select(SubmissionRow).where(SubmissionRow.state == OutboxState.SENDING)
            )
            for row in rows:
                row.state, row.lease_owner, row.lease_until = OutboxState.WAITING, None, None
            session.commit()

    def hurry(self) -> None:
        """Let everything that waits for its next attempt go now."""
        with Session(self._engine) as session:
            waiting = select(SubmissionRow).where(SubmissionRow.state == OutboxState.WAITING)
            # In one order, as everybody who locks several: nobody waits for one who waits for us.
            for row in session.exec(waiting.order_by(col(SubmissionRow.id)).with_for_update()):
                row.next_try_at = self._clock.now()
            session.commit()

    def counts(self) -> dict[str, int]:
        query = select(SubmissionRow.state, func.count()).group_by(SubmissionRow.state)
        delivered = select(
            func.count(func.distinct(ReceiptRow.orthanc_id)),
            func.count(func.distinct(ReceiptRow.national_uid)),
        ).where(col(ReceiptRow.verified_at).is_not(None))
        with Session(self._reading) as session:
            counted = dict(session.exec(query).all())
            verified, names = self._verified.get(session, lambda: session.exec(delivered).one())
            return {**counted, "instances_verified": verified, "names_verified": names}

    def receipts(self, course_id: int) -> list[dict[str, Any]]:
        query = (
            select(SubmissionRow, ReceiptRow)
            .join(ReceiptRow, col(ReceiptRow.submission_id) == col(SubmissionRow.id))
            .where(SubmissionRow.course_id == course_id)
            .order_by(col(SubmissionRow.version), col(ReceiptRow.orthanc_id))
        )
        with Session(self._reading) as session:
            return [
                {
                    "version": submission.version,
                    "state": submission.state,
                    "last_error": submission.last_error,
                    "orthanc_id": receipt.orthanc_id,
                    "sha256": receipt.sha256,
                    "verified": receipt.verified_at is not None,
                    "verified_at": receipt.verified_at.isoformat() if receipt.verified_at else None,
                }
                for submission, receipt in session.exec(query)
            ]

    @staticmethod
    def _mine(session: Session, work: Work) -> SubmissionRow | None:
        """Return the row if this worker still has it: a lost lease means hands off."""
        row = session.get(SubmissionRow, work.id, with_for_update=True)
        return row if row is not None and row.lease_owner == work.owner else None


def _work(row: SubmissionRow, owner: str, members: Sequence[str]) -> Work:
    return Work(
        row.id or 0,
        row.course_id,
        row.version,
        row.attempts,
        owner,
        tuple(members),
        row.content_digest,
    )


def _receive(
    session: Session, work: Work, names: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write columns of many receipts of a submission with one statement."""
    table = ReceiptRow.__table__  # type: ignore[attr-defined]
    theirs = (table.c.submission_id == work.id) & (table.c.orthanc_id == bindparam("of"))
    change: Any = update(table).where(theirs)
    if rows:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        session.connection().execute(change.values(values), rows)


def _deliver(session: Session, work: Work, now: datetime) -> None:
    """Write on the instances what the receipts of a submission say."""
    here = select(ReceiptRow.orthanc_id).where(
        ReceiptRow.submission_id == work.id, col(ReceiptRow.verified_at).is_not(None)
    )
    new = col(InstanceRow.orthanc_id).in_(here) & col(InstanceRow.delivered_at).is_(None)
    session.exec(update(InstanceRow).where(new).values(delivered_at=now))


def _end_conflicts(session: Session, submission: SubmissionRow) -> None:
    """What the archive has read back as it is here now is in conflict with nothing any more.

    One that came meanwhile, and was not judged yet, belongs to no course: it stays.
    """
    members = select(ReceiptRow.orthanc_id).where(ReceiptRow.submission_id == submission.id)
    in_conflict = col(InstanceRow.state) == InstanceState.CONFLICT
    judged = col(InstanceRow.course_id) == submission.course_id
    these = col(InstanceRow.orthanc_id).in_(members)
    theirs = update(InstanceRow).where(these, in_conflict, judged)
    session.exec(theirs.values(state=InstanceState.PRESENT, differs=[]))


def _settle(course: CourseRow, version: int, state: OutboxState, now: datetime) -> None:
    """Say on the course how a version ended, and have it judged again if it has changed."""
    if state is OutboxState.VERIFIED:
        course.delivered_version, course.delivered_at = version, now
    if state in {OutboxState.WITHHELD, OutboxState.OVERTAKEN}:
        course.sent_digest = ""  # so that it is queued again: once it may go, as the next version
    if course.content_digest != course.sent_digest:
        move(course, CourseState.COLLECTING)
    elif state is OutboxState.VERIFIED:
        move(course, CourseState.DELIVERED)
    else:
        move(course, CourseState.REFUSED)
