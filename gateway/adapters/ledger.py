"""Counting instances by day and sender in SQL. Days are of UTC."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from gateway.adapters.database import reading
from gateway.adapters.remembering import Remembered
from gateway.adapters.tables.courses import CourseRow
from gateway.adapters.tables.index import ErasedDayRow, InstanceRow, PluginDayRow
from gateway.adapters.watch import RECEIVED
from gateway.domain.courses import CourseState
from gateway.domain.ledger import DoorCount, ErasedCount, InstanceCount, Place, place_of

GONE = "gone"


class SqlLedger:
    """The `Ledger` port."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)
        self._everything = Remembered()

    def stored(self, day: date | None = None, sender: str | None = None) -> list[InstanceCount]:
        with Session(self._reading) as session:
            everything = day is None and sender is None
            read = partial(self._counted, session, day, sender)
            return self._everything.get(session, read) if everything else read()

    def _counted(
        self, session: Session, day: date | None, sender: str | None
    ) -> list[InstanceCount]:
        at = col(InstanceRow.received_at)
        on: Any = func.substr(at, 1, 10) if self._is_sqlite else func.date(at)
        course: Any = col(InstanceRow.course_id)
        gone: Any = col(InstanceRow.state) == GONE
        query = select(on, InstanceRow.sender, course, gone, func.count())  # type: ignore[call-overload]
        if day is not None:
            begin = datetime.combine(day, time(), UTC)
            query = query.where(at >= begin, at < begin + timedelta(days=1))
        if sender is not None:
            query = query.where(InstanceRow.sender == sender)
        rows = session.exec(query.group_by(on, col(InstanceRow.sender), course, gone))
        places = self._places(session)
        return [
            InstanceCount(
                date.fromisoformat(str(found)),
                who,
                number,
                Place.GONE if is_gone else places.get(number, Place.ON_THE_WAY),
                count,
            )
            for found, who, number, is_gone, count in rows
        ]

    def refused(self) -> list[DoorCount]:
        query = select(PluginDayRow).where(PluginDayRow.reason != RECEIVED)
        with Session(self._reading) as session:
            return [
                DoorCount(row.day, row.sender, row.reason, row.count) for row in session.exec(query)
            ]

    def erased(self) -> list[ErasedCount]:
        with Session(self._reading) as session:
            return [
                ErasedCount(row.day, row.sender, row.why, row.count)
                for row in session.exec(select(ErasedDayRow))
            ]

    @property
    def _is_sqlite(self) -> bool:
        return self._reading.dialect.name == "sqlite"

    @staticmethod
    def _places(session: Session) -> dict[int | None, Place]:
        rows = session.exec(select(CourseRow.id, CourseRow.state, CourseRow.reasons))
        return {key: place_of(CourseState(state), reasons) for key, state, reasons in rows}
