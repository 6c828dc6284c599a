"""Counting instances by day and sender in SQL. Days are of UTC."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from gateway.adapters.database import reading
from gateway.adapters.remembering import Remembered
from gateway.adapters.tables.courses import CourseRow
from gateway.adapters.tables.index import (
    ErasedDayRow,
    InstanceRow,
    PluginDayRow,
    SetAsideRow,
)
from gateway.adapters.watch import OWN
from gateway.domain.courses import CourseState, InstanceState
from gateway.domain.erasure import ErasureCause
from gateway.domain.ledger import (
    DoorCount,
    ErasedCount,
    InstanceCount,
    Place,
    apart_in,
    note_of,
    place_of,
)

KEPT_APART = "a plan that is kept apart, or what hangs on it: see the course"


class SqlLedger:
    """The `Ledger` port."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)
        self._everything = Remembered()

    def stored(self, day: date | None = None, sender: str | None = None) -> list[InstanceCount]:
        with Session(self._reading) as session:
            everything = day is None and sender is None
            read = partial(self._counted, session, day, sender)
            counted = self._everything.get(session, read) if everything else read()
            return counted + self._aside(session, day, sender)

    def _counted(
        self, session: Session, day: date | None, sender: str | None
    ) -> list[InstanceCount]:
        at = col(InstanceRow.received_at)
        on: Any = func.substr(at, 1, 10) if self._is_sqlite else func.date(at)
        course: Any = col(InstanceRow.course_id)
        state: Any = col(InstanceRow.state)
        apart: Any = col(InstanceRow.apart)
        delivered: Any = col(InstanceRow.delivered_at).is_not(None)
        parts = (on, col(InstanceRow.sender), course, state, apart, delivered)
        query = select(*parts, func.count())  # type: ignore[call-overload]
        if day is not None:
            begin = datetime.combine(day, time(), UTC)
            query = query.where(at >= begin, at < begin + timedelta(days=1))
        if sender is not None:
            query = query.where(InstanceRow.sender == sender)
        rows = session.exec(query.group_by(*parts))
        places = self._places(session)
        return [
            _placed(str(found), who, number, places.get(number), tuple(told))
            for found, who, number, *told in rows
        ]

    @staticmethod
    def _aside(session: Session, day: date | None, sender: str | None) -> list[InstanceCount]:
        """Count by the day that each was first seen; there are few."""
        columns = (SetAsideRow.seen_at, SetAsideRow.sender, SetAsideRow.text)
        counted = Counter((at.date(), who, why) for at, who, why in session.exec(select(*columns)))
        return [
            InstanceCount(on, who, None, Place.SET_ASIDE, count, why)
            for (on, who, why), count in counted.items()
            if day in (None, on) and sender in (None, who)
        ]

    def refused(self) -> list[DoorCount]:
        query = select(PluginDayRow).where(col(PluginDayRow.reason).not_in(OWN))
        with Session(self._reading) as session:
            return [
                DoorCount(row.day, row.sender, row.reason, row.count) for row in session.exec(query)
            ]

    def erased(self) -> list[ErasedCount]:
        with Session(self._reading) as session:
            return [
                ErasedCount(row.day, row.sender, ErasureCause(row.why), row.count)
                for row in session.exec(select(ErasedDayRow))
            ]

    @property
    def _is_sqlite(self) -> bool:
        return self._reading.dialect.name == "sqlite"

    @staticmethod
    def _places(session: Session) -> dict[int | None, tuple[CourseState, Place]]:
        rows = session.exec(select(CourseRow.id, CourseRow.state, CourseRow.reasons))
        return {
            key: (CourseState(state), place_of(CourseState(state), reasons))
            for key, state, reasons in rows
        }


def _placed(
    day: str,
    sender: str,
    course_id: int | None,
    course: tuple[CourseState, Place] | None,
    told: tuple[Any, ...],
) -> InstanceCount:
    """Say where instances are: by the archive's word first, then by the store's, then the course's.

    `told` is their state, whether they are kept apart, and delivered, and how many they are.
    """
    state, apart, delivered, count = told
    place, note, why = course[1] if course else Place.ON_THE_WAY, None, ""
    if delivered:
        is_at_rest = course is None or course[0] is CourseState.DELIVERED
        newer = state == InstanceState.CONFLICT
        note = note_of(Place.DELIVERED if is_at_rest else place, newer=newer)
        place = Place.DELIVERED
    elif state == InstanceState.GONE:
        place = Place.GONE
    elif apart:
        place, why = apart_in(place), KEPT_APART
    return InstanceCount(date.fromisoformat(day), sender, course_id, place, count, why, note)
