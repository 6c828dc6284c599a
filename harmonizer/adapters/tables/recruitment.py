"""What each centre told of its recruitment, as counts."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field

from harmonizer.adapters.tables.base import HarmonizerTable
from harmonizer.adapters.tables.types import UtcDateTime


class RecruitmentTable(HarmonizerTable, table=True):
    """The newest counts of a centre; they took the place of those before."""

    __tablename__ = "recruitment"

    centre: str = Field(primary_key=True)
    told_at: datetime = Field(sa_type=UtcDateTime)
    groups: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
