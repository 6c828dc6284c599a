"""Objects that were made here, in SQL: rows like those of what centres sent, of no centre."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, exists
from sqlmodel import Session, col, delete, select

from gateway.contract.receipts import SubmissionState
from harmonizer.adapters.database import reading
from harmonizer.adapters.tables.clinical import WithdrawnPatientTable
from harmonizer.adapters.tables.studies import (
    CourseInstanceTable,
    CourseTable,
    InstanceTable,
    StudyTable,
    key_of,
)
from harmonizer.domain.studies import MADE_HERE, DerivedObject, InstanceKey
from harmonizer.errors import DataError


class SqlDerived:
    """The `DerivedRecords` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def begin(self, course_uid: str, made: DerivedObject) -> bool:
        with Session(self._engine) as session:
            course = _course(session, course_uid)
            if course is None:
                return False
            study = session.get(StudyTable, made.key.study_instance_uid)
            row = session.get(InstanceTable, made.key.sop_instance_uid)
            if study is None or study.national_id != course.national_id:
                text = "a derived object is of a study that its course's patient does not have"
                raise DataError("DERIVED-ELSEWHERE", text)
            if row is not None and row.centre != MADE_HERE:
                raise DataError("DERIVED-ELSEWHERE", "a centre sent an object of the same UID")
            if row is None or row.sha256 != made.sha256:
                session.merge(_row(made))
            session.commit()
            return True

    def is_stored(self, made: DerivedObject) -> bool:
        with Session(self._reading) as session:
            row = session.get(InstanceTable, made.key.sop_instance_uid)
            return row is not None and row.verified_sha256 == made.sha256

    def show(self, course_uid: str, kind: str, made: DerivedObject) -> bool:
        uid = made.key.sop_instance_uid
        with Session(self._engine) as session:
            course, row = _course(session, course_uid), session.get(InstanceTable, uid)
            if course is None or row is None or row.sha256 != made.sha256:
                return False
            row.verified_sha256 = made.sha256
            session.add(row)
            session.merge(
                CourseInstanceTable(
                    course_uid=course_uid, version=course.version, sop_instance_uid=uid, role=kind
                )
            )
            session.commit()
            return True

    def superseded(self, course_uid: str, kind: str, kept: str | None) -> Sequence[InstanceKey]:
        uid = col(CourseInstanceTable.sop_instance_uid)
        with Session(self._engine) as session:
            course = session.get(CourseTable, course_uid)
            if course is None:
                return []
            is_kept = (uid == kept) & (col(CourseInstanceTable.version) == course.version)
            session.exec(
                delete(CourseInstanceTable).where(
                    col(CourseInstanceTable.course_uid) == course_uid,
                    col(CourseInstanceTable.role) == kind,
                    ~is_kept if kept else uid.is_not(None),
                )
            )
            theirs = select(StudyTable.study_instance_uid).where(
                StudyTable.national_id == course.national_id
            )
            query = select(InstanceTable).where(
                col(InstanceTable.study_instance_uid).in_(theirs), *_unneeded()
            )
            unneeded = [key_of(row, course.national_id) for row in session.exec(query)]
            session.commit()
            return unneeded

    def forget(self, key: InstanceKey) -> None:
        this = col(InstanceTable.sop_instance_uid) == key.sop_instance_uid
        with Session(self._engine) as session:
            session.exec(delete(InstanceTable).where(this, *_unneeded()))
            session.commit()

    def missing(self, kind: str) -> Sequence[str]:
        here = exists().where(
            col(CourseInstanceTable.course_uid) == CourseTable.course_uid,
            col(CourseInstanceTable.version) == CourseTable.version,
            col(CourseInstanceTable.role) == kind,
            col(InstanceTable.sop_instance_uid) == CourseInstanceTable.sop_instance_uid,
            col(InstanceTable.verified_sha256) == InstanceTable.sha256,
        )
        query = select(CourseTable.course_uid).where(
            CourseTable.state == SubmissionState.HARMONIZED, ~here
        )
        with Session(self._reading) as session:
            return list(session.exec(query))


def _course(session: Session, course_uid: str) -> CourseTable | None:
    """Return a course, unless its patient withdrew."""
    course = session.get(CourseTable, course_uid)
    gone = course and session.get(WithdrawnPatientTable, course.national_id)
    return None if gone else course


def _unneeded() -> tuple[Any, ...]:
    """Made here, and of no course any more."""
    used = exists().where(
        col(CourseInstanceTable.sop_instance_uid) == InstanceTable.sop_instance_uid
    )
    return col(InstanceTable.centre) == MADE_HERE, ~used


def _row(made: DerivedObject) -> InstanceTable:
    return InstanceTable(
        sop_instance_uid=made.key.sop_instance_uid,
        sop_class_uid=made.sop_class_uid,
        series_instance_uid=made.key.series_instance_uid,
        study_instance_uid=made.key.study_instance_uid,
        centre=MADE_HERE,
        modality=made.modality,
        size_bytes=made.size_bytes,
        sha256=made.sha256,
    )
