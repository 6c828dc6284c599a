"""Counts over every instance are expensive: they are kept until the ledger changes."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import func
from sqlmodel import Session, col, select

from gateway.adapters.tables.courses import CourseRow
from gateway.adapters.tables.index import ErasedDayRow, InstanceRow
from gateway.domain.courses import InstanceState

T = TypeVar("T")
State = tuple[Any, ...]


def state_of(session: Session) -> State:
    """Return something that differs after each change of courses or of who belongs to them."""
    courses = select(func.count(), func.sum(CourseRow.revision)).select_from(CourseRow)
    loose = select(func.count()).where(col(InstanceRow.course_id).is_(None))
    erased = select(func.sum(ErasedDayRow.count))
    gone = select(func.count()).where(col(InstanceRow.state) == InstanceState.GONE)
    return (
        *session.exec(courses).one(),
        *(session.exec(query).one() for query in (loose, erased, gone)),
    )


class Remembered:
    """The last result of one expensive query."""

    def __init__(self) -> None:
        self._kept: tuple[State, Any] | None = None

    def get(self, session: Session, read: Callable[[], T]) -> T:
        """Return what `read` returned since the last change, or read again."""
        state = state_of(session)
        if self._kept is None or self._kept[0] != state:
            self._kept = state, read()
        found: T = self._kept[1]
        return found
