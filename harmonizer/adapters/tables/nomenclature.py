"""Rule sets of structure names and the decisions that they come from."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field

from harmonizer.adapters.tables.base import HarmonizerTable
from harmonizer.adapters.tables.types import UtcDateTime


class NameRuleSetTable(HarmonizerTable, table=True):
    """One version of the rules, from draft to release. Released ones never change."""

    __tablename__ = "name_rule_set"

    version: int = Field(primary_key=True)
    state: str = Field(index=True)
    """As `ReleaseState`: draft, proposed, released or refused."""
    based_on: int
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    note: str = ""
    proposed_by: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NameRuleTable(HarmonizerTable, table=True):
    """One rule of one version."""

    __tablename__ = "name_rule"

    version: int = Field(primary_key=True, foreign_key="name_rule_set.version")
    centre: str = Field(primary_key=True, default="")
    site: str = Field(primary_key=True, default="")
    name_key: str = Field(primary_key=True)
    """The local name as rules compare it."""
    local_name: str
    tg263_name: str
    author: str
    reason: str
    decided_on: str
    guideline: str = ""
    examples: list[Any] = Field(sa_column=Column(JSON, nullable=False))


class NameDecisionTable(HarmonizerTable, table=True):
    """One curator's decision about a name. Rows are added, never changed."""

    __tablename__ = "name_decision"
    __table_args__ = (Index("ix_name_decision_scope", "name_key", "centre", "site"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    name_key: str
    centre: str = ""
    site: str = ""
    local_name: str
    tg263_name: str
    author: str
    reason: str
    guideline: str = ""
