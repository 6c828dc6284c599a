"""Local accounts of the console."""

from datetime import datetime

from sqlmodel import Field

from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.tables.types import UtcDateTime


class AccountRow(GatewayTable, table=True):
    """One person. `password` is salted scrypt; `changed_at` ends sessions opened before it."""

    __tablename__ = "account"

    name: str = Field(primary_key=True)
    role: str
    password: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
