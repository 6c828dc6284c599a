"""Reading the audit row by row, although the value of one may be damaged.

SQLite keeps whatever is written into a column. What SQLAlchemy makes of a value that is no time,
no text or not even UTF-8 is an error of its own; here it is told as what it is: a broken event.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, LargeBinary, Text, cast
from sqlalchemy import select as sql_select
from sqlalchemy.exc import StatementError
from sqlmodel import Session, col, select

from gateway.adapters.tables.audit import AuditRow
from gateway.errors import TamperedError

UNREADABLE: Final = (ValueError, TypeError, StatementError)
CHUNK: Final = 1000
TOLD: Final = ("sequence", "at", "action", "role", "subject", "detail")


def rows_of(engine: Engine, after: int = 0) -> Iterator[AuditRow]:
    """Yield the events after a sequence number, oldest first.

    Raises
    ------
    TamperedError
        At the first that cannot be read.
    """
    try:
        for row in _stream(engine, after):
            after = row.sequence
            yield row
    except UNREADABLE:
        yield from _one_by_one(engine, after)
        raise  # every event can be read: it was the database itself


def digest_of(engine: Engine, sequence: int) -> str | None:
    """Return the digest of an event, None if it is not there.

    Raises
    ------
    TamperedError
        If it cannot be read.
    """
    chosen = select(AuditRow.digest).where(AuditRow.sequence == sequence)
    with Session(engine) as session, _one_event(session, sequence):
        return session.exec(chosen).first()


def told_of(engine: Engine, query: Any) -> list[dict[str, str]]:
    """Return what these events say. Of a damaged one, what stands in its place."""
    try:
        with Session(engine) as session:
            return [told(_checked(row)) for row in session.exec(query)]
    except (*UNREADABLE, TamperedError):
        with Session(engine) as session:
            numbers = session.exec(query.with_only_columns(col(AuditRow.sequence))).all()
            return [_told_or_text(session, number) for number in numbers]


def told(row: AuditRow) -> dict[str, str]:
    return {
        "sequence": str(row.sequence),
        "at": row.at.isoformat(),
        "action": row.action,
        "role": row.role,
        "subject": row.subject,
        "detail": row.detail,
    }


def _stream(engine: Engine, after: int) -> Iterator[AuditRow]:
    query = select(AuditRow).where(AuditRow.sequence > after).order_by(col(AuditRow.sequence))
    with Session(engine) as session:
        for row in session.exec(query.execution_options(yield_per=CHUNK)):
            yield _checked(row)


def _one_by_one(engine: Engine, after: int) -> Iterator[AuditRow]:
    """Yield the events of the part that could not be read as a whole."""
    number = col(AuditRow.sequence)
    part = select(AuditRow.sequence).where(number > after).order_by(number).limit(CHUNK)
    with Session(engine) as session:
        for sequence in session.exec(part).all():
            yield _read(session, sequence)


def _read(session: Session, sequence: int) -> AuditRow:
    with _one_event(session, sequence):
        return _checked(session.exec(select(AuditRow).where(AuditRow.sequence == sequence)).one())


@contextmanager
def _one_event(session: Session, sequence: int) -> Iterator[None]:
    try:
        yield
    except UNREADABLE:
        session.rollback()
        # a database that does not answer is no damaged event, and fails here once more
        session.exec(select(AuditRow.sequence).where(AuditRow.sequence == sequence)).first()
        raise _broken(sequence) from None


def _checked(row: AuditRow) -> AuditRow:
    texts = (row.action, row.role, row.subject, row.detail, row.previous, row.digest)
    if not isinstance(row.at, datetime) or not all(isinstance(text, str) for text in texts):
        raise _broken(row.sequence)
    return row


def _broken(sequence: int) -> TamperedError:
    return TamperedError(f"broken at event {sequence}")


def _told_or_text(session: Session, sequence: int) -> dict[str, str]:
    try:
        return told(_read(session, sequence))
    except TamperedError:
        columns = [cast(cast(getattr(AuditRow, name), Text), LargeBinary) for name in TOLD]
        chosen = sql_select(*columns).where(col(AuditRow.sequence) == sequence)
        found = session.connection().execute(chosen).one()
        return {
            name: bytes(value or b"").decode("utf-8", "replace")
            for name, value in zip(TOLD, found, strict=True)
        }
