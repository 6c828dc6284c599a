"""The names of harmonized courses in SQL, to be gone through by new rules."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Engine, bindparam
from sqlmodel import Session, col, select, update

from gateway.contract.receipts import SubmissionState
from harmonizer.adapters.database import reading
from harmonizer.adapters.tables.studies import CourseTable, MetricTable, StructureTable
from harmonizer.adapters.work import ask
from harmonizer.domain.nomenclature import KeptName, Renaming

RULES = " rules "


class SqlKeptNames:
    """The `KeptNames` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def courses(self, after: str, most: int) -> Sequence[tuple[str, str, str | None]]:
        query = (
            select(CourseTable.course_uid, CourseTable.centre, CourseTable.site)
            .where(CourseTable.course_uid > after, CourseTable.state == SubmissionState.HARMONIZED)
            .order_by(col(CourseTable.course_uid))
            .limit(most)
        )
        with Session(self._reading) as session:
            return [(uid, centre, site) for uid, centre, site in session.exec(query)]

    def names(self, course_uids: Sequence[str]) -> Mapping[str, Sequence[KeptName]]:
        table = StructureTable
        columns = (
            col(table.course_uid),
            col(table.id),
            col(table.roi_number),
            col(table.local_name),
            col(table.standard_name),
            col(table.suggestion),
            col(table.kind),
            col(table.status),
            col(table.reason),
        )
        found: dict[str, list[KeptName]] = {uid: [] for uid in course_uids}
        query = table.__table__.select().with_only_columns(*columns)  # type: ignore[attr-defined]
        query = query.where(columns[0].in_(course_uids)).order_by(columns[0], columns[2])
        with self._reading.connect() as connection:
            for uid, *rest in connection.execute(query):
                found[uid].append(KeptName(*rest))
        return found

    def rename(
        self,
        changes: Mapping[str, Sequence[Renaming]],
        rules_version: int,
        then: str,
        at: datetime,
    ) -> None:
        rows = [
            {f"new_{name}": value for name, value in asdict(one).items()} | {"of_course": uid}
            for uid, renamed in changes.items()
            for one in renamed
        ]
        with Session(self._engine) as session:
            query = select(CourseTable).where(col(CourseTable.course_uid).in_(list(changes)))
            courses = session.exec(query.with_for_update()).all()
            for course in courses:
                course.made_by = course.made_by | {
                    "names": _by_rules(course.made_by.get("names", ""), rules_version)
                }
            connection = session.connection()
            connection.execute(_RENAME_STRUCTURE, rows)
            connection.execute(_RENAME_METRIC, rows)
            ask(session, then, [course.course_uid for course in courses], at)
            session.commit()


_RENAME_STRUCTURE = (
    update(StructureTable)
    .where(
        col(StructureTable.id) == bindparam("new_row"),
        col(StructureTable.course_uid) == bindparam("of_course"),
        col(StructureTable.local_name) == bindparam("new_local_name"),  # not harmonized meanwhile
    )
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("standard_name", "suggestion", "kind", "status", "confidence", "reason")
        }
    )
)
_RENAME_METRIC = (
    update(MetricTable)
    .where(
        col(MetricTable.course_uid) == bindparam("of_course"),
        col(MetricTable.roi_number) == bindparam("new_number"),
    )
    .values(standard_name=bindparam("new_standard_name"))
)


def _by_rules(made_by: str, version: int) -> str:
    """Return the versions that made the names, with another rule set."""
    return f"{made_by.partition(RULES)[0]}{RULES}{version}"
