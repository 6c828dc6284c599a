"""Courses for the registry extract, from SQL."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from gateway.contract.receipts import SubmissionState
from harmonizer.adapters.cohorts import still_there
from harmonizer.adapters.database import reading
from harmonizer.adapters.tables.studies import (
    CourseTable,
    FindingTable,
    MetricTable,
    StructureTable,
)
from harmonizer.domain.registry import COLUMNS, DESCRIPTORS, KeptCourse

PART = 200


class SqlRegistry:
    """The `RegistryRecords` port."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)

    def structures(self) -> Sequence[str]:
        """Return every standard name that a region with a volume has, in order."""
        query = (
            select(StructureTable.standard_name)
            .join(CourseTable, col(CourseTable.course_uid) == StructureTable.course_uid)
            .where(
                still_there(),
                col(StructureTable.standard_name).is_not(None),
                col(StructureTable.volume_cm3).is_not(None),
            )
            .distinct()
        )
        with Session(self._reading) as session:
            return sorted(name for name in session.exec(query) if name)

    def courses(self) -> Iterator[KeptCourse]:
        """Yield harmonized courses in the order of their identifiers."""
        after = ""
        while True:
            with Session(self._reading) as session:
                found = self._part(session, after)
            yield from found
            if len(found) < PART:
                return
            after = str(found[-1].values["course_uid"])

    def _part(self, session: Session, after: str) -> list[KeptCourse]:
        query = (
            select(CourseTable)
            .where(
                CourseTable.state == SubmissionState.HARMONIZED,
                CourseTable.course_uid > after,
                still_there(),
            )
            .order_by(col(CourseTable.course_uid))
            .limit(PART)
        )
        rows = session.exec(query).all()
        uids = [row.course_uid for row in rows]
        findings = _findings(session, uids)
        metrics = _metrics(session, uids)
        names = [column.name for column in COLUMNS] + ["fractions"]
        return [
            KeptCourse(
                {name: getattr(row, name) for name in names if hasattr(row, name)},
                dict(row.made_by),
                findings.get(row.course_uid, ()),
                metrics.get(row.course_uid, {}),
            )
            for row in rows
        ]


def _findings(session: Session, uids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    query = select(FindingTable.course_uid, FindingTable.severity, FindingTable.code)
    for uid, severity, code in session.exec(query.where(col(FindingTable.course_uid).in_(uids))):
        found.setdefault(uid, []).append((severity, code))
    return found


def _metrics(session: Session, uids: Sequence[str]) -> dict[str, dict[tuple[str, str], float]]:
    found: dict[str, dict[tuple[str, str], float]] = {}
    query = select(
        MetricTable.course_uid, MetricTable.standard_name, MetricTable.name, MetricTable.value
    ).where(
        col(MetricTable.course_uid).in_(uids),
        col(MetricTable.name).in_(DESCRIPTORS),
        col(MetricTable.standard_name).is_not(None),
        col(MetricTable.value).is_not(None),
    )
    for uid, structure, name, value in session.exec(query):
        if structure and value is not None:
            found.setdefault(uid, {}).setdefault((structure, name), value)
    return found
