"""Which stack a command means when it is told none."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kasari.__main__ import app, register
from kasari.stack import chosen_folder, running
from kasari.stack.layout import Layout
from kasari.stack.process import Program, Running, start, stop

for word in ("archive", "doctor", "down"):
    register(word)

PORTS = {"harmonizer": 1, "orthanc-archive": 2}


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The default folder and that of a demo, which was started last; neither runs."""
    usual, demo = tmp_path / "data", tmp_path / "demo"
    for folder in (usual, demo):
        layout = Layout(folder)
        layout.ensure()
        layout.description.write_text(json.dumps({"ports": PORTS, "centres": {}}), "utf-8")
    published = tmp_path / "stack.json"
    published.write_text(json.dumps({"data_folder": str(demo)}), "utf-8")
    monkeypatch.setattr(running, "DEFAULT_FOLDER", usual)
    monkeypatch.setattr(running, "PUBLISHED", published)
    return usual, demo


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Let something run in a folder that counts as its archive."""
    running_now: list[tuple[Running, Path]] = []

    def made(folder: Path) -> None:
        pid_file = Layout(folder).pid("harmonizer")
        code = [sys.executable, "-c", "import time; time.sleep(60)"]
        program = Program("harmonizer", code, {}, "f", tmp_path / "log", pid_file)
        running_now.append((start(program), pid_file))

    yield made
    for process, pid_file in running_now:
        stop(process, pid_file)


def test_the_named_one_before_all(places: tuple[Path, Path], tmp_path: Path) -> None:
    assert chosen_folder(tmp_path) == tmp_path


def test_the_last_one_whether_it_runs_or_all_have_ended(
    places: tuple[Path, Path], started: Callable[[Path], None]
) -> None:
    usual, demo = places
    assert chosen_folder(None) == demo
    started(demo)
    started(usual)
    assert chosen_folder(None) == demo


def test_a_demo_that_has_ended_hides_no_stack_that_runs(
    places: tuple[Path, Path], started: Callable[[Path], None]
) -> None:
    started(places[0])
    assert chosen_folder(None) == places[0]


def test_a_folder_that_is_gone_is_not_meant(places: tuple[Path, Path]) -> None:
    Layout(places[1]).description.unlink()
    assert chosen_folder(None) == places[0]


def test_down_doctor_and_backup_act_where_all_others_do(
    places: tuple[Path, Path], started: Callable[[Path], None], tmp_path: Path
) -> None:
    demo = places[1]
    call = CliRunner().invoke
    assert f"stopped, in {demo}" in call(app, ["doctor"]).output
    missing = call(app, ["archive", "backup", "--out", str(tmp_path / "a.tar")]).exception
    assert str(demo / "harmonizer" / "harmonizer.yml") in str(missing)
    started(demo)
    assert call(app, ["down"]).output == "stopped: harmonizer\n"
    assert call(app, ["down"]).output == f"nothing ran in {demo}\n"
    assert f"none in {tmp_path}" in call(app, ["doctor", "--data", str(tmp_path)]).output
