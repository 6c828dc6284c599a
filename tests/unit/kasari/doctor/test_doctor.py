"""The doctor names what is missing and how to mend it."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kasari.__main__ import app, register
from kasari.doctor import Check, Verdict, checks_of_machine, checks_of_stack, machine
from kasari.setup import OrthancProgram

register("doctor")


def named(checks: list[Check], what: str) -> Check:
    return next(check for check in checks if check.what == what)


@pytest.fixture
def without_orthanc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "find_orthanc", lambda _folder: None)
    monkeypatch.setattr(machine, "machine_mirror", lambda: None)


@pytest.fixture
def with_orthanc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = OrthancProgram(["/Orthanc"], {}, tmp_path, "1.12.7", "3.13")
    monkeypatch.setattr(machine, "find_orthanc", lambda _folder: program)


@pytest.mark.usefixtures("without_orthanc")
def test_a_machine_without_orthanc_is_told_both_ways(tmp_path: Path) -> None:
    checks = list(checks_of_machine(tmp_path))
    assert named(checks, "Orthanc").verdict is Verdict.MISSING
    assert "--debian-mirror" in named(checks, "Debian mirror for it").mend


@pytest.mark.usefixtures("with_orthanc")
def test_an_orthanc_without_its_plugins_is_told(tmp_path: Path) -> None:
    checks = list(checks_of_machine(tmp_path))
    assert named(checks, "Orthanc").verdict is Verdict.OK
    assert named(checks, "Orthanc's libOrthancPython.so").verdict is Verdict.MISSING


@pytest.mark.usefixtures("without_orthanc")
def test_an_old_python_and_a_full_disk_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "LEAST_PYTHON", (sys.version_info[0], sys.version_info[1] + 1))
    usage = shutil.disk_usage(tmp_path)._replace(free=10**9)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _place: usage)
    checks = list(checks_of_machine(tmp_path / "not/yet/there"))
    assert named(checks, "Python").verdict is Verdict.MISSING
    assert named(checks, "disk").verdict is Verdict.MISSING
    assert "1 GB free" in named(checks, "disk").found


def test_what_only_tests_want_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(machine, "find_orthanc", lambda _folder: None)
    for name in machine.TOOLS:
        check = named(list(checks_of_machine(tmp_path)), name)
        assert check.verdict is Verdict.OPTIONAL
        assert check.mend.startswith("apt install ")


def test_no_stack_is_no_failure(tmp_path: Path) -> None:
    (check,) = checks_of_stack(tmp_path)
    assert check.verdict is Verdict.OPTIONAL


def test_a_stopped_stack_is_no_failure(tmp_path: Path) -> None:
    values = {"ports": {"harmonizer": 1, "orthanc-archive": 2}, "centres": {}}
    (tmp_path / "stack.json").write_text(json.dumps(values), "utf-8")
    (check,) = checks_of_stack(tmp_path)
    assert "stopped" in check.found


@pytest.mark.usefixtures("without_orthanc")
def test_the_command_ends_with_1_and_tells_lines_or_json(tmp_path: Path) -> None:
    runner = CliRunner()
    lines = runner.invoke(app, ["doctor", "--data", str(tmp_path)])
    assert lines.exit_code == 1
    assert "MISSING   Orthanc" in lines.output
    told = runner.invoke(app, ["doctor", "--data", str(tmp_path), "--json"])
    assert {"what", "verdict", "found", "mend"} == set(json.loads(told.output)[0])
