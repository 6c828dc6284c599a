"""The audit: no record, no action; a chain that tells where it was changed; out as FHIR."""

import json
import sqlite3
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from gateway.adapters import audit_seals
from gateway.adapters.audit import GENESIS, _digest
from gateway.adapters.audit_seals import FILE, AuditSeals, Verified
from gateway.adapters.tables.audit import AuditRow
from gateway.app import open_ring
from gateway.config import Settings
from gateway.domain.accounts import AccountRole
from gateway.errors import TamperedError
from harmonizer.adapters.audit import SqlAudit as ArchiveAudit
from harmonizer.adapters.clock import SystemClock as ArchiveClock
from harmonizer.app import open_database as open_archive_database
from harmonizer.config import load_settings as load_archive_settings
from kasari.commands.audit import app as audit_app
from kasari.commands.gateway import app
from kasari.errors import InputError
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import CONSENTS, Hospital
from tests.integration.gateway.test_gateway_http import call, operator

PASSWORD = "kolmetoista merkkiä"
MORE = CONSENTS.replace(b"ID-1", b"ID-2")
WITHDRAWN = CONSENTS.replace(b"granted,2.1,research,2019", b"withdrawn,2.1,all,2020")


class _NoRecordError(Exception):
    pass


def release(hospital: Hospital) -> object:
    return hospital.service.decisions.release(1, "the dose is lost", "operator")


def log_in(hospital: Hospital) -> object:
    form = {"name": "bert", "password": PASSWORD}
    answer = call(hospital, "POST", "/login", data=form)
    assert answer.status_code == 500
    assert not answer.cookies
    raise _NoRecordError


ACTIONS: dict[str, Callable[[Hospital], object]] = {
    "import": lambda h: h.service.consents.import_sheet(MORE, "operator", commit=True),
    "release": release,
    "refuse": lambda h: h.service.decisions.refuse(1, "a verification plan", "operator"),
    "inquiry": lambda h: h.service.inquiry.why("ID-1", "steward"),
    "terms": lambda h: h.service.terms.view(None, "steward"),
    "merge": lambda h: h.service.merging.merge("ID-1", "ID-3", "steward"),
    "resume": lambda h: h.service.sending.resume("operator"),
    "account-add": lambda h: h.service.accounts.add("anna", AccountRole.AUDITOR, PASSWORD),
    "account-remove": lambda h: h.service.accounts.remove("bert"),
    "account-reset": lambda h: h.service.accounts.reset("bert", PASSWORD + "2"),
    "log in": log_in,
}


def contents(hospital: Hospital) -> list[str]:
    """Every row of the database."""
    database = hospital.settings.data_folder / "gateway.db"
    with sqlite3.connect(database) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize("name", list(ACTIONS))
def test_without_a_record_nothing_happens(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    hospital.service.accounts.add("bert", AccountRole.AUDITOR, PASSWORD)
    hospital.take_in(make.course(patient=hospital.pseudonym())[:-1])
    assert hospital.states() == ["held"]
    before = contents(hospital)

    def fails(*_what: object) -> None:
        raise _NoRecordError

    with monkeypatch.context() as broken:
        broken.setattr(hospital.service.audit, "record", fails)
        with pytest.raises(_NoRecordError):
            ACTIONS[name](hospital)
    assert contents(hospital) == before


def test_nothing_is_sent_or_erased_without_a_record(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))

    def fails(*_what: object) -> None:
        raise _NoRecordError

    with monkeypatch.context() as broken:
        broken.setattr(hospital.service.audit, "record", fails)
        hospital.send()
        assert hospital.archive.calls == []
    hospital.service.consents.import_sheet(WITHDRAWN, "operator", commit=True)
    with monkeypatch.context() as broken:
        broken.setattr(hospital.service.audit, "record", fails)
        with pytest.raises(_NoRecordError):
            hospital.service.withdrawal.step()
        assert len(hospital.site.objects) == 7
    hospital.service.withdrawal.step()
    assert hospital.site.objects == {}


