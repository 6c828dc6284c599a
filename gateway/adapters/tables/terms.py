"""Redacted terms and where they stand. What a term says is sealed; the key is no column."""

from datetime import datetime

from sqlmodel import Field

from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.tables.types import UtcDateTime


class TermRow(GatewayTable, table=True):
    """One replacement. `sealed` is AES-SIV over the original as it was first written."""

    __tablename__ = "term"

    replacement: str = Field(primary_key=True)
    sealed: bytes
    decision: str = Field(index=True)
    text: str
    seen_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TermUseRow(GatewayTable, table=True):
    """A replacement stands in an attribute of an instance. `tag`: eight hexadecimal digits."""

    __tablename__ = "term_use"

    replacement: str = Field(primary_key=True, foreign_key="term.replacement")
    orthanc_id: str = Field(primary_key=True)
    tag: str = Field(primary_key=True)
    pseudonym: str = Field(index=True)
