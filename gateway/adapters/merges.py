"""Merges of two identifiers in the vault, and undoing them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Engine
from sqlmodel import Session, col, delete, func, select, update

from gateway.adapters.database import reading
from gateway.adapters.tables.vault import AliasRow, ConsentRow, MergeRow, PersonRow
from gateway.adapters.vault import SqlVault, consent_row
from gateway.domain.consent import Consent, ConsentStatus, Person
from gateway.ports import Merge


class SqlMerges:
    """The `Merges` port."""

    def __init__(self, engine: Engine, vault: SqlVault) -> None:
        self._reading = reading(engine)
        self._vault = vault

    def merge(self, wanted: Merge, alias: str, patient_id: str, end: Consent) -> None:
        """Let an identifier, and everything of the pseudonym it had, belong to another one."""
        keep, other, now = wanted.keep, wanted.other, wanted.merged_at
        with self._vault.changing() as session:
            person = session.get_one(PersonRow, keep)
            row = MergeRow(
                pseudonym=keep,
                other=other,
                lookups=[alias],
                statements=[],
                last_statement=0,
                instances=wanted.instances,
                sealed=person.sealed,
                key_id=person.key_id,
                merged_at=now,
            )
            if other is None:
                given = Person((patient_id,), "", "", None)
                session.add(AliasRow(lookup=alias, pseudonym=keep, created_at=now))
            else:
                given = self._vault.unseal(session.get_one(PersonRow, other))
                row.lookups = _move(session, other, keep)
                row.statements = _copy(session, other, keep, end, now)
            row.last_statement = _newest(session)
            joined = _joined(self._vault.unseal(person), given)
            person.sealed, person.key_id = self._vault.seal(keep, joined), self._vault.key_id
            session.add(row)

    def undo(self, merge: Merge, now: datetime) -> None:
        """Give the other identifier back to whom it was of.

        Whose statement one is that came since nobody can tell: a consent counts for neither, any
        other statement for both.
        """
        with self._vault.changing() as session:
            row = session.get_one(MergeRow, merge.id)
            keep, other = row.pseudonym, row.other
            # removed, not annulled: the same line of a list must count when it comes again
            session.exec(delete(ConsentRow).where(col(ConsentRow.id).in_(row.statements)))
            since = _standing(keep) & (col(ConsentRow.id) > row.last_statement)
            for said in session.exec(select(ConsentRow).where(since)).all():
                if said.status == ConsentStatus.GRANTED.value:
                    session.delete(said)
                elif other is not None:
                    session.add(_of(said, other))
            theirs = col(AliasRow.lookup).in_(row.lookups)
            if other is None:
                session.exec(delete(AliasRow).where(theirs))
            else:
                session.exec(update(AliasRow).where(theirs).values(pseudonym=other))
            self._restore(session, row)
            row.undone_at = now

    def _restore(self, session: Session, row: MergeRow) -> None:
        """Take the other's identity out of the kept person's, whatever a list has added since."""
        person, before = session.get_one(PersonRow, row.pseudonym), self._vault.unseal(row)
        now = self._vault.unseal(person)
        if row.other is None:
            given = Person(now.patient_ids, "", "", None)
        else:
            given = self._vault.unseal(session.get_one(PersonRow, row.other))
        if replace(now, patient_ids=()) == replace(_joined(before, given), patient_ids=()):
            now = replace(before, patient_ids=now.patient_ids)
        new = set(now.patient_ids) - set(given.patient_ids)
        ids = tuple(one for one in now.patient_ids if one in new or one in before.patient_ids)
        mine = self._vault.seal(row.pseudonym, replace(now, patient_ids=ids))
        person.sealed, person.key_id = mine, self._vault.key_id

    def merges(self) -> Sequence[Merge]:
        query = select(MergeRow).order_by(col(MergeRow.id).desc())
        with Session(self._reading) as session:
            return [
                Merge(
                    keep=row.pseudonym,
                    other=row.other,
                    instances=row.instances,
                    merged_at=row.merged_at,
                    id=row.id,
                    lookups=frozenset(row.lookups),
                    undone_at=row.undone_at,
                )
                for row in session.exec(query)
            ]


def _move(session: Session, other: str, keep: str) -> list[str]:
    """Let every identifier of a pseudonym lead to another one."""
    theirs = col(AliasRow.pseudonym) == other
    lookups = sorted(session.exec(select(AliasRow.lookup).where(theirs)))
    session.exec(update(AliasRow).where(theirs).values(pseudonym=keep))
    return lookups


def _copy(session: Session, other: str, keep: str, end: Consent, now: datetime) -> list[int]:
    """Let what was stated of one person count for another, and end that one."""
    added = [_of(row, keep) for row in session.exec(select(ConsentRow).where(_standing(other)))]
    added.append(consent_row(other, end, now))
    session.add_all(added)
    session.flush()
    return [row.id for row in added if row.id is not None]


def _standing(pseudonym: str) -> ColumnElement[bool]:
    return (col(ConsentRow.pseudonym) == pseudonym) & col(ConsentRow.annulled_at).is_(None)


def _of(said: ConsentRow, pseudonym: str) -> ConsentRow:
    return ConsentRow(**said.model_dump(exclude={"id"}) | {"pseudonym": pseudonym})


def _newest(session: Session) -> int:
    return session.exec(select(func.max(ConsentRow.id))).one() or 0


def _joined(kept: Person, other: Person) -> Person:
    """Keep every name of both: a maiden name may stand in an old object."""
    family, given = (
        " ".join(dict.fromkeys(filter(None, names)))
        for names in (
            (kept.family_name, other.family_name),
            (kept.given_name, other.given_name),
        )
    )
    ids = tuple(dict.fromkeys((*kept.patient_ids, *other.patient_ids)))
    return Person(
        ids,
        family,
        given,
        kept.birth_date or other.birth_date,
        kept.sex or other.sex,
        kept.diagnosis or other.diagnosis,
    )
