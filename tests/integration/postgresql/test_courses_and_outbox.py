"""The outbox and the courses' loop on PostgreSQL, at once: no object is forgotten, nobody waits."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from random import Random
from threading import Barrier

import pytest
from sqlalchemy import Engine, text

from gateway.adapters import outbox as outbox_module
from gateway.adapters.clock import SystemClock
from gateway.adapters.courses import SqlCourses
from gateway.adapters.database import open_engine
from gateway.adapters.outbox import SqlOutbox
from gateway.adapters.schema import upgrade
from gateway.domain.courses import CourseState
from gateway.domain.submission import OutboxState
from gateway.errors import RetryError
from gateway.ports import Course, Work
from tests.factories.postgresql import new_database, postgresql

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
    "AND datname = current_database()"
)
ROUNDS = 60
NUMBERS = count()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture
def engine(server: str) -> Iterator[Engine]:
    engine = open_engine(new_database(server, f"of_{next(NUMBERS)}"))
    upgrade(engine)
    yield engine
    engine.dispose()


def new_course(engine: Engine, number: int = 1) -> int:
    given = Course(None, f"2.25.{number}", "P1", CourseState.READY, SystemClock().now())
    return SqlCourses(engine).save(replace(given, content_digest="d1"))


def begun(engine: Engine, course_id: int) -> Work:
    outbox, course = SqlOutbox(engine, SystemClock()), SqlCourses(engine).get(course_id)
    assert course is not None
    assert outbox.queue(course, ["o1"])
    work = outbox.claim("w", 120)
    assert work is not None
    return work


def until_done_or_waiting(engine: Engine, other: Future[None]) -> None:
    """Give another writer its chance: it is through, or it waits for us."""
    with engine.connect() as db:
        while not other.done() and not db.execute(WAITING).scalar():
            db.rollback()  # the view is a snapshot


def look_again(engine: Engine, course_id: int) -> None:
    """Do what the courses' loop does when a late object has come."""
    courses = SqlCourses(engine)
    for _ in range(5):
        course = courses.get(course_id)
        assert course is not None
        try:
            courses.save(replace(course, content_digest="d2", state=CourseState.COLLECTING))
        except RetryError:
            continue
        return
    raise AssertionError("never saved")


def test_what_comes_while_a_delivery_is_written_down_goes_as_the_next_version(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    course_id = new_course(engine)
    work = begun(engine, course_id)
    settle = outbox_module._settle
    with ThreadPoolExecutor(1) as pool:
        late: list[Future[None]] = []

        def settled(*what: object) -> None:
            if not late:
                late.append(pool.submit(look_again, engine, course_id))
                until_done_or_waiting(engine, late[0])
            settle(*what)  # type: ignore[arg-type]

        monkeypatch.setattr(outbox_module, "_settle", settled)
        SqlOutbox(engine, SystemClock()).finish(work, OutboxState.VERIFIED)
        late[0].result(30)
    found = SqlCourses(engine).get(course_id)
    assert found is not None
    assert (found.state, found.delivered_version) == (CourseState.COLLECTING, 1)
    assert (found.content_digest, found.sent_digest) == ("d2", "d1")


def test_nobody_waits_for_one_who_waits_for_him(engine: Engine) -> None:
    """Every way to change a course, at once and in any order: a deadlock would be an error."""
    ids = [new_course(engine, number) for number in (1, 2, 3)]
    outbox, courses = SqlOutbox(engine, SystemClock()), SqlCourses(engine)
    together = Barrier(6)

    def send(worker: str) -> None:
        work = outbox.claim(worker, 120)
        if work is not None:
            outbox.verified(work, [])
            outbox.finish(work, OutboxState.VERIFIED)

    def queue(course_id: int) -> None:
        course = courses.get(course_id)
        if course is not None:
            outbox.queue(course, ["o1", "o2"])

    def save(course_id: int) -> None:
        course = courses.get(course_id)
        if course is not None:
            try:
                courses.save(replace(course, content_digest=f"d{course.revision}"), ["o1"])
            except RetryError:
                return

    def run(number: int) -> None:
        chance = Random(number)
        together.wait(30)
        for _ in range(ROUNDS):
            acts: list[Callable[[], object]] = [
                lambda: send(f"w{number}"),
                lambda: queue(chance.choice(ids)),
                lambda: save(chance.choice(ids)),
                lambda: outbox.cancel("P1"),
                lambda: courses.reopen("P1"),
                lambda: courses.send_again(chance.sample(ids, 2)),
            ]
            chance.choice(acts)()

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(run, number) for number in range(6)]:
            done.result()
