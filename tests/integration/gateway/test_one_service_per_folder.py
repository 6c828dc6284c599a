"""One gateway per data folder: a second one, or a restore under it, is refused."""

import errno
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from gateway import __main__ as program
from gateway.config import Settings
from gateway.errors import ConfigError
from gateway.service_lock import FILE, sole_user_of
from tests.conftest import ROOT

HOLDING = """
import subprocess, sys
from pathlib import Path
from gateway.service_lock import sole_user_of
with sole_user_of(Path(sys.argv[1])):
    child = subprocess.Popen(["sleep", "60"])
    print(child.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def config(settings: Settings, tmp_path: Path) -> list[str]:
    path = tmp_path / "gateway.yml"
    path.write_text(yaml.safe_dump(settings.model_dump(mode="json")), "utf-8")
    return ["serve", "--config", str(path)]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ends at once what would be served, and tells how often it came so far."""
    ports: list[int] = []
    monkeypatch.setattr(program, "create_app", lambda _settings: None)
    monkeypatch.setattr(program.uvicorn, "run", lambda _app, **how: ports.append(how["port"]))
    return ports


@contextmanager
def another(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that holds the folder, with a child of its own that outlives it."""
    command = [sys.executable, "-c", HOLDING, str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            yield process
        finally:
            process.kill()
            subprocess.run(["kill", str(child)], check=True)


def test_a_second_gateway_does_not_start(
    settings: Settings, config: list[str], served: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    with another(settings.data_folder):
        assert program.main(config) == 2
    assert served == []
    said = capsys.readouterr().err
    assert said.startswith("data_folder: the gateway is running in this folder")
    assert "stop it first" in said
    assert len(said.splitlines()) == 1


def test_after_a_kill_it_starts_at_once(
    settings: Settings, config: list[str], served: list[int]
) -> None:
    """Whatever the killed one had started, a page that is printed for instance, holds nothing."""
    with another(settings.data_folder) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert program.main(config) == 0
    assert program.main(config) == 0
    assert len(served) == 2


def test_it_is_held_while_it_serves(
    settings: Settings, config: list[str], served: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_app: object, **_how: object) -> None:
        with pytest.raises(ConfigError, match="stop it first"), sole_user_of(settings.data_folder):
            served.append(-1)

    monkeypatch.setattr(program.uvicorn, "run", run)
    assert program.main(config) == 0
    assert served == []
    assert (settings.data_folder / FILE).stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_locked_is_told(settings: Settings) -> None:
    (settings.data_folder / FILE).mkdir(parents=True)
    said = r"service.lock cannot be opened \(IsADirectoryError\)"
    with pytest.raises(ConfigError, match=said), sole_user_of(settings.data_folder):
        pass


def test_a_file_system_that_keeps_no_locks_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(_descriptor: int, _kind: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("gateway.service_lock.fcntl.flock", flock)
    with pytest.raises(ConfigError, match="keeps no locks"), sole_user_of(tmp_path):
        pass
