"""Counts of a centre's screening log. No person is in here."""

from datetime import datetime

from sqlmodel import Field

from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.tables.types import UtcDateTime


class ScreeningRow(GatewayTable, table=True):
    """How many alike took one step; a log that comes again takes the place of the earlier one."""

    __tablename__ = "screening"

    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(index=True)
    step: str
    month: str
    diagnosis: str
    age_band: str
    sex: str
    count: int
    imported_at: datetime = Field(sa_type=UtcDateTime)
