"""The audit chain in SQL: append-only, each row hashed together with the row before it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Lock

from sqlalchemy import Engine, and_, not_, or_
from sqlmodel import Session, col, select

from gateway.adapters.database import one_writer, reading
from gateway.adapters.tables.audit import AuditRow
from gateway.errors import TamperedError
from gateway.ports import Clock

GENESIS = "0" * 64
EVERY = timedelta(days=1)
"""How often events are looked at again that were whole."""


class SqlAudit:
    """The `Audit` port. An error while writing is the caller's: no record, no action."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._clock = clock
        self._looking = Lock()
        self._whole = 0, GENESIS
        self._began = datetime.min.replace(tzinfo=UTC)

    def record(self, action: str, caller: str, subject: str, detail: str = "") -> None:
        with Session(self._engine) as session:
            one_writer(session.connection(), "audit")
            last = session.exec(
                select(AuditRow).order_by(col(AuditRow.sequence).desc()).limit(1)
            ).first()
            row = AuditRow(
                sequence=last.sequence + 1 if last else 1,
                at=self._clock.now(),
                action=action,
                role=caller,
                subject=subject,
                detail=detail,
                previous=last.digest if last else GENESIS,
                digest="",
            )
            row.digest = _digest(row)
            session.add(row)
            session.commit()

    def first_break(self) -> int | None:
        """Return the sequence number at which the chain is broken, or None if it holds.

        Asked for at every view: events that were whole are looked at again once a day only.
        `AuditSeals.verify` looks at every one.
        """
        now = self._clock.now()
        with self._looking:
            if not timedelta() <= now - self._began < EVERY or not self._is_there(*self._whole):
                self._whole, self._began = (0, GENESIS), now
            try:
                for found in self.walk(*self._whole):
                    self._whole = found
            except TamperedError:
                return self._whole[0] + 1
        return None

    def _is_there(self, sequence: int, digest: str) -> bool:
        return sequence == 0 or self.digest_of(sequence) == digest

    def walk(self, after: int = 0, previous: str = GENESIS) -> Iterator[tuple[int, str]]:
        """Yield number and digest of each event after one with this digest.

        Raises
        ------
        TamperedError
            At the first that does not follow the one before.
        """
        for expected, row in enumerate(self._rows(after), after + 1):
            whole = row.previous == previous and row.digest == _digest(row)
            if row.sequence != expected or not whole:
                raise TamperedError(f"broken at event {expected}")
            previous = row.digest
            yield expected, previous

    def digest_of(self, sequence: int) -> str | None:
        """Return the digest of an event, None if it is not there."""
        with Session(self._reading) as session:
            row = session.get(AuditRow, sequence)
            return None if row is None else row.digest

    def entries(
        self,
        limit: int = 200,
        *,
        who: str = "",
        action: str = "",
        subject: str = "",
        before: int | None = None,
        programs: bool = True,
    ) -> list[dict[str, str]]:
        """Return the latest events, newest first.

        Parameters
        ----------
        who
            A role or an account, `steward` or `maija`: its events only.
        action, subject
            One action, and a part of the subject.
        before
            Goes on from the event with this number.
        programs
            Whether what programs read is wanted too: they ask the same again and again.
        """
        query = select(AuditRow).order_by(col(AuditRow.sequence).desc()).limit(limit)
        role = col(AuditRow.role)
        if who:
            query = query.where(
                or_(
                    role == who,
                    role.startswith(f"{who}:", autoescape=True),
                    role.endswith(f":{who}", autoescape=True),
                )
            )
        if action:
            query = query.where(AuditRow.action == action)
        if subject:
            query = query.where(col(AuditRow.subject).contains(subject, autoescape=True))
        if before is not None:
            query = query.where(AuditRow.sequence < before)
        if not programs:
            asked = col(AuditRow.subject).startswith("/api/", autoescape=True)
            query = query.where(not_(and_(col(AuditRow.action) == "read", asked)))
        with Session(self._reading) as session:
            return [_told(row) for row in session.exec(query)]

    def events(self, after: int = 0) -> Iterator[dict[str, str]]:
        """Yield the events after a sequence number, oldest first, with their digests."""
        for row in self._rows(after):
            yield {**_told(row), "digest": row.digest}

    def _rows(self, after: int = 0) -> Iterator[AuditRow]:
        with Session(self._reading) as session:
            chosen = select(AuditRow).where(AuditRow.sequence > after)
            query = chosen.order_by(col(AuditRow.sequence))
            yield from session.exec(query.execution_options(yield_per=1000))


def _told(row: AuditRow) -> dict[str, str]:
    return {
        "sequence": str(row.sequence),
        "at": row.at.isoformat(),
        "action": row.action,
        "role": row.role,
        "subject": row.subject,
        "detail": row.detail,
    }


def _digest(row: AuditRow) -> str:
    parts = (
        str(row.sequence),
        row.at.isoformat(),
        row.action,
        row.role,
        row.subject,
        row.detail,
        row.previous,
    )
    return sha256("\x1f".join(parts).encode()).hexdigest()
