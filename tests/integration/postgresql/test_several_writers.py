"""What SQLite's one writer hides: several at once on PostgreSQL lose nothing and break nothing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from gateway.adapters import audit as gateway_audit
from gateway.adapters import database as gateway_database
from gateway.adapters import schema as gateway_schema
from gateway.adapters.clock import SystemClock as GatewayClock
from harmonizer.adapters.audit import SqlAudit
from harmonizer.adapters.clock import SystemClock
from harmonizer.adapters.courses import SqlCourses
from harmonizer.adapters.database import open_engine, upgrade
from harmonizer.adapters.tables.studies import MetricTable, StructureTable
from harmonizer.adapters.work import SqlWork
from harmonizer.domain.studies.harmonized import (
    Harmonized,
    MetricRow,
    PlanSummary,
    StructureRow,
)
from tests.factories.archive_rows import fill
from tests.factories.postgresql import new_database, postgresql
from tests.integration.harmonizer.reading.conftest import LEFT_KUH

AT = datetime(2026, 1, 5, tzinfo=UTC)
WRITERS, EACH = 6, 15


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture
def engine(server: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = open_engine(new_database(server, request.node.name))
    upgrade(engine)
    yield engine
    engine.dispose()


def at_once(act: Callable[[], object], times: int = EACH) -> None:
    """Let several threads begin together and do the same again and again."""
    together = Barrier(WRITERS)

    def run() -> None:
        together.wait(30)
        for _ in range(times):
            act()

    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(run) for _ in range(WRITERS)]:
            done.result()


def test_reads_at_the_same_time_stand_in_one_chain(engine: Engine) -> None:
    audit = SqlAudit(engine, SystemClock())
    at_once(lambda: audit.record("a", "researcher", "read-course", "2.25.1"))
    assert audit.first_break() is None
    audit.record("a", "researcher", "read-course", "2.25.1")
    with engine.begin() as connection:
        last = connection.exec_driver_sql("SELECT max(sequence) FROM audit").scalar()
    assert last == WRITERS * EACH + 1


def test_what_operators_do_at_the_same_time_stands_in_one_chain(server: str) -> None:
    engine = gateway_database.open_engine(new_database(server, "gateway"))
    gateway_schema.upgrade(engine)
    audit = gateway_audit.SqlAudit(engine, GatewayClock())
    at_once(lambda: audit.record("release", "operator", "1"))
    assert audit.first_break() is None
    assert len(list(audit.events())) == WRITERS * EACH
    engine.dispose()


@pytest.mark.parametrize("ends_well", [True, False])
def test_work_asked_for_while_it_ends_is_not_lost(engine: Engine, ends_well: bool) -> None:
    """Whoever asks is heard: the row waits afterwards, or was claimed after the question."""
    work = SqlWork(engine)
    for round_ in range(40):
        subject = f"2.25.{round_}"
        work.add("harmonize", [subject], AT)
        task = work.claim(AT, timedelta(minutes=1), "harmonize")
        assert task is not None
        together = Barrier(2)

        def ask(subject: str = subject, together: Barrier = together) -> None:
            together.wait(30)
            work.add("harmonize", [subject], AT)

        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask)
            together.wait(30)
            if ends_well:
                work.done(task, AT)
            else:
                work.give_up(task, AT, "unreadable")
            asked.result()
        again = work.claim(AT, timedelta(minutes=1), "harmonize")
        assert again is not None
        assert again.subject == subject
        work.done(again, AT)


def test_a_course_that_two_workers_finish_at_once_has_its_rows_once(engine: Engine) -> None:
    """As when the first one's lease ran out while it still worked."""
    fill(engine, LEFT_KUH)
    row = StructureRow(
        1, "Sydan", "Heart", "Heart", "organ", 0.9, "suggested", "reads so", (), "full", 500.0
    )
    metric = MetricRow(1, "Heart", "Mean[Gy]", 3.1, "Gy")
    result = Harmonized(PlanSummary("Plan 1"), "breast", "L", structures=(row,), metrics=(metric,))
    courses = SqlCourses(engine)
    for _ in range(5):  # whoever comes last sweeps: look after each time
        at_once(lambda: courses.keep(LEFT_KUH.course_uid, result, AT), times=1)
        with Session(engine) as session:
            assert len(session.exec(select(StructureTable)).all()) == 1
            assert len(session.exec(select(MetricTable)).all()) == 1
