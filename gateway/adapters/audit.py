"""The audit chain in SQL: append-only, each row hashed together with the row before it."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Lock

from sqlalchemy import Engine, and_, not_, or_
from sqlmodel import Session, col, select

from gateway.adapters.audit_rows import digest_of, rows_of, told, told_of
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
            newest = col(AuditRow.sequence).desc()
            sequence, previous = session.exec(
                select(AuditRow.sequence, AuditRow.digest).order_by(newest).limit(1)
            ).first() or (0, GENESIS)
            row = AuditRow(
                sequence=sequence + 1,
                at=self._clock.now(),
                action=action,
                role=caller,
                subject=subject,
                detail=detail,
                previous=previous,
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
        with suppress(TamperedError):  # the walk from the first event on finds the place
            return sequence == 0 or self.digest_of(sequence) == digest
        return False

    def walk(self, after: int = 0, previous: str = GENESIS) -> Iterator[tuple[int, str]]:
        """Yield number and digest of each event after one with this digest.

        Raises
        ------
        TamperedError
            At the first that cannot be read, or does not follow the one before.
        """
        for expected, row in enumerate(rows_of(self._reading, after), after + 1):
            whole = row.previous == previous and row.digest == _digest(row)
            if row.sequence != expected or not whole:
                raise TamperedError(f"broken at event {expected}")
            previous = row.digest
            yield expected, previous

    def digest_of(self, sequence: int) -> str | None:
        """Return the digest of an event, None if it is not there.

        Raises
        ------
        TamperedError
            If it cannot be read.
        """
        return digest_of(self._reading, sequence)

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
        """Return the latest events, newest first. Of a damaged one, what stands in its place.

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
        return told_of(self._reading, query)

    def events(self, after: int = 0) -> Iterator[dict[str, str]]:
        """Yield the events after a sequence number, oldest first, with their digests.

        Raises
        ------
        TamperedError
            At the first that cannot be read.
        """
        for row in rows_of(self._reading, after):
            yield {**told(row), "digest": row.digest}


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
