"""Seals on the audit chain, one a line in a file beside the database, and checking against them."""

import fcntl
import os
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from gateway.adapters.audit import GENESIS, SqlAudit
from gateway.adapters.database import reading
from gateway.adapters.tables.index import CursorRow
from gateway.domain.audit_seal import AuditSeal
from gateway.errors import TamperedError
from gateway.ports import Clock

FILE: Final = "audit.seals"
CURSOR: Final = "audit-seals"
EVERY_EVENTS: Final = 1000
EVERY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Verified:
    """What a check has proven of a chain that is whole."""

    events: int
    sealed: int
    """So many of them, from the first one on, cannot have been changed, removed or replaced
    without the key. Of those after, the last ones can have been cut off unseen."""


class AuditSeals:
    """Seals and checks one gateway's audit. `keys` are the vault's, by key id: former ones too."""

    def __init__(
        self, engine: Engine, folder: Path, keys: Mapping[str, bytes], key_id: str, clock: Clock
    ) -> None:
        self._engine = engine
        self._audit = SqlAudit(engine, clock)
        self._file = folder / FILE
        self._keys = keys
        self._key_id = key_id
        self._clock = clock

    def seal_if_due(self) -> None:
        """Seal what has come since, once it is a day or a thousand events."""
        seals = self._read()
        sealed = seals[-1].events if seals else 0
        if self._audit.digest_of(sealed + 1) is None:
            self._check_end(seals)
            return
        since = datetime.fromisoformat(seals[-1].at) if seals else None
        is_old = since is None or not timedelta() <= self._clock.now() - since < EVERY
        if is_old or self._audit.digest_of(sealed + EVERY_EVENTS) is not None:
            self.seal()

    def seal(self) -> None:
        """Seal the chain as it stands.

        Raises
        ------
        TamperedError
            If it is not whole since the last seal: a seal must not cover that up.
        """
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # the command `backup` seals beside the service
            seals = self._read()
            self._check_seals(seals)
            new = deque(self._audit.walk(*self._check_end(seals)), maxlen=1)
            if not new:
                return
            events, digest = new[0]
            seal = AuditSeal(
                number=len(seals) + 1,
                events=events,
                digest=digest,
                at=self._clock.now().isoformat(),
                previous=seals[-1].code if seals else "",
                key_id=self._key_id,
            )
            file.truncate(len(self._whole()))  # a full disk may have kept half a line
            file.write(seal.signed(self._keys[self._key_id]).to_line() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with Session(self._engine) as session:
            session.merge(CursorRow(name=CURSOR, value=str(seal.number)))
            session.commit()

    def drop_later(self) -> None:
        """After a restore: remove a seal that was made while the backup was."""
        seals = self._read()[: self._known()]
        self._file.write_text("".join(f"{seal.to_line()}\n" for seal in seals), "utf-8")

    def verify(self) -> Verified:
        """Check every event and every seal.

        Raises
        ------
        TamperedError
            Where it is broken.
        """
        seals, events = self._read(), 0
        self._check_seals(seals)
        sealed = {seal.events: seal for seal in seals}
        for events, digest in self._audit.walk():
            seal = sealed.pop(events, None)
            if seal is not None and seal.digest != digest:
                raise TamperedError(f"event {events} is not the one that seal {seal.number} is of")
        if sealed:
            raise TamperedError(f"broken at event {events + 1}: {max(sealed)} events were sealed")
        return Verified(events, seals[-1].events if seals else 0)

    def _check_end(self, seals: list[AuditSeal]) -> tuple[int, str]:
        """Return number and digest of the last sealed event, which must still be there."""
        if not seals:
            return 0, GENESIS
        if self._audit.digest_of(seals[-1].events) != seals[-1].digest:
            raise TamperedError(f"event {seals[-1].events} was sealed, and was changed or removed")
        return seals[-1].events, seals[-1].digest

    def _check_seals(self, seals: list[AuditSeal]) -> None:
        previous = ""
        for number, seal in enumerate(seals, 1):
            key = self._keys.get(seal.key_id)
            whole = key is not None and seal.is_of(key)
            if not whole or (seal.number, seal.previous) != (number, previous):
                raise TamperedError(f"seal {number} was changed or removed")
            previous = seal.code
        if self._known() > len(seals):
            raise TamperedError(f"seal {len(seals) + 1} was removed")

    def _known(self) -> int:
        with Session(reading(self._engine)) as session:
            known = session.get(CursorRow, CURSOR)
            return int(known.value) if known is not None else 0

    def _read(self) -> list[AuditSeal]:
        try:
            return [AuditSeal.from_line(line) for line in self._whole().decode().splitlines()]
        except (ValueError, KeyError, TypeError):
            raise TamperedError(f"{FILE} is damaged") from None

    def _whole(self) -> bytes:
        """Return every line that was written to its end."""
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return b""
        return content[: content.rfind(b"\n") + 1]
