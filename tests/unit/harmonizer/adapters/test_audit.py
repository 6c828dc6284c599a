"""The archive's audit with one damaged value: told where, and everything else is still read."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from harmonizer.adapters.audit import SqlAudit
from harmonizer.adapters.database import open_engine, upgrade

AT = datetime(2026, 1, 5, tzinfo=UTC)


class _Clock:
    def now(self) -> datetime:
        return AT


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


@pytest.fixture
def audit(database: Path) -> Iterator[SqlAudit]:
    engine: Engine = open_engine(f"sqlite:///{database}")
    upgrade(engine)
    audit = SqlAudit(engine, _Clock())
    for number in range(4):
        audit.record("anna", "admin", "read", f"course {number}")
    assert audit.first_break() is None
    yield audit
    engine.dispose()


def change(database: Path, statement: str) -> None:
    with sqlite3.connect(database) as other:
        other.execute(statement)
    other.close()


@pytest.mark.parametrize(
    "damage",
    [
        "update audit set at = 'garbage' where sequence = 3",
        "update audit set at = X'00ff' where sequence = 3",
        "update audit set role = X'00ff' where sequence = 3",
        "update audit set caller = CAST(X'ff' AS TEXT) where sequence = 3",
        "update audit set digest = X'00ff' where sequence = 3",
    ],
)
def test_an_event_that_cannot_be_read_is_a_break_and_the_others_are_told(
    audit: SqlAudit, database: Path, damage: str
) -> None:
    change(database, damage)
    assert audit.first_break() == 3
    shown = audit.events()
    assert [event["sequence"] for event in shown] == [4, 3, 2, 1]
    assert [event["subject"] for event in shown] == [f"course {n}" for n in (3, 2, 1, 0)]
    assert shown[0]["at"] == AT
    assert isinstance(shown[1]["at"], str)


def test_the_last_event_damaged_stops_no_record(audit: SqlAudit, database: Path) -> None:
    change(database, "update audit set at = 'garbage' where sequence = 4")
    audit.record("anna", "admin", "read", "course 4")
    assert [event["at"] for event in audit.events(most=2)] == [AT, "garbage"]
    assert audit.first_break() == 4


def test_an_earlier_break_is_told_first(audit: SqlAudit, database: Path) -> None:
    change(database, "update audit set role = 'reader' where sequence = 2")
    change(database, "update audit set at = 'garbage' where sequence = 3")
    assert audit.first_break() == 2


def test_a_database_that_fails_is_no_damaged_event(audit: SqlAudit, database: Path) -> None:
    change(database, "drop table audit")
    with pytest.raises(OperationalError):
        audit.first_break()
