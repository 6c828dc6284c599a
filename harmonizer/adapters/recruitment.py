"""Recruitment counts of the centres in the harmonizer's database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from harmonizer.adapters.database import reading
from harmonizer.adapters.tables.recruitment import RecruitmentTable


class SqlRecruitment:
    """The `RecruitmentRecords` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def keep(self, centre: str, groups: Sequence[Mapping[str, Any]], at: datetime) -> None:
        row = RecruitmentTable(centre=centre, told_at=at, groups=[dict(one) for one in groups])
        with Session(self._engine) as session:
            session.merge(row)
            session.commit()

    def told(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        with Session(self._reading) as session:
            rows = session.exec(select(RecruitmentTable).order_by(RecruitmentTable.centre))
            return {row.centre: row.groups for row in rows}