@pytest.fixture
def config(settings: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yml"
    path.write_text(yaml.safe_dump(settings.model_dump(mode="json")), "utf-8")
    return path


def run(config: Path, *words: str) -> str:
    result = CliRunner().invoke(app, ["audit", *words, "--config", str(config)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


DATABASE = "gateway.db"


def change(hospital: Hospital, *statements: str) -> None:
    """Write to the database as somebody does who has no key."""
    with sqlite3.connect(hospital.settings.data_folder / DATABASE) as connection:
        for statement in statements:
            connection.execute(statement)


def sealed(hospital: Hospital) -> Path:
    """Record eight events with a seal after the third and the sixth; the file of the seals."""
    service = hospital.service
    for _ in range(2):
        service.inquiry.why("ID-1", "steward:anna")
    service.seals.seal()
    for _ in range(3):
        service.inquiry.why("ID-1", "steward:anna")
    service.seals.seal()
    for _ in range(2):
        service.inquiry.why("ID-1", "steward:anna")
    assert service.seals.verify() == Verified(events=8, sealed=6)
    return hospital.settings.data_folder / FILE


def write_anew(hospital: Hospital) -> None:
    """Change the second event and hash the whole chain again, as anybody can."""
    with Session(hospital.service.engine) as session:
        previous = GENESIS
        for row in session.exec(select(AuditRow).order_by(col(AuditRow.sequence))):
            if row.sequence == 2:
                row.role = "steward:bert"
            row.previous = previous
            row.digest = previous = _digest(row)
        session.commit()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE audit SET role = 'steward:bert' WHERE sequence = 3", "broken at event 3"),
        ("DELETE FROM audit WHERE sequence = 8", None),  # not sealed: said so, not proven
        ("DELETE FROM audit WHERE sequence > 5", "broken at event 6: 6 events were sealed"),
        ("DELETE FROM audit", "broken at event 1: 6 events were sealed"),
    ],
)
def test_what_was_changed_or_cut_off_is_found(
    hospital: Hospital, statement: str, told: str | None
) -> None:
    sealed(hospital)
    change(hospital, statement)
    if told is None:
        assert hospital.service.seals.verify() == Verified(events=7, sealed=6)
        return
    with pytest.raises(TamperedError, match=told):
        hospital.service.seals.verify()


def test_a_chain_that_was_written_anew_is_found_by_its_seals(hospital: Hospital) -> None:
    sealed(hospital)
    write_anew(hospital)
    assert hospital.service.audit.first_break() is None, "by itself it is whole"
    with pytest.raises(TamperedError, match="event 3 is not the one that seal 1 is of"):
        hospital.service.seals.verify()
    with pytest.raises(TamperedError):
        hospital.service.seals.seal()  # nor is it covered up


@pytest.mark.parametrize("gone", [[0], [1], [0, 1]])
def test_a_removed_seal_is_found(hospital: Hospital, gone: list[int]) -> None:
    file = sealed(hospital)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for place, line in enumerate(lines) if place not in gone))
    with pytest.raises(TamperedError, match=r"seal \d was (changed or )?removed"):
        hospital.service.seals.verify()


@pytest.mark.parametrize(
    ("what", "instead"), [('"events": 3', '"events": 2'), ('"number": 1', '"number": 2')]
)
def test_a_changed_seal_is_found(hospital: Hospital, what: str, instead: str) -> None:
    file = sealed(hospital)
    file.write_text(file.read_text().replace(what, instead, 1))
    with pytest.raises(TamperedError, match="seal 1 was changed"):
        hospital.service.seals.verify()
    file.write_text("no seal\n")
    with pytest.raises(TamperedError, match="damaged"):
        hospital.service.seals.verify()


def test_half_a_line_of_a_full_disk_is_no_broken_seal(hospital: Hospital) -> None:
    file = sealed(hospital)
    with file.open("a") as half:
        half.write('{"at": "2026')
    assert hospital.service.seals.verify() == Verified(events=8, sealed=6)
    hospital.service.seals.seal()
    assert hospital.service.seals.verify() == Verified(events=8, sealed=8)
    assert file.read_text().count("\n") == 3


