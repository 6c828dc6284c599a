"""The archive as readers see it: counts, lists of courses, one course with all that is known."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, Final

from sqlalchemy import Engine, Select, func
from sqlmodel import Session, col, select

from gateway.contract.receipts import SubmissionState
from harmonizer.adapters.cohorts import still_there
from harmonizer.adapters.database import reading
from harmonizer.adapters.tables.clinical import WithdrawnPatientTable
from harmonizer.adapters.tables.studies import (
    CourseInstanceTable,
    CourseStudyTable,
    CourseTable,
    FindingTable,
    InstanceTable,
    MetricTable,
    StructureTable,
    SubmissionTable,
)
from harmonizer.adapters.tables.work import WorkTable
from harmonizer.domain.studies import MADE_HERE, CourseFilter

COUNT_HOLDS: Final = 20.0
"""Times what counting took: a page that many watch costs a twentieth of the database at most."""
STRUCTURE_FIELDS: Final = (
    "roi_number",
    "local_name",
    "standard_name",
    "suggestion",
    "kind",
    "confidence",
    "status",
    "dose_status",
    "volume_cm3",
    "alternatives",
)
COURSE_FIELDS: Final = (
    "course_uid",
    "version",
    "centre",
    "national_id",
    "state",
    "reason",
    "site",
    "laterality",
    "plan_label",
    "technique",
    "prescribed_gy",
    "fractions",
    "stored_at",
    "harmonized_at",
)


class SqlOverview:
    """The `Overview` port."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)
        self._counted: dict[str, int] = {}
        self._count_holds_until = 0.0

    def states(self) -> Sequence[tuple[str, str, int]]:
        group = (CourseTable.centre, CourseTable.state)
        kept = select(*group, func.count()).where(still_there()).group_by(*group)
        with Session(self._reading) as session:
            return [
                *((centre, state, int(n)) for centre, state, n in session.exec(kept)),
                *(
                    (centre, str(SubmissionState.ANNOUNCED), int(n))
                    for centre, n in session.exec(_announced())
                ),
            ]

    def instances(self) -> Mapping[str, int]:
        """Count afresh, unless the last count was dear: then it holds for some seconds."""
        begin = monotonic()
        if begin >= self._count_holds_until:
            self._counted = self._count_instances()
            now = monotonic()
            self._count_holds_until = now + COUNT_HOLDS * (now - begin)
        return self._counted

    def _count_instances(self) -> dict[str, int]:
        query = (
            select(InstanceTable.centre, func.count())
            .where(
                col(InstanceTable.verified_sha256).is_not(None),
                col(InstanceTable.centre) != MADE_HERE,
            )
            .group_by(InstanceTable.centre)
        )
        with Session(self._reading) as session:
            return {centre: int(n) for centre, n in session.exec(query)}

    def courses(self, which: CourseFilter) -> Sequence[dict[str, Any]]:
        newest = col(CourseTable.stored_at).desc()
        query = _narrowed(select(CourseTable), which).order_by(newest, col(CourseTable.course_uid))
        with Session(self._reading) as session:
            rows = session.exec(query.offset(which.offset).limit(which.limit)).all()
            found = [{name: getattr(row, name) for name in COURSE_FIELDS} for row in rows]
            _add_lists(session, found)
            return found

    def count(self, which: CourseFilter) -> int:
        query = _narrowed(select(func.count()).select_from(CourseTable), which)
        with Session(self._reading) as session:
            return int(session.exec(query).one())

    def course(self, course_uid: str) -> dict[str, Any] | None:
        with Session(self._reading) as session:
            query = select(CourseTable).where(CourseTable.course_uid == course_uid, still_there())
            row = session.exec(query).first()
            if row is None:
                return None
            found = {name: getattr(row, name) for name in COURSE_FIELDS}
            _add_lists(session, [found])
            found["made_by"] = dict(row.made_by)
            found["instances"] = _roles(session, row)
            found["structures"] = _structures(session, course_uid)
            found["findings"] = _findings(session, course_uid)
            return found

    def curves(self, course_uid: str) -> Mapping[int, Sequence[Sequence[float]]]:
        query = select(StructureTable.roi_number, StructureTable.curve).where(
            StructureTable.course_uid == course_uid
        )
        with Session(self._reading) as session:
            return {number: curve for number, curve in session.exec(query) if curve}

    def courses_of_study(self, study_instance_uid: str) -> Sequence[str]:
        query = (
            select(CourseStudyTable.course_uid)
            .join(CourseTable, col(CourseTable.course_uid) == CourseStudyTable.course_uid)
            .where(CourseStudyTable.study_instance_uid == study_instance_uid, still_there())
        )
        with Session(self._reading) as session:
            return sorted(session.exec(query))

    def troubles(self, most: int) -> Sequence[Mapping[str, Any]]:
        """Work that failed or is tried again, worst first."""
        query = (
            select(WorkTable, CourseTable.centre)
            .join(CourseTable, col(CourseTable.course_uid) == WorkTable.subject, isouter=True)
            .where(col(WorkTable.reason).is_not(None))
            .order_by(col(WorkTable.state), col(WorkTable.attempts).desc(), WorkTable.subject)
            .limit(most)
        )
        with Session(self._reading) as session:
            return [
                {
                    "kind": row.kind,
                    "course_uid": row.subject,
                    "centre": centre,
                    "state": row.state,
                    "attempts": row.attempts,
                    "reason": row.reason,
                    "not_before": row.not_before,
                }
                for row, centre in session.exec(query)
            ]

    def incoming(self, most: int) -> Sequence[Mapping[str, Any]]:
        """Announced versions that are not whole yet: how many instances are still to come."""
        here = func.count(col(InstanceTable.verified_sha256))
        query = (
            select(SubmissionTable, func.count(), here)
            .join(
                CourseInstanceTable,
                (col(CourseInstanceTable.course_uid) == SubmissionTable.course_uid)
                & (col(CourseInstanceTable.version) == SubmissionTable.version),
            )
            .join(
                InstanceTable,
                col(InstanceTable.sop_instance_uid) == CourseInstanceTable.sop_instance_uid,
            )
            .where(*_open())
            .group_by(col(SubmissionTable.course_uid), col(SubmissionTable.version))
            .order_by(col(SubmissionTable.announced_at).desc())
            .limit(most)
        )
        with Session(self._reading) as session:
            return [
                {
                    "course_uid": row.course_uid,
                    "version": row.version,
                    "centre": row.centre,
                    "announced_at": row.announced_at,
                    "instances": int(total),
                    "here": int(came),
                }
                for row, total, came in session.exec(query)
            ]


