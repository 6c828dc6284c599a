"""What the archive holds of one course: its series, and how many fractions were given."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from harmonizer.adapters.cohorts import still_there, visible
from harmonizer.adapters.database import reading
from harmonizer.adapters.tables.studies import CourseTable, InstanceTable
from harmonizer.domain.fhir import StoredSeries


class SqlCourseSeries:
    """The `CourseSeries` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = reading(engine)

    def delivered(self, course_uid: str) -> int | None:
        query = select(CourseTable.fractions_delivered)
        with Session(self._engine) as session:
            which = CourseTable.course_uid == course_uid
            return session.exec(query.where(which, still_there())).first()

    def plans(self, course_uid: str) -> Sequence[Mapping[str, Any]]:
        query = select(CourseTable.plans).where(CourseTable.course_uid == course_uid)
        with Session(self._engine) as session:
            return session.exec(query.where(still_there())).first() or []

    def series(self, course_uid: str) -> Sequence[StoredSeries]:
        query = (
            visible(select(InstanceTable))
            .where(CourseTable.course_uid == course_uid)
            .order_by(
                InstanceTable.study_instance_uid,
                InstanceTable.series_instance_uid,
                InstanceTable.sop_instance_uid,
            )
        )
        found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
        with Session(self._engine) as session:
            for row in session.exec(query):
                key = (row.study_instance_uid, row.series_instance_uid, row.modality)
                found.setdefault(key, []).append((row.sop_instance_uid, row.sop_class_uid))
        return [StoredSeries(*key, instances) for key, instances in found.items()]
