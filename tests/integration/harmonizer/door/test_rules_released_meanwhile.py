"""A rule that is released while a course is worked reaches the course all the same."""

import asyncio
from datetime import datetime

import pytest
from sqlmodel import Session, select

from harmonizer.adapters.courses import SqlCourses
from harmonizer.adapters.tables.studies import StructureTable
from harmonizer.app import Service
from harmonizer.domain.nomenclature import Rule
from harmonizer.domain.studies import Harmonized
from tests.factories.archive_world import SentCourse
from tests.integration.harmonizer.door.test_derived_objects import Open


def release(service: Service, local_name: str, tg263_name: str) -> None:
    """Put a rule in force and take it to every course that is kept by now."""
    rule = Rule(local_name, tg263_name, "anna", "the test's", "2026-01-01")
    service.names.decide(rule, "anna")
    proposed = service.names.propose("anna", "")
    service.names.release(proposed.version, "bert")
    assert service.remapping.step()


def names(service: Service) -> dict[str, str | None]:
    with Session(service.engine) as session:
        query = select(StructureTable.local_name, StructureTable.standard_name)
        return dict(session.exec(query).all())


def test_a_rule_released_between_reading_and_keeping_is_not_forgotten(
    open_door: Open, course: SentCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = SqlCourses.keep
    renamed: list[str] = []

    async def run() -> None:
        async with open_door() as door:

            def keep_late(
                courses: SqlCourses, course_uid: str, result: Harmonized, at: datetime
            ) -> None:
                monkeypatch.setattr(SqlCourses, "keep", keep)
                (local,) = [s.local_name for s in result.structures if s.standard_name == "Heart"]
                renamed.append(local)
                release(door.service, local, "Bladder")
                keep(courses, course_uid, result, at)

            await door.deliver(course)
            monkeypatch.setattr(SqlCourses, "keep", keep_late)
            door.service.work_through()
            assert names(door.service)[renamed[0]] == "Bladder"

    asyncio.run(run())
