"""`kasari push`, `consent import`, `up`, `down` against a running stack, as a person calls them."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from kasari.__main__ import app, register
from kasari.commands import up
from kasari.errors import InputError, StackError
from kasari.stack import Stack
from tests.factories.identified import ct_slice

for word in ("consent", "down", "push", "up"):
    register(word)

HEAD = "patient_id,family_name,given_name,birth_date,status,version,scope,date"
PATIENT = "PUSHED-0042"


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "export"
    made.mkdir()
    for number in range(3):
        (made / f"{number}.dcm").write_bytes(ct_slice(800 + number, PatientID=PATIENT))
    return made


def consent(stack: Stack, tmp_path: Path, status: str, *more: object) -> Result:
    sheet = tmp_path / "consent.csv"
    sheet.write_text(f"{HEAD}\n{PATIENT},X,Y,1950-01-02,{status},1,research,2024-01-01\n", "utf-8")
    return call("consent", "import", sheet, "--centre", "KUH", "--data", stack.folder, *more)


def push(stack: Stack, folder: Path, *more: object) -> tuple[int, dict]:
    result = call("push", folder, "--centre", "KUH", "--data", stack.folder, "--json", *more)
    return result.exit_code, json.loads(result.stdout)


def test_a_folder_from_refusal_to_done(stack: Stack, folder: Path, tmp_path: Path) -> None:
    code, told = push(stack, folder)
    assert (code, told["refused"]) == (4, {"0x0124": 3})

    assert "1 granted" in consent(stack, tmp_path, "granted", "--preview").stdout
    assert push(stack, folder)[0] == 4, "a preview changes nothing"
    assert "1 new" in consent(stack, tmp_path, "granted").stdout

    code, told = push(stack, folder)
    assert (code, told["sent"], told["refused"]) == (0, 3, {})

    (folder / "notes.txt").write_text("no DICOM", "utf-8")
    (folder / "3.dcm").write_bytes(ct_slice(803, PatientID=PATIENT))
    code, told = push(stack, folder)
    assert (code, told["sent"], told["acknowledged_before"]) == (3, 1, 3)
    assert told["skipped"] == {str(folder / "notes.txt"): "not DICOM"}

    assert push(stack, folder, "--again")[1]["sent"] == 4


def test_a_person_reads_the_same(stack: Stack, folder: Path) -> None:
    (folder / "notes.txt").write_text("no DICOM", "utf-8")
    result = call("push", folder, "--centre", "KUH", "--data", stack.folder)
    assert result.exit_code in {3, 4}
    assert "notes.txt: not DICOM" in result.stderr.replace("\n", "")
    assert "1 skipped" in result.stdout


def test_a_wrong_line_imports_nothing_and_names_no_value(stack: Stack, tmp_path: Path) -> None:
    result = consent(stack, tmp_path, "perhaps")
    assert isinstance(result.exception, InputError)
    assert "line 2, status" in result.stderr
    assert PATIENT not in result.output + str(result.exception)


def test_a_centre_or_file_that_is_not_there_is_one_line(
    stack: Stack, folder: Path, tmp_path: Path
) -> None:
    wrong = call("push", folder, "--centre", "Nowhere", "--data", stack.folder)
    assert "there are KUH" in str(wrong.exception)
    absent = call("consent", "import", "/absent", "--centre", "KUH", "--data", stack.folder)
    assert str(absent.exception) == "/absent cannot be read: No such file or directory"
    nothing = call("push", folder, "--centre", "KUH", "--data", tmp_path)
    assert isinstance(nothing.exception, StackError)


def test_up_on_a_running_stack_tells_where_everything_is(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up, "publish", lambda _stack: None)
    before = stack.processes()
    result = call("up", "--centres", 1, "--data", stack.folder, "--json")
    told = json.loads(result.stdout)
    assert told["harmonizer_url"] == stack.archive_url
    assert set(told["centres"]) == {"KUH"}
    assert stack.processes() == before


def test_down_where_nothing_runs(tmp_path: Path) -> None:
    assert call("down", "--data", tmp_path).stdout == f"nothing ran in {tmp_path}\n"
