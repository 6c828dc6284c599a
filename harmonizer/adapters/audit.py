"""The audit trail in SQL: append-only, each row hashed together with the row before it."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Engine, LargeBinary, Text, cast, or_
from sqlalchemy import select as sql_select
from sqlalchemy.exc import StatementError
from sqlmodel import Session, col, select

from harmonizer.adapters.database import one_writer, reading
from harmonizer.adapters.tables.work import AuditTable
from harmonizer.ports import Clock

BEGINNING: Final = "0" * 64
CHUNK: Final = 1000
UNREADABLE: Final = (ValueError, TypeError, StatementError)
TEXTS: Final = ("caller", "role", "action", "subject", "previous", "digest")
SHOWN: Final = {"sequence", "at", "caller", "role", "action", "subject"}


class SqlAudit:
    """The `Audit` port."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def record(self, caller: str, role: str, action: str, subject: str) -> None:
        last = col(AuditTable.sequence).desc()
        newest = select(AuditTable.sequence, AuditTable.digest).order_by(last).limit(1)
        with Session(self._engine) as session:
            one_writer(session.connection(), "audit")
            sequence, previous = session.exec(newest).first() or (0, BEGINNING)
            row = AuditTable(
                sequence=sequence + 1,
                at=self._clock.now(),
                caller=caller,
                role=role,
                action=action,
                subject=subject,
                previous=previous,
                digest="",
            )
            row.digest = _digest(row)
            session.add(row)
            session.commit()

    def events(
        self,
        who: str = "",
        action: str = "",
        subject: str = "",
        before: int | None = None,
        most: int = 100,
        but: tuple[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Return events, newest first: of a caller, an action, a part of the subject, if given.

        `but` is an action on a whole subject that is left out. Of a damaged event, what stands in
        its place is told as text, the time too.
        """
        query = select(AuditTable).order_by(col(AuditTable.sequence).desc()).limit(most)
        if who:
            query = query.where(AuditTable.caller == who)
        if action:
            query = query.where(AuditTable.action == action)
        if subject:
            query = query.where(col(AuditTable.subject).contains(subject, autoescape=True))
        if but is not None:
            query = query.where(
                or_(col(AuditTable.action) != but[0], col(AuditTable.subject) != but[1])
            )
        if before is not None:
            query = query.where(AuditTable.sequence < before)
        with Session(reading(self._engine)) as session:
            try:
                return [_checked(row).model_dump(include=SHOWN) for row in session.exec(query)]
            except UNREADABLE:
                session.rollback()
                chosen = query.with_only_columns(col(AuditTable.sequence))
                numbers = session.connection().execute(chosen).scalars().all()
                return [_shown(session, number) for number in numbers]

    def first_break(self) -> int | None:
        """Return the number of the first event that was changed or removed, None if none was."""
        previous, expected = BEGINNING, 1
        for row in self._rows():
            if row is None or row.sequence != expected or not _is_whole(row, previous):
                return expected
            previous, expected = row.digest, expected + 1
        return None

    def _rows(self) -> Iterator[AuditTable | None]:
        """Yield the events, oldest first, and None in the place of one that is damaged.

        SQLite keeps whatever is written into a column: a value that is no time, or not even
        text, is an error of SQLAlchemy's for all events that are read together with it.
        """
        after, number = 0, col(AuditTable.sequence)
        query = select(AuditTable).order_by(number).execution_options(yield_per=CHUNK)
        with Session(reading(self._engine)) as session:
            try:
                for row in session.exec(query):
                    yield _checked(row)
                    after = row.sequence
            except UNREADABLE:
                session.rollback()
                part = select(AuditTable.sequence).where(number > after).order_by(number)
                for sequence in session.exec(part.limit(CHUNK)).all():
                    yield _read(session, sequence)
                raise  # every event can be read: it was the database itself


def _read(session: Session, sequence: int) -> AuditTable | None:
    """Return an event, None if it is damaged."""
    number = col(AuditTable.sequence)
    try:
        return _checked(session.exec(select(AuditTable).where(number == sequence)).one())
    except UNREADABLE:
        session.rollback()
        # a database that does not answer is no damaged event, and fails here once more
        session.exec(select(AuditTable.sequence).where(number == sequence)).first()
        return None


def _checked(row: AuditTable) -> AuditTable:
    if not all(isinstance(getattr(row, name), str) for name in TEXTS):
        raise TypeError("what should be text is none")
    return row


def _shown(session: Session, sequence: int) -> dict[str, Any]:
    """Return an event, of a damaged one what stands in its place, as text."""
    row = _read(session, sequence)
    if row is not None:
        return row.model_dump(include=SHOWN)
    names = sorted(SHOWN - {"sequence"})
    columns = [cast(cast(getattr(AuditTable, name), Text), LargeBinary) for name in names]
    chosen = sql_select(*columns).where(col(AuditTable.sequence) == sequence)
    found = session.connection().execute(chosen).one()
    texts = (bytes(value or b"").decode("utf-8", "replace") for value in found)
    return {"sequence": sequence, **dict(zip(names, texts, strict=True))}


def _is_whole(row: AuditTable, previous: str) -> bool:
    return row.previous == previous and row.digest == _digest(row)


def _digest(row: AuditTable) -> str:
    parts = (row.sequence, row.at.isoformat(), row.caller, row.role, row.action, row.subject)
    return sha256("\x1f".join([*map(str, parts), row.previous]).encode()).hexdigest()
