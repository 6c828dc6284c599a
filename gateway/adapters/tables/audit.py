"""The audit chain: each row carries the hash of the row before it."""

from datetime import datetime

from sqlmodel import Field

from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.tables.types import UtcDateTime


class AuditRow(GatewayTable, table=True):
    __tablename__ = "audit"

    sequence: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    action: str
    role: str
    subject: str
    detail: str
    previous: str
    digest: str
