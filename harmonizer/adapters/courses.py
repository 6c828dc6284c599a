"""Courses and their derived rows in SQL."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, delete, insert, select, update

from gateway.contract.receipts import SubmissionState
from harmonizer.adapters.cohorts import still_there, visible
from harmonizer.adapters.database import chunks, reading
from harmonizer.adapters.tables.studies import (
    CourseInstanceTable,
    CourseStudyTable,
    CourseTable,
    FindingTable,
    InstanceTable,
    MetricTable,
    StructureTable,
    SubmissionTable,
    key_of,
)
from harmonizer.domain.studies import CourseInstance, Harmonized
from harmonizer.ports import CourseContext


class SqlCourses:
    """The `Courses` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def instances(self, course_uid: str) -> Sequence[CourseInstance]:
        query = (
            visible(select(InstanceTable, CourseInstanceTable.role, CourseTable.national_id))
            .where(CourseTable.course_uid == course_uid)
            .order_by(col(InstanceTable.sop_instance_uid))
        )
        with Session(self._reading) as session:
            return [
                CourseInstance(key_of(row, patient), row.modality, role)
                for row, role, patient in session.exec(query)
            ]

    def national_id(self, course_uid: str) -> str | None:
        query = select(CourseTable.national_id).where(
            CourseTable.course_uid == course_uid, still_there()
        )
        with Session(self._reading) as session:
            return session.exec(query).first()

    def centre(self, course_uid: str) -> str | None:
        with Session(self._reading) as session:
            row = session.get(CourseTable, course_uid)
            return row.centre if row else None

    def contexts(self, national_ids: Collection[str] | None = None) -> Sequence[CourseContext]:
        query = select(CourseTable).where(
            CourseTable.state == SubmissionState.HARMONIZED, still_there()
        )
        queries = [query]
        if national_ids is not None:
            parts = chunks(sorted(national_ids))
            queries = [query.where(col(CourseTable.national_id).in_(part)) for part in parts]
        with Session(self._reading) as session:
            return [
                CourseContext(
                    row.course_uid, row.national_id, row.site, row.laterality, dict(row.made_by)
                )
                for which in queries
                for row in session.exec(which)
            ]

    def unharmonized(self) -> Sequence[str]:
        query = select(CourseTable.course_uid).where(
            CourseTable.state == SubmissionState.STORED, still_there()
        )
        with Session(self._reading) as session:
            return list(session.exec(query))

    def study_uids(self, course_uid: str) -> Sequence[str]:
        query = select(CourseStudyTable.study_instance_uid).where(
            CourseStudyTable.course_uid == course_uid
        )
        with Session(self._reading) as session:
            return sorted(session.exec(query))

    def keep(self, course_uid: str, result: Harmonized, at: datetime) -> None:
        with Session(self._engine) as session:
            course = session.get_one(CourseTable, course_uid, with_for_update=True)
            for table in (StructureTable, MetricTable, FindingTable):
                session.exec(delete(table).where(col(table.course_uid) == course_uid))
            _insert_rows(session, course_uid, result)
            course.plan_label = result.plan.label
            course.technique = result.plan.technique
            course.prescribed_gy = result.plan.prescribed_gy
            course.fractions = result.plan.fractions
            course.intent = result.plan.intent
            course.fractions_delivered = result.plan.fractions_delivered
            course.treatment_days = result.plan.treatment_days
            course.plans = [asdict(row) for row in result.plans]
            course.site, course.laterality = result.site, result.laterality
            course.state, course.reason = SubmissionState.HARMONIZED, None
            course.harmonized_at, course.made_by = at, dict(result.made_by)
            session.add(course)
            _tell_submission(session, course, SubmissionState.HARMONIZED, None)
            session.commit()

    def fail(self, course_uid: str, reason: str) -> None:
        with Session(self._engine) as session:
            course = session.get_one(CourseTable, course_uid, with_for_update=True)
            course.state, course.reason = SubmissionState.FAILED, reason
            session.add(course)
            _tell_submission(session, course, SubmissionState.FAILED, reason)
            session.commit()


def _insert_rows(session: Session, course_uid: str, result: Harmonized) -> None:
    ours = {"course_uid": course_uid}
    structures = [asdict(row) | ours for row in result.structures]
    metrics = [asdict(row) | ours for row in result.metrics]
    findings = [
        {"code": f.code, "severity": f.severity.value, "place": f.where, "text": f.text} | ours
        for f in result.findings
    ]
    for table, rows in (
        (StructureTable, structures),
        (MetricTable, metrics),
        (FindingTable, findings),
    ):
        if rows:
            session.exec(insert(table), params=rows)


def _tell_submission(
    session: Session, course: CourseTable, state: SubmissionState, reason: str | None
) -> None:
    which = (col(SubmissionTable.course_uid) == course.course_uid) & (
        col(SubmissionTable.version) == course.version
    )
    session.exec(update(SubmissionTable).where(which).values(state=state, reason=reason))
