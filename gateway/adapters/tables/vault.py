"""Who is who: encrypted identifiers, aliases and consent statements."""

from datetime import date, datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field

from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.tables.types import UtcDateTime


class PersonRow(GatewayTable, table=True):
    """One participant. `sealed` is AES-256-GCM over JSON; the pseudonym is bound to it."""

    __tablename__ = "person"

    pseudonym: str = Field(primary_key=True)
    sealed: bytes
    key_id: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class AliasRow(GatewayTable, table=True):
    """Keyed hash of one normalised patient identifier. After a merge, two share a pseudonym."""

    __tablename__ = "alias"

    lookup: str = Field(primary_key=True)
    pseudonym: str = Field(foreign_key="person.pseudonym", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ConsentRow(GatewayTable, table=True):
    """One statement; rows are only ever added. A wrong one is marked as annulled."""

    __tablename__ = "consent"

    id: int | None = Field(default=None, primary_key=True)
    pseudonym: str = Field(foreign_key="person.pseudonym", index=True)
    status: str
    version: str
    scope: str
    given_on: date
    ends_on: date | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    annulled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MergeRow(GatewayTable, table=True):
    """Two identifiers that became one patient's, with what it takes to undo that."""

    __tablename__ = "merge"

    id: int | None = Field(default=None, primary_key=True)
    pseudonym: str = Field(foreign_key="person.pseudonym", index=True)
    """The one that was kept."""
    other: str | None
    """The pseudonym that was given up; None where the other identifier was new."""
    lookups: list[str] = Field(sa_column=Column(JSON, nullable=False))
    """Keyed hashes that lead to the kept one since."""
    statements: list[int] = Field(sa_column=Column(JSON, nullable=False))
    """Rows of the consent table that the merge added."""
    last_statement: int
    """The newest row of that table after the merge."""
    instances: int
    """Stored under the one that was given up."""
    sealed: bytes
    """The kept person before, as in `PersonRow`."""
    key_id: str
    merged_at: datetime = Field(sa_type=UtcDateTime)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TombstoneRow(GatewayTable, table=True):
    """A person whose objects are erased: nothing of theirs comes back unless lifted."""

    __tablename__ = "tombstone"

    pseudonym: str = Field(primary_key=True)
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the last of it was; None while that is under way."""
    instances: int = 0
    copies: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """In the spool, on their way to the archive."""
