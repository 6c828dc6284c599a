"""Rule sets, decisions and the names in use, in SQL."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Engine, func, tuple_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, delete, insert, select

from harmonizer.adapters.cohorts import still_there
from harmonizer.adapters.database import chunks, reading
from harmonizer.adapters.tables.nomenclature import (
    NameDecisionTable,
    NameRuleSetTable,
    NameRuleTable,
)
from harmonizer.adapters.tables.studies import CourseTable, StructureTable
from harmonizer.adapters.work import ask
from harmonizer.domain.nomenclature import Decision, NameUse, Release, ReleaseState, Rule
from harmonizer.domain.nomenclature.rules import rule_key


class SqlNameRules:
    """The `NameRules` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def releases(self) -> Sequence[Release]:
        query = select(NameRuleSetTable).order_by(col(NameRuleSetTable.version).desc())
        with Session(self._reading) as session:
            return [_release(row) for row in session.exec(query)]

    def in_force(self) -> int:
        query = select(func.max(NameRuleSetTable.version)).where(
            NameRuleSetTable.state == ReleaseState.RELEASED
        )
        with Session(self._reading) as session:
            return session.exec(query).one() or 0

    def rules(self, version: int) -> Sequence[Rule]:
        query = select(NameRuleTable).where(NameRuleTable.version == version)
        with Session(self._reading) as session:
            return [_rule(row) for row in session.exec(query.order_by(col(NameRuleTable.name_key)))]

    def open_draft(self, by: str, at: datetime, rules: Sequence[Rule], note: str) -> Release:
        with Session(self._engine) as session:
            newest = session.exec(select(func.max(NameRuleSetTable.version))).one() or 0
            released = select(func.max(NameRuleSetTable.version)).where(
                NameRuleSetTable.state == ReleaseState.RELEASED
            )
            row = NameRuleSetTable(
                version=newest + 1,
                state=ReleaseState.DRAFT,
                based_on=session.exec(released).one() or 0,
                created_by=by,
                created_at=at,
                note=note,
            )
            session.add(row)
            session.flush()
            _insert_rules(session, row.version, rules)
            session.commit()
            return _release(row)

    def put_rules(self, version: int, rules: Iterable[Rule]) -> None:
        """Add rules to a draft; each replaces the one of its scope."""
        with Session(self._engine) as session:
            for rule in rules:
                row = _row(version, rule)
                key = (version, row["centre"], row["site"], row["name_key"])
                old = session.get(NameRuleTable, key)
                if old:
                    session.delete(old)
                    session.flush()
                session.add(NameRuleTable(**row))
            session.commit()

    def replace_rules(self, version: int, rules: Sequence[Rule]) -> None:
        with Session(self._engine) as session:
            session.exec(delete(NameRuleTable).where(col(NameRuleTable.version) == version))
            _insert_rules(session, version, rules)
            session.commit()

    def remove_rule(self, version: int, rule: Rule) -> bool:
        key = (version, rule.centre, rule.site, rule_key(rule.local_name))
        with Session(self._engine) as session:
            row = session.get(NameRuleTable, key)
            if row is None:
                return False
            session.delete(row)
            session.commit()
            return True

    def move(
        self,
        version: int,
        before: ReleaseState,
        after: ReleaseState,
        by: str,
        at: datetime,
        note: str = "",
        work: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> bool:
        query = select(NameRuleSetTable).where(
            NameRuleSetTable.version == version, NameRuleSetTable.state == before
        )
        with Session(self._engine) as session:
            row = session.exec(query.with_for_update()).first()
            if row is None:
                return False
            row.state = after
            row.note = note or row.note
            if after is ReleaseState.PROPOSED:
                row.proposed_by = by
            else:
                row.decided_by, row.decided_at = by, at
            session.add(row)
            for kind, subjects in work.items():
                ask(session, kind, subjects, at)
            session.commit()
            return True

    def keep_decision(self, decision: Decision) -> None:
        rule = decision.rule
        with Session(self._engine) as session:
            session.add(
                NameDecisionTable(
                    at=decision.at,
                    name_key=rule_key(rule.local_name),
                    centre=rule.centre,
                    site=rule.site,
                    local_name=rule.local_name,
                    tg263_name=rule.tg263_name,
                    author=rule.author,
                    reason=rule.reason,
                    guideline=rule.guideline,
                )
            )
            session.commit()

    def decisions(self, local_name: str | None = None) -> Sequence[Decision]:
        query = select(NameDecisionTable).order_by(col(NameDecisionTable.id))
        if local_name is not None:
            query = query.where(NameDecisionTable.name_key == rule_key(local_name))
        with Session(self._reading) as session:
            return [_decision(row) for row in session.exec(query)]


class SqlNameUses:
    """The `NameUses` port: local names as the harmonized courses have them."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)

    def uses(self, open_only: bool = False) -> Sequence[NameUse]:
        query = (
            select_columns(
                col(StructureTable.local_name),
                col(CourseTable.centre),
                col(CourseTable.site),
                func.count(),
                func.count(func.distinct(col(CourseTable.national_id))),
            )
            .join(CourseTable, col(CourseTable.course_uid) == StructureTable.course_uid)
            .where(still_there())
            .group_by(
                col(StructureTable.local_name), col(CourseTable.centre), col(CourseTable.site)
            )
        )
        if open_only:
            query = query.where(col(StructureTable.standard_name).is_(None))
        with Session(self._reading) as session:
            return [
                NameUse(name, centre, int(structures), site, int(patients))
                for name, centre, site, structures, patients in session.execute(query)
            ]

    def touched(self, names: Sequence[tuple[str, str]]) -> tuple[Sequence[str], int]:
        """Return the courses with one of these (centre, local name), and how many patients."""
        courses: set[str] = set()
        patients: set[str] = set()
        with Session(self._reading) as session:
            for part in chunks(names):
                query = (
                    select(CourseTable.course_uid, CourseTable.national_id)
                    .join(
                        StructureTable,
                        col(StructureTable.course_uid) == CourseTable.course_uid,
                    )
                    .where(
                        still_there(),
                        tuple_(col(CourseTable.centre), col(StructureTable.local_name)).in_(part),
                    )
                    .distinct()
                )
                for course_uid, national_id in session.exec(query):
                    courses.add(course_uid)
                    patients.add(national_id)
        return sorted(courses), len(patients)

    def by_status(self) -> Sequence[tuple[str, str, bool, int]]:
        named = col(StructureTable.standard_name).is_not(None)
        query = (
            select(CourseTable.centre, StructureTable.status, named, func.count())
            .join(CourseTable, col(CourseTable.course_uid) == StructureTable.course_uid)
            .where(still_there())
            .group_by(col(CourseTable.centre), col(StructureTable.status), named)
        )
        with Session(self._reading) as session:
            return [(c, status, bool(has), int(n)) for c, status, has, n in session.exec(query)]

    def example(self, local_name: str, centre: str) -> tuple[str, int] | None:
        """Return a course and ROI number that has the name, the newest first."""
        query = (
            select(StructureTable.course_uid, StructureTable.roi_number)
            .join(CourseTable, col(CourseTable.course_uid) == StructureTable.course_uid)
            .where(
                StructureTable.local_name == local_name,
                CourseTable.centre == centre,
                still_there(),
            )
            .order_by(col(CourseTable.stored_at).desc())
            .limit(1)
        )
        with Session(self._reading) as session:
            found = session.exec(query).first()
            return (found[0], found[1]) if found else None


def _release(row: NameRuleSetTable) -> Release:
    return Release(
        version=row.version,
        state=ReleaseState(row.state),
        based_on=row.based_on,
        created_by=row.created_by,
        created_at=row.created_at,
        note=row.note,
        proposed_by=row.proposed_by,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )


def _insert_rules(session: Session, version: int, rules: Sequence[Rule]) -> None:
    if rules:
        session.exec(insert(NameRuleTable), params=[_row(version, rule) for rule in rules])


def _row(version: int, rule: Rule) -> dict[str, Any]:
    return {
        "version": version,
        "centre": rule.centre,
        "site": rule.site,
        "name_key": rule_key(rule.local_name),
        "local_name": rule.local_name,
        "tg263_name": rule.tg263_name,
        "author": rule.author,
        "reason": rule.reason,
        "decided_on": rule.decided_on,
        "guideline": rule.guideline,
        "examples": list(rule.examples),
    }


def _rule(row: NameRuleTable) -> Rule:
    return Rule(
        local_name=row.local_name,
        tg263_name=row.tg263_name,
        author=row.author,
        reason=row.reason,
        decided_on=row.decided_on,
        centre=row.centre,
        site=row.site,
        guideline=row.guideline,
        examples=tuple(row.examples),
    )


def _decision(row: NameDecisionTable) -> Decision:
    rule = Rule(
        local_name=row.local_name,
        tg263_name=row.tg263_name,
        author=row.author,
        reason=row.reason,
        decided_on=row.at.date().isoformat(),
        centre=row.centre,
        site=row.site,
        guideline=row.guideline,
    )
    return Decision(rule, row.at)
