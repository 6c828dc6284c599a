"""The restore drill: yesterday's database converges with today's site store and archive."""

import io
import json
import tarfile
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from gateway.config import Settings
from gateway.contract.manifest import CourseCertificate
from gateway.contract.receipts import SubmissionStatus
from gateway.errors import ConfigError, RejectError
from gateway.service_lock import sole_user_of
from kasari.backups.keeping import put_back
from kasari.commands.gateway import app
from kasari.errors import InputError
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import CONSENTS, Hospital, write_secret


@pytest.fixture
def config(settings: Settings, tmp_path: Path) -> Path:
    return written(settings, tmp_path / "gateway.yml")


def written(settings: Settings, path: Path) -> Path:
    path.write_text(yaml.safe_dump(settings.model_dump(mode="json")), "utf-8")
    return path


def run(config: Path, *words: str) -> str:
    result: Result = CliRunner().invoke(app, [*words, "--config", str(config)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def save(config: Path, tmp_path: Path) -> Path:
    out = tmp_path / "kuh.tar"
    told = run(config, "backup", "--out", str(out))
    assert "root key is NOT in it" in told
    return out


def restarted(hospital: Hospital) -> None:
    """Start a restored gateway, and do what an operator does then."""
    hospital.restart()
    hospital.service.consents.import_sheet(CONSENTS, "operator", commit=True)
    hospital.service.sending.resume("operator")


def test_a_restored_gateway_converges_and_nothing_doubles(
    hospital: Hospital, config: Path, tmp_path: Path
) -> None:
    course = make.course(patient=hospital.pseudonym())
    hospital.take_in(course)
    assert hospital.send()
    backup = save(config, tmp_path)  # while the service has the database open
    hospital.take_in([make.ct(901, 0.0, hospital.pseudonym(), series=950, frame="2.25.9")])
    hospital.take_in([make.record(501, 200, 1, hospital.pseudonym())])
    while hospital.send():
        pass
    held, states = dict(hospital.archive.held), sorted(hospital.states())
    announced = set(hospital.archive.announced)
    hospital.service.close()
    told = run(config, "restore", str(backup), "--replace")
    assert "Start the gateway now" in told
    restarted(hospital)
    hospital.settle()
    while hospital.send():
        pass
    assert sorted(hospital.states()) == states
    assert hospital.archive.held == held
    assert set(hospital.archive.announced) == announced, "the same versions of the same courses"
    account = hospital.service.status.account()
    assert (account.received, account.sums_up) == (len(hospital.site.objects), True)
    assert hospital.service.audit.first_break() is None
    actions = [entry["action"] for entry in hospital.service.audit.entries()]
    assert {"backup", "restore"} <= set(actions)


def test_a_version_that_the_archive_has_with_another_content_is_passed(
    hospital: Hospital, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two versions went since the backup: what is one step here is the third one there."""
    patient = hospital.pseudonym()
    hospital.take_in(make.course(patient=patient))
    assert hospital.send()
    backup = save(config, tmp_path)
    for fraction in (1, 2):
        hospital.take_in([make.record(500 + fraction, 200, fraction, patient)])
        assert hospital.send()
    held = dict(hospital.archive.held)
    newest = max(version for _, version in hospital.archive.announced)
    hospital.service.close()
    run(config, "restore", str(backup), "--replace")
    restarted(hospital)
    announce = hospital.archive.announce

    def refusing(uid: str, version: int, sealed: CourseCertificate) -> SubmissionStatus:
        if version < newest:
            raise RejectError("newer-version-known", "version 3 of this course is here already")
        return announce(uid, version, sealed)

    monkeypatch.setattr(hospital.archive, "announce", refusing)
    hospital.settle()
    for _ in range(3):
        hospital.send()
        hospital.settle()
    assert hospital.states() == ["delivered"]
    assert hospital.archive.held == held
    assert max(version for _, version in hospital.archive.announced) == newest
    assert "archive-refuses-course" not in [a["code"] for a in hospital.service.alerts.open()]


def test_what_the_source_deleted_since_is_told(
    hospital: Hospital, config: Path, tmp_path: Path
) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    backup = save(config, tmp_path)
    hospital.site.delete(next(iter(hospital.site.objects)))
    hospital.service.close()
    run(config, "restore", str(backup), "--replace")
    restarted(hospital)
    assert [alert["code"] for alert in hospital.service.alerts.open()] == ["instances-gone"]
    assert hospital.service.status.account().gone == 1


def test_a_backup_brings_the_seals_of_its_audit(
    hospital: Hospital, config: Path, tmp_path: Path
) -> None:
    backup = save(config, tmp_path)
    hospital.service.inquiry.why("ID-1", "steward:anna")
    hospital.service.seals.seal()
    before = hospital.service.seals.verify()
    hospital.service.close()
    run(config, "restore", str(backup), "--replace")
    after = hospital.service.seals.verify()
    assert (before.events, after.events) == (3, 3)  # asked about in the one, restored in the other
    assert after.sealed == after.events
    aside = list(hospital.settings.data_folder.glob("audit.seals.before-*"))
    assert len(aside) == 1


def test_the_backup_holds_no_key_and_no_identifier(
    hospital: Hospital, config: Path, tmp_path: Path
) -> None:
    backup = save(config, tmp_path)
    assert backup.stat().st_mode & 0o077 == 0
    content = backup.read_bytes()
    assert hospital.settings.root_key_file.read_bytes() not in content
    assert b"Virtanen" not in content
    with tarfile.open(backup) as tar:
        assert sorted(tar.getnames()) == ["audit.seals", "backup.json", "database.sqlite"]
        about = json.loads(tar.extractfile("backup.json").read())  # type: ignore[union-attr]
    assert (about["kind"], about["name"]) == ("gateway", "KUH")
    with pytest.raises(InputError, match="never overwritten"):
        save(config, tmp_path)


def test_a_database_that_is_there_is_kept(hospital: Hospital, config: Path, tmp_path: Path) -> None:
    backup = save(config, tmp_path)
    hospital.service.close()
    with pytest.raises(InputError, match="with --replace it is put aside"):
        run(config, "restore", str(backup))
    told = run(config, "restore", str(backup), "--replace")
    assert len(list(hospital.settings.data_folder.glob("gateway.db.before-*"))) == 1
    assert "the database that was there" in told
    hospital.restart()


def test_a_backup_of_another_key_or_centre_is_refused(
    hospital: Hospital, settings: Settings, config: Path, tmp_path: Path
) -> None:
    backup = save(config, tmp_path)
    key = write_secret(tmp_path / "other.key", bytes(reversed(range(64))))
    other = settings.model_copy(update={"root_key_file": Path(key)})
    with pytest.raises(InputError, match="bring that key"):
        run(written(other, tmp_path / "a.yml"), "restore", str(backup), "--replace")
    other = settings.model_copy(update={"centre": "Tyks"})
    with pytest.raises(InputError, match="backup of gateway KUH"):
        run(written(other, tmp_path / "b.yml"), "restore", str(backup), "--replace")
    assert hospital.service.consents.counts()["granted"] == 1


@pytest.mark.parametrize("damage", ["cut", "changed", "seals", "other"])
def test_a_damaged_backup_changes_nothing(
    hospital: Hospital, config: Path, tmp_path: Path, damage: str
) -> None:
    backup = save(config, tmp_path)
    content = bytearray(backup.read_bytes())
    at = content.index(b"SQLite format 3")
    if damage == "cut":
        content = content[: at + 5000]
    elif damage == "changed":
        content[at + 4500] ^= 1
    elif damage == "seals":
        content[content.index(b'{"', content.rindex(b"audit.seals")) + 2] ^= 1
    else:
        content = bytearray(b"not a backup")
    backup.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        run(config, "restore", str(backup), "--replace")
    assert hospital.service.consents.counts()["granted"] == 1
    assert not list(hospital.settings.data_folder.glob("gateway.db.before-*"))


def test_nothing_is_restored_under_a_running_service(
    hospital: Hospital, config: Path, tmp_path: Path
) -> None:
    """Also where it runs in another container, and no port of it is reached from here."""
    backup = save(config, tmp_path)
    with (
        sole_user_of(hospital.settings.data_folder),
        pytest.raises(ConfigError, match="stop it first"),
    ):
        run(config, "restore", str(backup), "--replace")
    assert not list(hospital.settings.data_folder.glob("gateway.db.before-*"))
    assert hospital.service.consents.counts()["granted"] == 1


def test_no_gateway_starts_while_one_is_restored(
    hospital: Hospital, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = save(config, tmp_path)
    hospital.service.close()

    def starting(*how: object, **more: object) -> Path | None:
        with (
            pytest.raises(ConfigError, match="being restored"),
            sole_user_of(hospital.settings.data_folder),
        ):
            raise AssertionError("it started")
        return put_back(*how, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("kasari.commands.gateway.backups.put_back", starting)
    assert "Start the gateway now" in run(config, "restore", str(backup), "--replace")


def test_the_policy_is_saved_and_put_back(
    hospital: Hospital, settings: Settings, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text("{}", "ascii")
    config = written(settings.model_copy(update={"policy_file": policy}), tmp_path / "p.yml")
    backup = save(config, tmp_path)
    hospital.service.close()
    policy.write_text("{ }", "ascii")
    assert "differs from the policy" in run(config, "restore", str(backup), "--replace")
    policy.unlink()
    with tarfile.open(fileobj=io.BytesIO(backup.read_bytes())) as tar:
        assert "policy.json" in tar.getnames()
    run(config, "restore", str(backup), "--replace")
    assert policy.read_text("ascii") == "{}"
    hospital.restart()
