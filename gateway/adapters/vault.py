"""The vault: identifiers encrypted at rest, found by keyed hash only."""

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine
from sqlmodel import Session, col, delete, func, select, update

from gateway.adapters.database import chunks, reading
from gateway.adapters.tables.index import CursorRow
from gateway.adapters.tables.vault import (
    AliasRow,
    ConsentRow,
    MergeRow,
    PersonRow,
    TombstoneRow,
)
from gateway.domain.consent import Consent, ConsentStatus, Person, in_force
from gateway.domain.recruitment import Enrolled
from gateway.errors import ConfigError
from gateway.ports import Clock, Enrolment, Statement, Tombstone

IDENTITIES = "identities"
_NONCE = 12
_STATEMENT: Any = (
    ConsentRow.pseudonym,
    ConsentRow.status,
    ConsentRow.version,
    ConsentRow.scope,
    ConsentRow.given_on,
    ConsentRow.ends_on,
)
"""Columns, not rows: there may be tens of thousands of them."""
_COUNTS: Any = col(ConsentRow.annulled_at).is_(None)
T = TypeVar("T")


class SqlVault:
    """The `Vault` port. `key` is 32 bytes and lives outside the database.

    What concerns everybody is kept in memory until something changes: it is asked for every few
    seconds, of tens of thousands of people. One process writes a gateway's database.

    Parameters
    ----------
    former
        Key id to key, for rows that were sealed under an earlier root key.
    """

    def __init__(
        self,
        engine: Engine,
        key: bytes,
        key_id: str,
        clock: Clock,
        former: Mapping[str, bytes] | None = None,
        *,
        ends_with_death: bool = False,
    ) -> None:
        self._former = {name: AESGCM(old) for name, old in (former or {}).items()}
        self._engine = engine
        self._reading = reading(engine)
        self._cipher = AESGCM(key)
        self.key_id = key_id
        self._clock = clock
        self._ends_with_death = ends_with_death
        self._revision = 0
        self._kept: dict[str, tuple[Any, Any]] = {}

    @property
    def revision(self) -> int:
        """Another number after each change."""
        return self._revision

    def check_key(self) -> None:
        """Raise ConfigError if the vault was written with another key: no new pseudonym then."""
        with Session(self._reading) as session:
            for key_id in session.exec(select(PersonRow.key_id).distinct()).all():
                sealed_by = select(PersonRow).where(PersonRow.key_id == key_id)
                self._check(session.exec(sealed_by.limit(1)).one())

    def check_identities(self, identities: str) -> None:
        """Raise ConfigError if identities were made with other keys here; remember these if none.

        Unlike `check_key` it asks even when nobody is in the vault: objects may be in the store.
        """
        with Session(self._engine) as session:
            known = session.get(CursorRow, IDENTITIES)
            if known is None:
                session.add(CursorRow(name=IDENTITIES, value=identities))
                session.commit()
            elif known.value != identities:
                raise ConfigError(
                    "root_key_file: pseudonyms and UIDs were made with another root key here; put "
                    "that key file back, or name it first in former_root_key_files. To begin anew "
                    "with another key, begin with an empty data folder and site Orthanc"
                )

    def _check(self, row: PersonRow) -> None:
        try:
            self.unseal(row)
        except InvalidTag:
            raise ConfigError(
                "root_key_file: the vault was written with another key; restore that key file, or "
                "name it in former_root_key_files"
            ) from None

    def reseal(self) -> int:
        """Seal every row anew that an earlier key has sealed; returns how many there were."""
        with Session(self._engine) as session:
            people = select(PersonRow).where(PersonRow.key_id != self.key_id)
            merges = select(MergeRow).where(MergeRow.key_id != self.key_id)
            old = session.exec(people).all()
            for row in (*old, *session.exec(merges)):
                row.sealed = self.seal(row.pseudonym, self.unseal(row))
                row.key_id = self.key_id
                session.add(row)
            session.commit()
            return len(old)

    def pseudonyms(self, lookups: Collection[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        with Session(self._reading) as session:
            for part in chunks(lookups):
                rows = session.exec(select(AliasRow).where(col(AliasRow.lookup).in_(part)))
                found.update({row.lookup: row.pseudonym for row in rows})
        return found

    def statements(self, pseudonyms: Collection[str]) -> dict[str, list[Consent]]:
        return self._said(pseudonyms, _COUNTS)

    def annulled(self, pseudonyms: Collection[str]) -> dict[str, list[Consent]]:
        return self._said(pseudonyms, ~_COUNTS)

    def ledger(self, pseudonym: str) -> list[Statement]:
        order = (col(ConsentRow.given_on), col(ConsentRow.id))
        with Session(self._reading) as session:
            mine = select(ConsentRow).where(ConsentRow.pseudonym == pseudonym).order_by(*order)
            return [
                Statement(
                    row.id or 0,
                    _consent(row.status, row.version, row.scope, row.given_on, row.ends_on),
                    row.recorded_at,
                    row.annulled_at,
                )
                for row in session.exec(mine)
            ]

    def annul(self, statement_id: int) -> None:
        with self.changing() as session:
            which = update(ConsentRow).where(col(ConsentRow.id) == statement_id)
            session.exec(which.values(annulled_at=self._clock.now()))

    def _said(self, pseudonyms: Collection[str], which: Any) -> dict[str, list[Consent]]:
        found: dict[str, list[Consent]] = {}
        with Session(self._reading) as session:
            for part in chunks(pseudonyms):
                chosen = select(*_STATEMENT).where(col(ConsentRow.pseudonym).in_(part), which)
                for row in session.exec(chosen):
                    found.setdefault(row[0], []).append(_consent(*row[1:]))
        return found

    def enrol(self, enrolments: Sequence[Enrolment]) -> None:
        now = self._clock.now()
        pseudonyms = {entry.pseudonym for entry in enrolments}
        known, aliases = self.statements(pseudonyms), {e.lookup: e for e in enrolments}
        for lookup in self.pseudonyms(aliases):
            del aliases[lookup]
        with self.changing() as session:
            people = _people(session, pseudonyms)
            for entry in enrolments:
                person = people.get(entry.pseudonym)
                sealed = self.seal(entry.pseudonym, self._merged(person, entry.person))
                if person is None:
                    person = people[entry.pseudonym] = PersonRow(
                        pseudonym=entry.pseudonym,
                        sealed=sealed,
                        key_id=self.key_id,
                        created_at=now,
                    )
                    session.add(person)
                else:
                    person.sealed, person.key_id = sealed, self.key_id
            session.flush()
            for lookup, entry in aliases.items():
                session.add(AliasRow(lookup=lookup, pseudonym=entry.pseudonym, created_at=now))
            for entry in enrolments:
                if entry.consent not in known.setdefault(entry.pseudonym, []):
                    known[entry.pseudonym].append(entry.consent)
                    session.add(consent_row(entry.pseudonym, entry.consent, now))

    def consent_of(self, pseudonym: str) -> Consent | None:
        """Return the consent in force of one person, as the database says at this moment."""
        found = self.statements([pseudonym]).get(pseudonym, [])
        return self.effect(found)

    def effect(self, statements: Sequence[Consent]) -> Consent | None:
        today = self._clock.now().date()
        return in_force(statements, today, ends_with_death=self._ends_with_death)

    def in_force(self) -> dict[str, Consent]:
        return self._remembered("in-force", self._read_in_force)

    def _read_in_force(self) -> dict[str, Consent]:
        statements: dict[str, list[Consent]] = {}
        with Session(self._reading) as session:
            for row in session.exec(select(*_STATEMENT).where(_COUNTS)):
                statements.setdefault(row[0], []).append(_consent(*row[1:]))
        latest = {p: self.effect(found) for p, found in statements.items()}
        return {pseudonym: found for pseudonym, found in latest.items() if found is not None}

    def aliases(self) -> dict[str, str]:
        return self._remembered("aliases", self._read_aliases)

    def _remembered(self, name: str, read: Callable[[], T]) -> T:
        """Return what was read today since the last change, or read it: a consent may end."""
        now = self._revision, self._clock.now().date()
        kept, value = self._kept.get(name, (None, None))
        if kept != now:
            value = read()
            self._kept[name] = now, value
        found: T = value
        return found

    @contextmanager
    def changing(self) -> Iterator[Session]:
        """One transaction that changes something."""
        try:
            with Session(self._engine) as session:
                yield session
                session.commit()
        finally:
            self._revision += 1

    def _read_aliases(self) -> dict[str, str]:
        with Session(self._reading) as session:
            return dict(session.exec(select(AliasRow.lookup, AliasRow.pseudonym)).all())

    def person(self, pseudonym: str) -> Person | None:
        with Session(self._reading) as session:
            row = session.get(PersonRow, pseudonym)
        return None if row is None else self.unseal(row)

    def everybody(self) -> list[Enrolled]:
        """Open the whole vault: for counting, in memory."""
        with Session(self._reading) as session:
            people = session.exec(select(PersonRow)).all()
        statements = self.statements({row.pseudonym for row in people})
        return [Enrolled(self.unseal(row), statements.get(row.pseudonym, [])) for row in people]

    def last_statement(self) -> int:
        """Return a number that grows with every statement, and with every one annulled."""
        numbers = func.max(ConsentRow.id), func.count(col(ConsentRow.annulled_at))
        with Session(self._reading) as session:
            last, annulled = session.exec(select(*numbers)).one()
        return (last or 0) + annulled

    def bury(self, pseudonym: str, copies: int) -> None:
        with self.changing() as session:
            stone = session.get(TombstoneRow, pseudonym) or TombstoneRow(pseudonym=pseudonym)
            stone.erased_at = self._clock.now()
            stone.copies += copies
            session.add(stone)

    def unbury(self, pseudonym: str) -> None:
        with self.changing() as session:
            session.exec(delete(TombstoneRow).where(col(TombstoneRow.pseudonym) == pseudonym))

    def tombstones(self) -> dict[str, Tombstone]:
        with Session(self._reading) as session:
            return {
                row.pseudonym: Tombstone(row.erased_at, row.instances, row.copies)
                for row in session.exec(select(TombstoneRow))
                if row.erased_at is not None
            }

    def buried(self) -> set[str]:
        return self._remembered("buried", self._read_buried)

    def _read_buried(self) -> set[str]:
        with Session(self._reading) as session:
            done = col(TombstoneRow.erased_at).is_not(None)
            return set(session.exec(select(TombstoneRow.pseudonym).where(done)))

    def _merged(self, row: PersonRow | None, given: Person) -> Person:
        """Keep every identifier that was ever used: an old one may come in an old object."""
        if row is None:
            return given
        earlier = self.unseal(row)
        ids = tuple(dict.fromkeys((*earlier.patient_ids, *given.patient_ids)))
        return Person(
            ids,
            given.family_name or earlier.family_name,
            given.given_name or earlier.given_name,
            given.birth_date or earlier.birth_date,
            given.sex or earlier.sex,
            given.diagnosis or earlier.diagnosis,
        )

    def seal(self, pseudonym: str, person: Person) -> bytes:
        birth = person.birth_date.isoformat() if person.birth_date else None
        names = [list(person.patient_ids), person.family_name, person.given_name]
        content = [*names, birth, person.sex, person.diagnosis]
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, json.dumps(content).encode(), pseudonym.encode())

    def unseal(self, row: PersonRow | MergeRow) -> Person:
        nonce, sealed = row.sealed[:_NONCE], row.sealed[_NONCE:]
        cipher = self._former.get(row.key_id, self._cipher)
        content: list[Any] = json.loads(cipher.decrypt(nonce, sealed, row.pseudonym.encode()))
        # Who was sealed before sex and diagnosis were asked for has four.
        ids, family, given, birth, *more = content
        born = date.fromisoformat(birth) if birth else None
        return Person(tuple(ids), family, given, born, *more)


def _people(session: Session, pseudonyms: Iterable[str]) -> dict[str, PersonRow]:
    found: dict[str, PersonRow] = {}
    for part in chunks(pseudonyms):
        rows = session.exec(select(PersonRow).where(col(PersonRow.pseudonym).in_(part)))
        found.update({row.pseudonym: row for row in rows})
    return found


def _consent(
    status: str, version: str, scope: str, given_on: date, ends_on: date | None
) -> Consent:
    return Consent(ConsentStatus(status), version, scope, given_on, ends_on)


def consent_row(pseudonym: str, consent: Consent, now: datetime) -> ConsentRow:
    """Return a statement as it is stored."""
    return ConsentRow(
        pseudonym=pseudonym,
        status=consent.status.value,
        version=consent.version,
        scope=consent.scope,
        given_on=consent.given_on,
        ends_on=consent.ends_on,
        recorded_at=now,
    )
