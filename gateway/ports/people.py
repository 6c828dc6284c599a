"""The vault: who takes part, and what they have said."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.consent import Consent, Person


@dataclass(frozen=True)
class Enrolment:
    """One line of a consent list with its keyed names."""

    lookup: str
    pseudonym: str
    person: Person
    consent: Consent


@dataclass(frozen=True)
class Statement:
    """One statement as the ledger keeps it."""

    id: int
    consent: Consent
    recorded_at: datetime
    annulled_at: datetime | None


@dataclass(frozen=True)
class Tombstone:
    """That somebody's objects were erased here."""

    erased_at: datetime
    instances: int
    copies: int
    """In the spool."""


@dataclass(frozen=True)
class Merge:
    """Two identifiers that became one patient's."""

    keep: str
    other: str | None
    """The pseudonym that was given up; None where the other identifier was new."""
    instances: int
    """Stored under that one."""
    merged_at: datetime
    id: int | None = None
    lookups: frozenset[str] = frozenset()
    """Keyed hashes of the identifiers that lead to the kept one since."""
    undone_at: datetime | None = None


class Vault(Protocol):
    def pseudonyms(self, lookups: Collection[str]) -> dict[str, str]:
        """Map each known keyed hash to its pseudonym."""
        ...

    def statements(self, pseudonyms: Collection[str]) -> dict[str, list[Consent]]:
        """Return what each has said and is not annulled."""
        ...

    def annulled(self, pseudonyms: Collection[str]) -> dict[str, list[Consent]]: ...

    def ledger(self, pseudonym: str) -> list[Statement]:
        """Return everything of one person, annulled or not, the latest last."""
        ...

    def annul(self, statement_id: int) -> None: ...

    def effect(self, statements: Sequence[Consent]) -> Consent | None:
        """Return which of these would count today, by the centre's policy."""
        ...

    def enrol(self, enrolments: Sequence[Enrolment]) -> None:
        """Store all of them or none; a statement that is known already is not added twice."""
        ...

    @property
    def revision(self) -> int:
        """Another number after each change of whatever is here."""
        ...

    def consent_of(self, pseudonym: str) -> Consent | None:
        """Return the consent of one person that counts at this moment."""
        ...

    def in_force(self) -> dict[str, Consent]:
        """Map every pseudonym to the consent that counts."""
        ...

    def aliases(self) -> dict[str, str]:
        """Map every keyed hash to its pseudonym."""
        ...

    def person(self, pseudonym: str) -> Person | None: ...

    def bury(self, pseudonym: str, copies: int) -> None:
        """Set a tombstone after an erasure, which has removed so many copies from the spool."""
        ...

    def unbury(self, pseudonym: str) -> None:
        """Lift it, because the person has given consent again."""
        ...

    def tombstones(self) -> dict[str, Tombstone]: ...

    def buried(self) -> set[str]: ...
