"""Every distinct text that has left or is about to, by the place where it stands."""

from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field

from gateway.adapters.tables.base import GatewayTable


class TextRow(GatewayTable, table=True):
    """One text at one attribute path, and the first few patients in whose objects it stands."""

    __tablename__ = "leaving_text"

    path: str = Field(primary_key=True)
    vr: str = Field(primary_key=True)
    text: str = Field(primary_key=True)
    patients: list[Any] = Field(sa_column=Column(JSON, nullable=False))
