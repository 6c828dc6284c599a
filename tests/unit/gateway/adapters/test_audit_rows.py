"""The audit with one damaged value: told where, and everything else is still read."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from gateway.adapters.audit import SqlAudit
from gateway.errors import TamperedError
from tests.factories.gateway_world import FakeClock

DAMAGES = [
    "update audit set at = 'garbage' where sequence = 3",
    "update audit set at = X'00ff' where sequence = 3",
    "update audit set role = X'00ff' where sequence = 3",
    "update audit set detail = CAST(X'ff' AS TEXT) where sequence = 3",
    "update audit set digest = X'00ff' where sequence = 3",
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_event_that_cannot_be_read_is_a_break_and_the_others_are_told(
    engine: Engine, database: Path, damage: str
) -> None:
    clock = FakeClock()
    audit = SqlAudit(engine, clock)
    for number in range(4):
        audit.record("act", "operator", f"P{number}")
    assert audit.first_break() is None
    with sqlite3.connect(database) as other:
        other.execute(damage)
    other.close()
    assert SqlAudit(engine, clock).first_break() == 3
    clock.forward(24 * 3600)
    assert audit.first_break() == 3
    with pytest.raises(TamperedError, match=r"broken at event 3$"):
        list(audit.walk())
    told = []
    with pytest.raises(TamperedError, match=r"broken at event 3$"):
        told.extend(audit.events())
    shown = audit.entries()
    assert [entry["sequence"] for entry in shown] == ["4", "3", "2", "1"]
    assert [entry["subject"] for entry in shown] == ["P3", "P2", "P1", "P0"]
    assert all(isinstance(value, str) for entry in shown for value in entry.values())
    audit.record("act", "operator", "P4")


def test_an_event_that_cannot_be_read_is_told_as_it_stands(engine: Engine, database: Path) -> None:
    audit = SqlAudit(engine, FakeClock())
    for number in range(2):
        audit.record("act", "operator", f"P{number}")
    with sqlite3.connect(database) as other:
        other.execute("update audit set at = 'garbage' where sequence = 2")
    other.close()
    newest, oldest = audit.entries()
    assert newest["at"] == "garbage"
    assert oldest["at"] == FakeClock().now().isoformat()
    audit.record("act", "operator", "P2")  # what happens goes on being recorded
    assert [entry["sequence"] for entry in audit.entries(1)] == ["3"]


def test_an_earlier_break_is_told_before_an_event_that_cannot_be_read(
    engine: Engine, database: Path
) -> None:
    audit = SqlAudit(engine, FakeClock())
    for number in range(4):
        audit.record("act", "operator", f"P{number}")
    with sqlite3.connect(database) as other:
        other.execute("update audit set role = 'auditor' where sequence = 2")
        other.execute("update audit set at = 'garbage' where sequence = 3")
    other.close()
    with pytest.raises(TamperedError, match=r"broken at event 2$"):
        list(audit.walk())


def test_a_database_that_fails_is_no_damaged_event(engine: Engine, database: Path) -> None:
    audit = SqlAudit(engine, FakeClock())
    audit.record("act", "operator", "P1")
    with sqlite3.connect(database) as other:
        other.execute("drop table audit")
    other.close()
    with pytest.raises(OperationalError):
        audit.first_break()
    with pytest.raises(OperationalError):
        audit.entries()
