"""The durable work list in SQL."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, func, or_
from sqlmodel import Session, col, select, update

from harmonizer.adapters.database import reading
from harmonizer.adapters.tables.work import WorkTable
from harmonizer.ports import Task, WorkState

LONGEST_PAUSE: Final = timedelta(hours=1)
"""Nothing is put off for longer."""


class SqlWork:
    """The `Work` port. Several services may claim: a row is taken by one compare-and-set.

    Parameters
    ----------
    worker
        Tells this service from others on the same database, and is the same after a restart.
    """

    def __init__(self, engine: Engine, worker: str = "") -> None:
        self._engine = engine
        self._worker = worker
        self._reading = reading(engine)

    def add(self, kind: str, subjects: Iterable[str], at: datetime) -> None:
        with Session(self._engine) as session, session.begin():
            ask(session, kind, subjects, at)

    def claim(self, at: datetime, lease: timedelta, kind: str) -> Task | None:
        due = (col(WorkTable.state) == WorkState.WAITING) & _not_between(
            WorkTable.not_before, at, at + LONGEST_PAUSE
        )
        lost = (col(WorkTable.state) == WorkState.RUNNING) & _not_between(
            WorkTable.lease_until, at, at + lease
        )
        query = select(WorkTable).where(WorkTable.kind == kind, due | lost)
        query = query.order_by(col(WorkTable.not_before)).limit(1)
        with Session(self._engine) as session:
            row = session.exec(query.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            row.state, row.lease_until, row.worker = WorkState.RUNNING, at + lease, self._worker
            row.attempts += 1
            session.add(row)
            session.commit()
            return Task(row.kind, row.subject, row.attempts)

    def done(self, task: Task, at: datetime) -> None:
        with Session(self._engine) as session, session.begin():
            row = _row(session, task)
            if row is not None and not _begins_again(row, at):
                session.delete(row)

    def retry(self, task: Task, not_before: datetime, reason: str) -> None:
        with Session(self._engine) as session, session.begin():
            row = _row(session, task)
            if row is not None:
                row.state, row.lease_until = WorkState.WAITING, None
                row.not_before, row.reason = not_before, reason

    def give_up(self, task: Task, at: datetime, reason: str) -> bool:
        with Session(self._engine) as session, session.begin():
            row = _row(session, task)
            if row is None or _begins_again(row, at):
                return False
            row.state, row.lease_until, row.reason = WorkState.FAILED, None, reason
            return True

    def release_leases(self) -> None:
        running = update(WorkTable).where(col(WorkTable.state) == WorkState.RUNNING)
        own = running.where(col(WorkTable.worker) == self._worker)
        with Session(self._engine) as session:
            session.exec(own.values(state=WorkState.WAITING, lease_until=None))
            session.commit()

    def counts(self) -> Mapping[WorkState, int]:
        query = select(WorkTable.state, func.count()).group_by(WorkTable.state)
        with Session(self._reading) as session:
            found = dict(session.exec(query).all())
        return {state: int(found.get(state, 0)) for state in WorkState}


def ask(session: Session, kind: str, subjects: Iterable[str], at: datetime) -> None:
    """Enter work as part of a transaction: it is due if what makes it necessary was kept."""
    for subject in sorted(subjects):  # one order for all: rows are locked until the commit
        row = session.get(WorkTable, (kind, subject), with_for_update=True)
        if row is None:
            row = WorkTable(kind=kind, subject=subject, state=WorkState.WAITING, not_before=at)
        elif row.state == WorkState.RUNNING:
            row.asked_again = True
        else:
            row.state, row.attempts, row.not_before = WorkState.WAITING, 0, at
        session.add(row)


def _row(session: Session, task: Task) -> WorkTable | None:
    """Return the task's row and keep others from it until the transaction ends."""
    return session.get(WorkTable, (task.kind, task.subject), with_for_update=True)


def _begins_again(row: WorkTable, at: datetime) -> bool:
    """Make work due again that was asked for while it ran; False if nobody did."""
    if not row.asked_again:
        return False
    row.state, row.asked_again, row.attempts = WorkState.WAITING, False, 0
    row.not_before, row.lease_until, row.reason = at, None, None
    return True


def _not_between(column: Any, at: datetime, latest: datetime) -> Any:
    """Whether a time is over. One beyond the latest was written before the clock was set back."""
    return or_(col(column) <= at, col(column) > latest)