def _open() -> tuple[Any, ...]:
    """Announced, and no version as new or newer is stored."""
    later = (
        select(CourseTable.course_uid)
        .where(
            col(CourseTable.course_uid) == SubmissionTable.course_uid,
            col(CourseTable.version) >= SubmissionTable.version,
        )
        .exists()
    )
    gone = select(WithdrawnPatientTable.national_id)
    here = col(SubmissionTable.national_id).not_in(gone)
    return (col(SubmissionTable.state) == SubmissionState.ANNOUNCED, ~later, here)


def _announced() -> Any:
    return (
        select(SubmissionTable.centre, func.count(func.distinct(col(SubmissionTable.course_uid))))
        .where(*_open())
        .group_by(SubmissionTable.centre)
    )


def _narrowed(query: Select[Any], which: CourseFilter) -> Any:
    query = query.where(still_there())
    if which.centre:
        query = query.where(col(CourseTable.centre) == which.centre)
    if which.state:
        query = query.where(col(CourseTable.state) == which.state)
    if which.site:
        query = query.where(col(CourseTable.site) == which.site)
    if which.national_id:
        query = query.where(col(CourseTable.national_id) == which.national_id)
    return query


def _add_lists(session: Session, courses: Sequence[dict[str, Any]]) -> None:
    """Add the studies, and how many structures and findings of each severity there are."""
    uids = [course["course_uid"] for course in courses]
    studies: dict[str, list[str]] = {}
    pairs = select(CourseStudyTable.course_uid, CourseStudyTable.study_instance_uid)
    for uid, study in session.exec(pairs.where(col(CourseStudyTable.course_uid).in_(uids))):
        studies.setdefault(uid, []).append(study)
    counted = (
        select(
            StructureTable.course_uid, func.count(), func.count(col(StructureTable.standard_name))
        )
        .where(col(StructureTable.course_uid).in_(uids))
        .group_by(StructureTable.course_uid)
    )
    names = {uid: (int(n), int(named)) for uid, n, named in session.exec(counted)}
    severe = (
        select(FindingTable.course_uid, FindingTable.severity, func.count())
        .where(col(FindingTable.course_uid).in_(uids))
        .group_by(FindingTable.course_uid, FindingTable.severity)
    )
    findings: dict[str, dict[str, int]] = {}
    for uid, severity, n in session.exec(severe):
        findings.setdefault(uid, {})[severity] = int(n)
    for course in courses:
        uid = course["course_uid"]
        course["study_uids"] = sorted(studies.get(uid, []))
        course["structures"], course["named"] = names.get(uid, (0, 0))
        course["findings"] = findings.get(uid, {})


def _roles(session: Session, course: CourseTable) -> dict[str, int]:
    query = (
        select(CourseInstanceTable.role, func.count())
        .where(
            CourseInstanceTable.course_uid == course.course_uid,
            CourseInstanceTable.version == course.version,
        )
        .group_by(CourseInstanceTable.role)
    )
    return {role: int(n) for role, n in sorted(session.exec(query))}


def _structures(session: Session, course_uid: str) -> list[dict[str, Any]]:
    values: dict[int, dict[str, float]] = {}
    metrics = select(MetricTable).where(MetricTable.course_uid == course_uid)
    for row in session.exec(metrics.order_by(col(MetricTable.id))):
        if row.value is not None:
            values.setdefault(row.roi_number, {})[row.name] = row.value
    query = select(StructureTable).where(StructureTable.course_uid == course_uid)
    return [
        {name: getattr(row, name) for name in STRUCTURE_FIELDS}
        | {"explanation": row.reason, "metrics": values.get(row.roi_number, {})}
        for row in session.exec(query.order_by(col(StructureTable.roi_number)))
    ]


def _findings(session: Session, course_uid: str) -> list[dict[str, str]]:
    query = select(FindingTable).where(FindingTable.course_uid == course_uid)
    return [
        {"code": row.code, "severity": row.severity, "place": row.place, "text": row.text}
        for row in session.exec(query.order_by(col(FindingTable.id)))
    ]
