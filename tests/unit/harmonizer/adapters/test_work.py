"""The work list: whoever asks is heard, also while the last attempt at the same work fails."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from harmonizer.adapters.database import open_engine, upgrade
from harmonizer.adapters.work import SqlWork
from harmonizer.ports import Task

AT = datetime(2026, 1, 5, tzinfo=UTC)
LEASE = timedelta(minutes=15)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'archive.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def work(engine: Engine) -> SqlWork:
    return SqlWork(engine)


def begun(work: SqlWork) -> Task:
    work.add("harmonize", ["2.25.1"], AT)
    task = work.claim(AT, LEASE, "harmonize")
    assert task is not None
    return task


def test_what_is_given_up_is_left_alone(work: SqlWork) -> None:
    task = begun(work)
    assert work.give_up(task, AT, "unreadable")
    assert work.counts() == {"waiting": 0, "running": 0, "failed": 1}
    assert work.claim(AT + timedelta(days=9), LEASE, "harmonize") is None


def test_what_was_asked_for_during_the_last_attempt_begins_anew(work: SqlWork) -> None:
    task = begun(work)
    work.add("harmonize", ["2.25.1"], AT)
    assert not work.give_up(task, AT, "unreadable")
    assert work.claim(AT, LEASE, "harmonize") == Task("harmonize", "2.25.1", 1)
    assert work.give_up(task, AT, "unreadable")  # asked for once, so begun anew once


def test_what_was_asked_for_while_it_was_done_begins_anew(work: SqlWork) -> None:
    task = begun(work)
    work.add("harmonize", ["2.25.1"], AT)
    work.done(task, AT)
    again = work.claim(AT, LEASE, "harmonize")
    assert again == Task("harmonize", "2.25.1", 1)
    work.done(again, AT)
    assert sum(work.counts().values()) == 0


def test_what_is_put_off_is_due_later(work: SqlWork) -> None:
    work.retry(begun(work), AT + timedelta(seconds=5), "the store is away")
    assert work.claim(AT, LEASE, "harmonize") is None
    assert work.claim(AT + timedelta(seconds=5), LEASE, "harmonize") is not None


def test_what_was_taken_off_the_list_meanwhile_is_not_given_up(work: SqlWork) -> None:
    task = begun(work)
    work.done(task, AT)
    assert not work.give_up(task, AT, "unreadable")
    work.retry(task, AT, "unreadable")
    assert sum(work.counts().values()) == 0


def test_a_service_that_starts_takes_nothing_from_one_that_works(engine: Engine) -> None:
    one, other = SqlWork(engine, "one:8000"), SqlWork(engine, "other:8000")
    task = begun(one)
    SqlWork(engine, "other:8000").release_leases()
    assert other.claim(AT, LEASE, "harmonize") is None
    SqlWork(engine, "one:8000").release_leases()
    assert other.claim(AT, LEASE, "harmonize") == Task(task.kind, task.subject, 2)
