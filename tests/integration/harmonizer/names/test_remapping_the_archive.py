"""Released rules reach every kept name at once; nothing but names is touched."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from harmonizer.adapters.kept_names import SqlKeptNames
from harmonizer.adapters.tables.studies import CourseTable, MetricTable, StructureTable
from harmonizer.adapters.work import SqlWork
from harmonizer.domain.nomenclature import Renaming, Rule, RuleSet
from harmonizer.services.derived import DERIVE
from harmonizer.services.nomenclature import NomenclatureService
from harmonizer.services.remapping import LEASE, RemappingService
from tests.integration.harmonizer.names.conftest import TickingClock

Clients = Callable[[str], httpx.AsyncClient]
OAR = {"local_name": "OAR 7", "tg263_name": "Parotid_L", "reason": "seen on the images"}


@pytest.fixture
def remapping(engine: Engine, service: NomenclatureService) -> RemappingService:
    with Session(engine) as session:
        for course, number in (("1.2", 2), ("1.2", 1), ("2.1", 1)):
            session.add(
                MetricTable(
                    course_uid=course, roi_number=number, name="Mean[Gy]", value=20.0, unit="Gy"
                )
            )
        session.commit()
    names = SqlKeptNames(engine)
    return RemappingService(names, service.mapper, SqlWork(engine), TickingClock(hour=9))


def released(clients: Clients, *paths: tuple[str, str, dict[str, str]]) -> None:
    async def call() -> None:
        for who, path, body in paths:
            async with clients(who) as client:
                answer = await client.post(path, json=body)
                assert answer.is_success, answer.text

    asyncio.run(call())


def release_rule(clients: Clients) -> None:
    released(
        clients,
        ("anna", "/decisions", OAR),
        ("anna", "/draft/propose", {}),
        ("bert", "/rule-sets/1/release", {}),
    )


def names(engine: Engine) -> dict[tuple[str, int], tuple[str | None, str]]:
    with Session(engine) as session:
        rows = session.exec(select(StructureTable)).all()
        return {(r.course_uid, r.roi_number): (r.standard_name, r.status) for r in rows}


def metrics(engine: Engine) -> set[tuple[str, int, str | None, float | None]]:
    with Session(engine) as session:
        rows = session.exec(select(MetricTable)).all()
        return {(r.course_uid, r.roi_number, r.standard_name, r.value) for r in rows}


def due(work: SqlWork, clock: TickingClock) -> set[str]:
    """Return the courses whose derived objects are to be made anew."""
    found = set()
    while task := work.claim(clock.now(), LEASE, DERIVE):
        found.add(task.subject)
    return found


def test_a_rule_reaches_every_spelling_and_the_metrics(
    client_of: Clients, engine: Engine, remapping: RemappingService
) -> None:
    before = names(engine)
    release_rule(client_of)
    assert names(engine) == before  # the release itself changes no name
    assert remapping.step()
    after = names(engine)
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {("1.1", 2), ("1.2", 2), ("1.3", 1), ("2.1", 1)}
    assert {after[key] for key in changed} == {("Parotid_L", "rule")}
    assert metrics(engine) == {
        ("1.2", 1, None, 20.0),
        ("1.2", 2, "Parotid_L", 20.0),
        ("2.1", 1, "Parotid_L", 20.0),
    }
    with Session(engine) as session:
        made_by = session.get_one(CourseTable, "1.1").made_by["names"]
    assert made_by.endswith(" rules 1")
    assert not remapping.step()


def test_a_second_pass_changes_nothing(
    client_of: Clients, engine: Engine, remapping: RemappingService
) -> None:
    release_rule(client_of)
    assert remapping.remap() == 4
    once = names(engine)
    assert remapping.remap() == 0
    assert names(engine) == once


def test_the_derived_sets_of_changed_courses_are_made_anew(
    client_of: Clients, engine: Engine, remapping: RemappingService
) -> None:
    release_rule(client_of)
    remapping.remap()
    assert due(SqlWork(engine), TickingClock(hour=9)) == {"1.1", "1.2", "1.3", "2.1"}


def test_a_pass_that_is_killed_leaves_no_derived_set_with_old_names(
    client_of: Clients, engine: Engine, service: NomenclatureService
) -> None:
    """Names that are right already are not looked at again: whoever made them right says so."""

    class Killed(SqlWork):
        def add(self, kind: str, subjects: Iterable[str], at: datetime) -> None:
            raise KeyboardInterrupt

    release_rule(client_of)
    before, clock = names(engine), TickingClock(hour=9)
    work, kept = SqlWork(engine), SqlKeptNames(engine)
    with suppress(KeyboardInterrupt):
        RemappingService(kept, service.mapper, Killed(engine), clock).remap()
    assert names(engine) != before
    RemappingService(kept, service.mapper, work, clock).remap()
    assert due(work, clock) == {"1.1", "1.2", "1.3", "2.1"}


def test_a_course_that_went_meanwhile_stops_no_other(engine: Engine) -> None:
    """As when its patient is erased between reading the names and writing them."""
    kept, clock = SqlKeptNames(engine), TickingClock(hour=9)
    before = kept.names(["1.1"])["1.1"]
    changes = [
        Renaming(
            row=name.row,
            number=name.number,
            local_name=name.local_name,
            standard_name="Parotid_L",
            suggestion="Parotid_L",
            kind="organ",
            status="rule",
            confidence=1.0,
            reason="a rule",
        )
        for name in before
    ]
    kept.rename({"1.1": changes, "9.9": changes}, 7, DERIVE, clock.now())
    assert {name.standard_name for name in kept.names(["1.1"])["1.1"]} == {"Parotid_L"}
    with Session(engine) as session:
        assert session.get_one(CourseTable, "1.1").made_by["names"].endswith(" rules 7")
    assert due(SqlWork(engine), clock) == {"1.1"}


def test_a_rule_taken_back_leaves_a_name_to_a_curator(
    client_of: Clients, engine: Engine, remapping: RemappingService
) -> None:
    before = names(engine)
    release_rule(client_of)
    remapping.remap()
    released(
        client_of,
        ("bert", "/rule-sets/0/roll-back", {"note": "wrong side"}),
        ("anna", "/rule-sets/2/release", {}),
    )
    assert remapping.remap() == 4
    assert {key: name for key, (name, _) in names(engine).items()} == {
        key: name for key, (name, _) in before.items()
    }


def test_two_regions_of_one_name_have_it_neither(
    engine: Engine, service: NomenclatureService
) -> None:
    rules = tuple(
        Rule(local, "Lung_R", "anna", "r", "2026-01-01") for local in ("left lung", "OAR 7")
    )
    mapper = service.mapper().with_rules(RuleSet(3, rules))
    pass_ = RemappingService(
        SqlKeptNames(engine), lambda: mapper, SqlWork(engine), TickingClock(hour=9)
    )
    pass_.remap()
    after = names(engine)
    assert after["1.2", 1][0] is None
    assert after["1.2", 2][0] is None
    assert after["1.1", 2] == ("Lung_R", "rule")
    assert after["1.1", 1] == ("Lung_L", "exact")
