"""Findings of all harmonized courses, for the summary."""

from collections.abc import Iterator

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from gateway.contract.receipts import SubmissionState
from harmonizer.adapters.cohorts import still_there
from harmonizer.adapters.database import reading
from harmonizer.adapters.tables.studies import CourseTable, FindingTable
from harmonizer.domain.quality import NOTABLE
from harmonizer.domain.quality.summary import CourseMark


class SqlQualityMarks:
    """The `QualityMarks` port."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)

    def marks(self) -> Iterator[CourseMark]:
        """Yield every harmonized course with its findings, each code once."""
        courses = select(CourseTable.course_uid, CourseTable.centre, CourseTable.stored_at).where(
            CourseTable.state == SubmissionState.HARMONIZED, still_there()
        )
        with Session(self._reading) as session:
            found = _findings(session)
            for uid, centre, stored_at in session.exec(courses):
                yield CourseMark(centre, f"{stored_at:%Y-%m}", frozenset(found.get(uid, ())))


def _findings(session: Session) -> dict[str, set[tuple[str, str]]]:
    query = select(FindingTable.course_uid, FindingTable.severity, FindingTable.code).where(
        col(FindingTable.severity).in_(NOTABLE)
    )
    found: dict[str, set[tuple[str, str]]] = {}
    for uid, severity, code in session.exec(query):
        found.setdefault(uid, set()).add((severity, code))
    return found
