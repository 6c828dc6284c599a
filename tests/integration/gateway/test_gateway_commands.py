"""`kasari gateway` as a steward types it, against a gateway that answers over HTTP."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from gateway.contract.site import PluginReport, RefusalCount
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


def test_courses_of_a_state_come_by_the_page(stack: Path) -> None:
    (held,) = json.loads(kasari(stack, "courses", "--state", "held", "--json").stdout)
    assert held["id"] == 1
    assert json.loads(kasari(stack, "courses", "--offset", "1", "--json").stdout) == []
    assert "--offset 1" in kasari(stack, "courses", "--limit", "1").stderr
    assert kasari(stack, "courses", "--state", "held&limit=9").exit_code == 2


def test_a_plan_is_left_out_and_taken_in(stack: Path, hospital: Hospital) -> None:
    patient = hospital.pseudonym()
    hospital.take_in([make.plan(190, 100, patient, approval="UNAPPROVED")])
    plan = hospital.stage.uid(make.uid(190))
    told = " ".join(kasari(stack, "course", "1").stdout.split())
    assert "kept apart with 0 others (the plan is unapproved)" in told
    words = ("1", "--plan", plan, "--comment", "it was treated")
    assert "plans kept apart: 0" in kasari(stack, "take-in", *words).stdout
    assert "plans kept apart: 1" in kasari(stack, "leave-out", *words).stdout
    assert isinstance(kasari(stack, "leave-out", *words).exception, InputError)


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


def test_one_day_leads_to_its_courses(stack: Path) -> None:
    words = ("account", "--day", "2026-03-02", "--sender", "TPS")
    told = kasari(stack, *words).stdout
    assert "held" in told
    assert "no dose has come" in told
    found = json.loads(kasari(stack, *words, "--json").stdout)
    assert [(one["course"], one["instances"]) for one in found] == [(1, 6)]
    assert json.loads(kasari(stack, *words[:3], "--json").stdout) == found
    assert json.loads(kasari(stack, *words[:3], "--sender", "CT1", "--json").stdout) == []


def test_a_hospital_needs_its_settings_file_only(
    stack: Path, hospital: Hospital, address: str, tmp_path: Path
) -> None:
    port = int(address.rsplit(":", 1)[1])
    listen = {"host": "0.0.0.0", "port": port, "trusted_proxies": ["*"]}  # noqa: S104
    config = tmp_path / "gateway.yml"
    config.write_text(
        yaml.safe_dump(hospital.settings.model_dump(mode="json") | {"listen": listen})
    )
    run = CliRunner().invoke
    told = run(app, ["account", "--config", str(config), "--json"])
    assert json.loads(told.stdout)["KUH"]["held"] == 6
    told = run(
        app, ["why", "--config", str(config), "--user", "maija"], input=f"ID-1\n{PASSWORD}\n"
    )
    assert "no dose has come" in told.stdout
    assert "4 CT, 1 RTSTRUCT, 1 RTPLAN" in run(app, ["course", "1", "--config", str(config)]).stdout
    words = ["release", "1", "--config", str(config), "--comment", "the dose is lost"]
    assert run(app, words).stdout == "course 1 is ready\n"
    shown = run(app, ["course", "1", "--config", str(config)]).stdout
    assert "(operator): the dose is lost" in " ".join(shown.split())
    wrong = run(app, ["status", "--config", str(config), "--centre", "TYKS"]).exception
    assert str(wrong) == "no centre TYKS runs here; there are KUH"


def test_status_tells_refusals_in_words(stack: Path, hospital: Hospital) -> None:
    refusal = RefusalCount(reason="no-consent", dimse_status=0x0124, sender="TPS", count=3)
    totals = PluginReport(received=0, refused=(refusal,), boot_id="b")
    hospital.service.status.take_report(totals)
    assert "3: The patient is in no consent list" in kasari(stack, "status").stdout
