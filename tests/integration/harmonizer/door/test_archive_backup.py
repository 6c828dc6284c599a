"""The harmonizer restored from yesterday: what came since is announced and read back again."""

import asyncio
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from harmonizer.config import Settings
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
    with pytest.raises(InputError, match="with --replace"):
        run(config, "restore", str(backup))
    run(config, "restore", str(backup), "--replace")
    asyncio.run(after())
    assert len(store.objects) == held, "nothing is stored twice"
