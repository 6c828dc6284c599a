"""Counting instances by day and sender in SQL. Days are of UTC."""

from datetime import date

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from gateway.adapters.database import reading
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

    def stored(self, day: date | None = None, sender: str | None = None) -> list[InstanceCount]:
        on, course = func.date(InstanceRow.received_at), col(InstanceRow.course_id)
        gone = col(InstanceRow.state) == GONE
        query = select(on, InstanceRow.sender, course, func.count())
        if day is not None:
            query = query.where(on == (day.isoformat() if self._is_sqlite else day))
        if sender is not None:
            query = query.where(InstanceRow.sender == sender)
        query = query.group_by(on, col(InstanceRow.sender), course)
        with Session(self._reading) as session:
            places = self._places(session)
            return [
                InstanceCount(
                    date.fromisoformat(str(found)),
                    who,
                    number,
                    Place.GONE if is_gone else places.get(number, Place.ON_THE_WAY),
                    count,
                )
                for is_gone in (False, True)
                for found, who, number, count in session.exec(
                    query.where(gone if is_gone else ~gone)
                )
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