def test_it_is_sealed_once_a_day_and_after_a_thousand_events(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = hospital.service

    def state() -> tuple[int, int]:
        service.seals.seal_if_due()
        found = service.seals.verify()
        return found.events, found.sealed

    assert state() == (1, 1)
    service.inquiry.why("ID-1", "steward:anna")
    assert state() == (2, 1)
    hospital.clock.forward(86_400)
    assert state() == (2, 2)
    monkeypatch.setattr(audit_seals, "EVERY_EVENTS", 3)
    for expected in ((3, 2), (4, 2), (5, 5)):
        service.inquiry.why("ID-1", "steward:anna")
        assert state() == expected


def test_a_seal_of_a_former_key_still_counts(hospital: Hospital) -> None:
    sealed(hospital)
    ring = open_ring(hospital.settings)
    keys = {ring.key_id: ring.vault_key, "newer": b"n" * 32}
    folder = hospital.settings.data_folder
    newer = AuditSeals(hospital.service.engine, folder, keys, "newer", hospital.clock)
    newer.seal()
    assert newer.verify() == Verified(events=8, sealed=8)
    stranger = AuditSeals(hospital.service.engine, folder, {}, "x", hospital.clock)
    with pytest.raises(TamperedError, match="seal 1"):
        stranger.verify()


def test_events_go_out_as_fhir(hospital: Hospital, config: Path, tmp_path: Path) -> None:
    hospital.service.accounts.add("anna", AccountRole.STEWARD, PASSWORD)
    hospital.service.inquiry.why("ID-1", "steward:anna")
    call(hospital, "POST", "/login", data={"name": "anna", "password": "wrong"})
    out = tmp_path / "audit.ndjson"
    assert run(config, "export", "--out", str(out)).endswith("4 events\n")
    events = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert {event["resourceType"] for event in events} == {"AuditEvent"}
    for event in events:  # what R4 asks for
        assert event["type"]["code"]
        assert event["recorded"].endswith("+00:00")
        assert event["agent"][0]["requestor"] in {True, False}
        assert event["source"]["observer"]["display"] == "KaSARi gateway KUH"
    asked = events[2]
    assert asked["agent"][0]["who"]["display"] == "anna"
    assert asked["agent"][0]["role"] == [{"text": "steward"}]
    assert asked["entity"][0]["what"]["identifier"]["value"] == hospital.pseudonym()
    assert [event["outcome"] for event in events] == ["0", "0", "0", "4"]
    assert "ID-1" not in out.read_text("utf-8")
    assert out.stat().st_mode & 0o077 == 0
    later = tmp_path / "later.ndjson"
    assert run(config, "export", "--out", str(later), "--after", "3").endswith("1 events\n")
    with pytest.raises(InputError, match="cannot be written"):
        run(config, "export", "--out", str(later))


def test_a_damaged_event_is_named_and_the_rest_is_shown(
    hospital: Hospital, config: Path, tmp_path: Path
) -> None:
    sealed(hospital)
    change(hospital, "UPDATE audit SET at = 'garbage' WHERE sequence = 5")
    with pytest.raises(TamperedError, match=r"broken at event 5$"):
        hospital.service.seals.verify()
    told = CliRunner().invoke(audit_app, ["verify", "--config", str(config)])
    assert "broken at event 5" in told.stdout
    assert isinstance(told.exception, InputError)
    page = operator(hospital, "GET", "/api/v1/audit")
    assert (page.status_code, page.json()["broken_at"]) == (200, 5)
    assert "garbage" in {entry["at"] for entry in page.json()["entries"]}
    assert log_in_and_show(hospital).count("garbage") == 1
    out = tmp_path / "audit.ndjson"
    with pytest.raises(InputError, match="broken at event 5, which cannot be read"):
        run(config, "export", "--out", str(out))
    assert not list(tmp_path.glob("audit.ndjson*"))
    run(config, "export", "--out", str(out), "--after", "5")
    assert out.stat().st_mode & 0o077 == 0


def log_in_and_show(hospital: Hospital) -> str:
    """Return the page Audit as an auditor sees it."""
    hospital.service.accounts.add("anna", AccountRole.AUDITOR, PASSWORD)
    page = call(hospital, "GET", "/audit", auth=("anna", PASSWORD))
    assert page.status_code == 200
    assert "The chain is broken at event 5." in page.text
    return page.text


# What PS3.15 A.5.1 asks of each element, in its order.
ORDER = [
    "EventIdentification",
    "ActiveParticipant",
    "AuditSourceIdentification",
    "ParticipantObjectIdentification",
]
NEEDED = {
    "EventIdentification": {"EventActionCode", "EventDateTime", "EventOutcomeIndicator"},
    "ActiveParticipant": {"UserID", "UserIsRequestor"},
    "AuditSourceIdentification": {"AuditSourceID"},
    "ParticipantObjectIdentification": {"ParticipantObjectID", "ParticipantObjectTypeCode"},
}
CODES = {"EventID", "EventTypeCode", "RoleIDCode", "AuditSourceTypeCode"}


def test_events_leave_as_dicom_audit_messages(
    hospital: Hospital, config: Path, tmp_path: Path
) -> None:
    hospital.service.inquiry.why("ID-1", "steward:anna")
    call(hospital, "POST", "/login", data={"name": "anna", "password": "wrong"})
    out = tmp_path / "audit.xml"
    run(config, "export", "--out", str(out), "--format", "dicom")
    lines = out.read_text("utf-8").splitlines()
    messages = [ElementTree.fromstring(line) for line in lines]  # noqa: S314 - our own
    for message in messages:
        assert message.tag == "AuditMessage"
        assert [part.tag for part in message] == ORDER
        for part in message:
            assert set(part.attrib) >= NEEDED[part.tag]
        for code in message.iter():
            if code.tag in CODES or code.tag.endswith("IDTypeCode"):
                assert set(code.attrib) == {"csd-code", "codeSystemName", "originalText"}
    consent, asked, refused = messages[0], messages[-2], messages[-1]
    assert consent.find("EventIdentification/EventID").get("csd-code") == "110110"
    assert asked.find("EventIdentification/EventID").get("csd-code") == "110112"
    assert asked.find("ActiveParticipant").get("UserID") == "anna"
    target = asked.find("ParticipantObjectIdentification")
    assert target.get("ParticipantObjectID") == hospital.pseudonym()
    assert target.get("ParticipantObjectTypeCode") == "1"
    assert refused.find("EventIdentification").get("EventOutcomeIndicator") == "4"
    digests = [
        b64decode(detail.get("value")).decode()
        for detail in refused.iter("ParticipantObjectDetail")
        if detail.get("type") == "digest"
    ]
    assert digests == [list(hospital.service.audit.events())[-1]["digest"]]
    assert "ID-1" not in out.read_text("utf-8")


def test_the_chains_of_a_stack_are_checked_by_one_word(
    hospital: Hospital, config: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "stack"
    (folder / "centres/KUH").mkdir(parents=True)
    (folder / "centres/KUH/gateway.yml").write_bytes(config.read_bytes())
    archive = archive_of(folder)
    stack = folder / "stack.json"
    stack.write_text(json.dumps({"data_folder": str(folder), "centres": {"KUH": {}}}), "utf-8")
    runner = CliRunner()
    hospital.service.seals.seal()
    words = ["verify", "--config", str(stack)]
    told = runner.invoke(audit_app, words)
    assert (told.exit_code, told.stdout) == (
        0,
        "KUH: whole, 1 events, the first 1 of them sealed\narchive: whole\n",
    )
    change(hospital, "DELETE FROM audit WHERE sequence = 1")
    with sqlite3.connect(archive) as connection:
        connection.execute("UPDATE audit SET caller = 'bert' WHERE sequence = 1")
    told = runner.invoke(audit_app, words)
    assert told.stdout == (
        "KUH: broken at event 1: 1 events were sealed\narchive: broken at event 1\n"
    )
    assert isinstance(told.exception, InputError)


def archive_of(folder: Path) -> Path:
    """Write an archive's settings with one event in its audit, and return its database."""
    (folder / "harmonizer").mkdir()
    secret = folder / "harmonizer/password"
    secret.write_text("a-random-password-here")
    secret.chmod(0o600)
    orthanc = {"url": "http://127.0.0.1:1", "username": "x", "password_file": "password"}
    settings = {
        "data_folder": ".",
        "listen": {"port": 1},
        "public_url": "http://127.0.0.1:1",
        "archive_orthanc": orthanc,
        "centres": [],
    }
    path = folder / "harmonizer/harmonizer.yml"
    path.write_text(yaml.safe_dump(settings), "utf-8")
    engine = open_archive_database(load_archive_settings(path))
    ArchiveAudit(engine, ArchiveClock()).record("aino", "researcher", "read", "a study")
    engine.dispose()
    return folder / "harmonizer/harmonizer.db"
