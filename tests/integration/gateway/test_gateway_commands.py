"""`kasari gateway` as a steward types it, against a gateway that answers over HTTP."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.domain.accounts import AccountRole
from kasari.commands.gateway import app
from kasari.errors import InputError
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import OPERATOR, Hospital
from tests.integration.gateway.test_console_in_a_browser import address

__all__ = ["address"]

PASSWORD = "a steward's own password"
STUDY = "1.2.246.10.7"


@pytest.fixture
def stack(hospital: Hospital, address: str, tmp_path: Path) -> Path:
    hospital.service.accounts.add("maija", AccountRole.STEWARD, PASSWORD)
    token = tmp_path / "operator.token"
    token.write_text(OPERATOR)
    centre = {"gateway_url": address, "operator_token_file": str(token)}
    stack = tmp_path / "stack.json"
    stack.write_text(json.dumps({"centres": {"KUH": centre}}))
    return stack


def kasari(stack: Path, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, [*words, "--centre", "KUH", "--stack", str(stack)], input=typed)


def test_a_course_tells_why_it_waits(stack: Path) -> None:
    told = kasari(stack, "course", "1")
    assert told.exit_code == 0
    assert "no dose has come" in told.stdout
    course = json.loads(kasari(stack, "course", "1", "--json").stdout)
    assert (course["state"], course["revises"], course["revised_by"]) == ("held", [], [])
    assert isinstance(kasari(stack, "course", "99").exception, InputError)


def test_a_recall_is_ordered_and_its_receipt_shown(
    stack: Path, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {STUDY: make.uid(700)}
    monkeypatch.setattr(hospital.service.recall, "_site_uid", known.get)
    words = ("recall", "--user", "maija", "--comment", "sent under a namesake")
    wrong = kasari(stack, *words, typed=f"ID-1\n{STUDY}\nanother\n").exception
    assert str(wrong) == "name or password is wrong"
    assert hospital.service.recall.open() == 0
    told = kasari(stack, *words, "--json", typed=f"ID-1\n{STUDY}\n{PASSWORD}\n")
    assert json.loads(told.stdout) == {"instances": 6, "courses": 1}
    assert hospital.service.recall.open() == 1
    assert kasari(stack, "receipts").exit_code == 0
    assert json.loads(kasari(stack, "receipts", "--json").stdout) == []


def test_no_cell_of_a_table_is_cut_short(stack: Path) -> None:
    told = kasari(stack, "account").stdout
    assert "…" not in told
    assert "refused at the door" in told
    assert "2026-03-02" in told
