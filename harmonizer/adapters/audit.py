"""The audit trail in SQL: append-only, each row hashed together with the row before it."""

from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Engine, or_
from sqlmodel import Session, col, select

from harmonizer.adapters.database import one_writer, reading
from harmonizer.adapters.tables.work import AuditTable
from harmonizer.ports import Clock

BEGINNING: Final = "0" * 64
SHOWN: Final = {"sequence", "at", "caller", "role", "action", "subject"}


class SqlAudit:
    """The `Audit` port."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def record(self, caller: str, role: str, action: str, subject: str) -> None:
        newest = select(AuditTable).order_by(col(AuditTable.sequence).desc()).limit(1)
        with Session(self._engine) as session:
            one_writer(session.connection(), "audit")
            last = session.exec(newest).first()
            row = AuditTable(
                sequence=last.sequence + 1 if last else 1,
                at=self._clock.now(),
                caller=caller,
                role=role,
                action=action,
                subject=subject,
                previous=last.digest if last else BEGINNING,
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

        `but` is an action on a whole subject that is left out.
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
            return [row.model_dump(include=SHOWN) for row in session.exec(query)]

    def first_break(self) -> int | None:
        """Return the number of the first event that was changed or removed, None if none was."""
        previous, expected = BEGINNING, 1
        query = select(AuditTable).order_by(col(AuditTable.sequence))
        with Session(reading(self._engine)) as session:
            for row in session.exec(query.execution_options(yield_per=1000)):
                whole = row.previous == previous and row.digest == _digest(row)
                if row.sequence != expected or not whole:
                    return expected
                previous, expected = row.digest, expected + 1
        return None


def _digest(row: AuditTable) -> str:
    parts = (row.sequence, row.at.isoformat(), row.caller, row.role, row.action, row.subject)
    return sha256("\x1f".join([*map(str, parts), row.previous]).encode()).hexdigest()
