"""`kasari archive` against a served archive."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kasari.commands.archive import app
from kasari.errors import InputError, StackError
from tests.integration.harmonizer.reading.conftest import LEFT_KUH, LEFT_TYKS, TOKENS


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(TOKENS["researcher"] + "\n")
    return path


def run(address: str, token_file: Path, *words: str) -> str:
    runner = CliRunner(env={"COLUMNS": "200"})
    result = runner.invoke(app, [*words, "--url", address, "--token-file", str(token_file)])
    if result.exception:
        raise result.exception
    return result.stdout


def test_status(address: str, token_file: Path) -> None:
    told = json.loads(run(address, token_file, "status", "--json"))
    assert told["courses"]["KUH"]["harmonized"] == 2
    shown = run(address, token_file, "status")
    assert "Tyks" in shown
    assert "36 instances read back" in shown


def test_courses_and_one_of_them(address: str, token_file: Path) -> None:
    shown = run(address, token_file, "courses", "--centre", "KUH")
    assert f"…{LEFT_KUH.course_uid[-8:]}" in shown
    assert f"…{LEFT_TYKS.course_uid[-8:]}" not in shown
    assert "an object could not be read" in shown
    shown = run(address, token_file, "show", LEFT_KUH.course_uid)
    assert "Sydan" in shown
    assert "Mean[Gy]" in shown
    assert "3.10" in shown
    assert "error: GRID" in shown
    assert run(address, token_file, "show", "10002") == shown


def test_a_cohort(address: str, token_file: Path) -> None:
    asked = ("find", "ROIName=Heart", "dvh=Heart:Mean[Gy]>2", "CentreName=Tyks")
    shown = run(address, token_file, *asked)
    assert LEFT_TYKS.study in shown
    assert LEFT_KUH.study not in shown
    found = json.loads(run(address, token_file, *asked, "--json"))
    assert [one["0020000D"]["Value"] for one in found] == [[LEFT_TYKS.study]]


def test_what_is_wrong_is_told_in_one_line(address: str, token_file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^dvh: must be STRUCTURE:METRIC"):
        run(address, token_file, "find", "dvh=Heart")
    with pytest.raises(InputError, match="KEY=VALUE"):
        run(address, token_file, "find", "Heart")
    with pytest.raises(InputError, match="holds no such course"):
        run(address, token_file, "show", "1.2.3")
    with pytest.raises(InputError, match="6 courses end so"):
        run(address, token_file, "show", "0002")
    with pytest.raises(StackError, match="does not answer"):
        run("http://127.0.0.1:9", token_file, "status")
    with pytest.raises(InputError, match="token file cannot be read"):
        run(address, tmp_path / "none", "status")
    token_file.write_text("guessed-token-0000")
    with pytest.raises(InputError, match="a token is needed"):
        run(address, token_file, "status")
