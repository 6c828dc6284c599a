"""Vault, audit chain and schema on a real SQLite file."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, text

from gateway.adapters.audit import SqlAudit
from gateway.adapters.clinical_store import SqlClinicalStore
from gateway.adapters.database import open_engine
from gateway.adapters.erasures import SqlErasures
from gateway.adapters.recruitment import SqlScreening
from gateway.adapters.schema import upgrade
from gateway.adapters.tables import GatewayTable
from gateway.adapters.vault import SqlVault
from gateway.domain.consent import Consent, ConsentStatus, Person
from gateway.errors import ConfigError
from gateway.ports import Enrolment
from tests.factories.gateway_world import FakeClock

KEY = bytes(range(32))


def enrolment(patient_id: str = "ID-7", lookup: str = "aa", day: int = 1) -> Enrolment:
    consent = Consent(ConsentStatus.GRANTED, "2", "research", date(2026, 1, day))
    return Enrolment(lookup, "PAAA", Person((patient_id,), "Virtanen", "Maija", None), consent)


def test_the_migrations_make_what_the_tables_say(engine: Engine) -> None:
    upgrade(engine)  # a second time changes nothing
    with engine.connect() as connection:
        differences = compare_metadata(
            MigrationContext.configure(connection), GatewayTable.metadata
        )
    assert differences == []


def test_identifiers_are_not_readable_in_the_file(engine: Engine, database: Path) -> None:
    vault = SqlVault(engine, KEY, "k", FakeClock())
    vault.enrol([enrolment()])
    assert vault.person("PAAA") == Person(("ID-7",), "Virtanen", "Maija", None)
    engine.dispose()
    for file in database.parent.iterdir():
        content = file.read_bytes()
        assert not any(word in content for word in (b"ID-7", b"Virtanen", b"Maija"))


def test_a_second_identifier_of_one_person_is_kept(engine: Engine) -> None:
    vault = SqlVault(engine, KEY, "k", FakeClock())
    vault.enrol([enrolment()])
    vault.enrol([enrolment("OLD-9", "bb")])
    person = vault.person("PAAA")
    assert person is not None
    assert person.patient_ids == ("ID-7", "OLD-9")
    assert vault.aliases() == {"aa": "PAAA", "bb": "PAAA"}
    assert len(vault.statements(["PAAA"])["PAAA"]) == 1, "the same statement is stored once"


def test_a_list_is_stored_whole_or_not_at_all(engine: Engine) -> None:
    vault = SqlVault(engine, KEY, "k", FakeClock())
    bad = Enrolment("cc", None, enrolment().person, enrolment().consent)  # type: ignore[arg-type]
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the database says
        vault.enrol([enrolment(), bad])
    assert vault.aliases() == {}


def test_another_key_refuses_to_start(engine: Engine) -> None:
    SqlVault(engine, KEY, "k", FakeClock()).enrol([enrolment()])
    with pytest.raises(ConfigError, match="another key"):
        SqlVault(engine, bytes(32), "k", FakeClock()).check_key()


def test_identities_of_other_keys_refuse_to_start_even_when_nobody_is_in_the_vault(
    engine: Engine,
) -> None:
    vault = SqlVault(engine, KEY, "k", FakeClock())
    vault.check_identities("first")
    vault.check_identities("first")
    with pytest.raises(ConfigError, match="begin with an empty data folder"):
        vault.check_identities("other")


def test_after_a_change_of_the_root_key_old_rows_are_read_and_sealed_anew(engine: Engine) -> None:
    SqlVault(engine, KEY, "old", FakeClock()).enrol([enrolment()])
    new = bytes(reversed(range(32)))
    with pytest.raises(ConfigError, match="former_root_key_files"):
        SqlVault(engine, new, "new", FakeClock()).check_key()
    vault = SqlVault(engine, new, "new", FakeClock(), {"old": KEY})
    vault.check_key()
    before = vault.person("PAAA")
    vault.enrol([enrolment("OLD-9", "bb")])
    assert vault.reseal() == 0  # whoever is written anew is sealed anew
    SqlVault(engine, KEY, "old", FakeClock(), {"new": new}).enrol([enrolment("OLD-8", "cc")])
    assert vault.reseal() == 1
    alone = SqlVault(engine, new, "new", FakeClock())
    alone.check_key()
    after = alone.person("PAAA")
    assert before is not None
    assert after is not None
    assert after.family_name == before.family_name
    assert set(after.patient_ids) == {"ID-7", "OLD-9", "OLD-8"}


def test_an_entry_cannot_be_moved_to_another_person(engine: Engine) -> None:
    vault = SqlVault(engine, KEY, "k", FakeClock())
    vault.enrol([enrolment()])
    with engine.begin() as connection:
        connection.execute(text("update alias set pseudonym = 'PAAA'"))
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(text("update person set pseudonym = 'PBBB'"))
        connection.execute(text("update alias set pseudonym = 'PBBB'"))
        connection.execute(text("update consent set pseudonym = 'PBBB'"))
    with pytest.raises(ConfigError):
        vault.check_key()


@pytest.mark.parametrize(
    ("tamper", "broken_at"),
    [
        ("update audit set detail = 'other' where sequence = 2", 2),
        ("delete from audit where sequence = 2", 2),
        ("delete from audit where sequence = 1", 1),
        ("update audit set at = '2020-01-01 00:00:00.000000' where sequence = 3", 3),
    ],
)
def test_a_changed_audit_trail_is_noticed(
    engine: Engine, database: Path, tamper: str, broken_at: int
) -> None:
    clock = FakeClock()
    audit = SqlAudit(engine, clock)
    for number in range(4):
        audit.record("act", "operator", f"P{number}")
    assert audit.first_break() is None
    with sqlite3.connect(database) as other:
        other.execute(tamper)
    other.close()
    assert SqlAudit(engine, clock).first_break() == broken_at, "as soon as it is started anew"
    clock.forward(24 * 3600)
    assert audit.first_break() == broken_at, "within a day"
    assert audit.first_break() == broken_at


@pytest.mark.parametrize(
    ("tamper", "broken_at"),
    [
        ("update audit set detail = 'other' where sequence = 6", 6),
        ("delete from audit where sequence = 5", 5),
        ("delete from audit where sequence in (4, 5)", 4),
    ],
)
def test_a_change_of_what_came_since_the_last_view_is_noticed_at_once(
    engine: Engine, database: Path, tamper: str, broken_at: int
) -> None:
    audit = SqlAudit(engine, FakeClock())
    for number in range(4):
        audit.record("act", "operator", f"P{number}")
    assert audit.first_break() is None
    for number in range(3):
        audit.record("act", "operator", f"P{number}")
    with sqlite3.connect(database) as other:
        other.execute(tamper)
    other.close()
    assert audit.first_break() == broken_at


def test_a_view_of_the_audit_reads_what_came_since_the_last_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit, read = SqlAudit(engine, FakeClock()), []
    walk = audit.walk

    def walked(after: int, previous: str) -> Iterator[tuple[int, str]]:
        for found in walk(after, previous):
            read.append(found[0])
            yield found

    monkeypatch.setattr(audit, "walk", walked)
    for number in range(4):
        audit.record("act", "operator", f"P{number}")
        assert audit.first_break() is None
    assert read == [1, 2, 3, 4]


def test_a_recall_that_comes_while_recalls_are_read_is_not_forgotten(engine: Engine) -> None:
    erasures, now = SqlErasures(engine), FakeClock().now()
    read: list[str] = []

    def recall_meanwhile(_db: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            read.append(statement)
            if len(read) == 1:
                erasures.recall("PAAA", "sent under a namesake", now)

    event.listen(engine, "after_cursor_execute", recall_meanwhile)
    erasures.recalled()  # it may be one of before: the recall came after it was asked for
    assert erasures.recalled() == {"PAAA"}
    erasures.close("PAAA", now)
    assert erasures.recalled() == frozenset()


READERS: dict[str, Callable[[Engine], object]] = {
    "who was forgotten": lambda engine: SqlClinicalStore(engine).forgotten(),
    "rows since": lambda engine: SqlClinicalStore(engine).came_since("PAAA", FakeClock().now()),
    "rows by state": lambda engine: SqlClinicalStore(engine).counts(),
    "a file that is only checked": lambda engine: SqlClinicalStore(engine).add(
        [], FakeClock().now(), dry=True
    ),
    "screened": lambda engine: SqlScreening(engine).events(),
    "when screened": lambda engine: SqlScreening(engine).version(),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_whoever_only_reads_waits_for_no_writer(
    database: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Engine], object]
) -> None:
    monkeypatch.setattr("gateway.adapters.database.BUSY_TIMEOUT_MS", 10)
    engine = open_engine(f"sqlite:///{database}")
    upgrade(engine)
    with engine.begin():  # somebody writes
        read(engine)
    engine.dispose()
