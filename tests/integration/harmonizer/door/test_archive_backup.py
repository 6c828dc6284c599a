"""The harmonizer restored from yesterday: what came since is announced and read back again."""

import asyncio
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from harmonizer.__main__ import main
from harmonizer.config import Settings
from harmonizer.errors import ConfigError
from harmonizer.service_lock import FILE, user_of
from kasari.commands.archive import app
from kasari.errors import InputError
from tests.factories.archive_world import MemoryStore, SentCourse
from tests.integration.harmonizer.door.conftest import Door


def run(config: Path, *words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--config", str(config)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def actions(door: Door) -> list[str]:
    return [event["action"] for event in door.service.audit.events()]


def test_a_restored_harmonizer_converges(
    open_door, course: SentCourse, settings: Settings, store: MemoryStore, tmp_path: Path
) -> None:
    config = tmp_path / "harmonizer.yml"
    config.write_text(yaml.safe_dump(settings.model_dump(mode="json")), "utf-8")
    backup = tmp_path / "archive.tar"

    async def before() -> None:
        async with open_door() as door:
            told = run(config, "backup", "--out", str(backup))  # while it runs
            assert "archive's Orthanc" in told
            assert actions(door) == ["backup"]
            assert (await door.deliver(course))["state"] == "stored"
            door.service.work_through()

    async def after() -> None:
        async with open_door() as door:
            assert actions(door) == ["restore", "backup"]
            gone = await door.client.get(f"/api/v1/submissions/{course.course_uid}/1")
            assert gone.status_code == 404, "the database is yesterday's"
            assert (await door.deliver(course))["state"] == "stored"
            door.service.work_through()
            status = await door.client.get(f"/api/v1/submissions/{course.course_uid}/1")
            assert status.json()["state"] == "harmonized"
            assert door.service.audit.first_break() is None

    asyncio.run(before())
    held = len(store.objects)
    with (
        user_of(settings.data_folder),
        user_of(settings.data_folder),  # two may share a database
        pytest.raises(ConfigError, match="stop it first"),
    ):
        run(config, "restore", str(backup), "--replace")
    with pytest.raises(InputError, match="with --replace"):
        run(config, "restore", str(backup))
    run(config, "restore", str(backup), "--replace")
    asyncio.run(after())
    assert len(store.objects) == held, "nothing is stored twice"


def test_no_harmonizer_starts_while_its_database_is_exchanged(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "harmonizer.yml"
    config.write_text(yaml.safe_dump(settings.model_dump(mode="json")), "utf-8")
    with user_of(settings.data_folder, alone=True):
        assert main(["serve", "--config", str(config)]) == 2
    said = capsys.readouterr().err
    assert "is being restored; stop it first" in said
    assert (settings.data_folder / FILE).stat().st_mode & 0o077 == 0


def test_a_harmonizer_keeps_a_restore_out_while_it_serves(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, asked = tmp_path / "harmonizer.yml", []
    config.write_text(yaml.safe_dump(settings.model_dump(mode="json")), "utf-8")

    def run_it(_app: object, **_how: object) -> None:
        with pytest.raises(ConfigError) as refused, user_of(settings.data_folder, alone=True):
            pass
        asked.append(str(refused.value))

    monkeypatch.setattr("harmonizer.__main__.create_app", lambda _settings: None)
    monkeypatch.setattr("harmonizer.__main__.uvicorn.run", run_it)
    assert main(["serve", "--config", str(config)]) == 0
    assert len(asked) == 1
