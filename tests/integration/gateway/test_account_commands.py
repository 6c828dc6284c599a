"""`kasari gateway account-*`: on the gateway's own machine, the password on standard input."""

import json
from pathlib import Path

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from gateway.config import Settings
from gateway.errors import RejectError
from kasari.commands.gateway import app, patients
from kasari.doors import Door
from tests.integration.gateway.conftest import Hospital, basic
from tests.integration.gateway.test_gateway_http import call

PASSWORD = "kolmetoista merkkiä"


@pytest.fixture
def config(settings: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yml"
    path.write_text(yaml.safe_dump(settings.model_dump(mode="json")), "utf-8")
    return path


def run(config: Path, *words: str, given: str = "") -> str:
    result = CliRunner().invoke(app, [*words, "--config", str(config)], input=given)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_a_person_is_added_beside_a_running_service(hospital: Hospital, config: Path) -> None:
    told = run(config, "account-add", "maija", "--role", "steward", given=f"{PASSWORD}\n")
    assert told == "maija has the role steward\n"
    answer = call(hospital, "GET", "/api/v1/terms", headers=basic("maija", PASSWORD))
    assert answer.status_code == 200
    assert run(config, "account-list") == "maija  steward\n"


def test_reset_and_removal_work_at_once(hospital: Hospital, config: Path) -> None:
    run(config, "account-add", "bert", "--role", "auditor", given=f"{PASSWORD}\n")
    run(config, "account-reset", "bert", given="another password\n")
    old, new = basic("bert", PASSWORD), basic("bert", "another password")
    assert call(hospital, "GET", "/api/v1/audit", headers=old).status_code == 401
    assert call(hospital, "GET", "/api/v1/audit", headers=new).status_code == 200
    run(config, "account-remove", "bert")
    assert call(hospital, "GET", "/api/v1/audit", headers=new).status_code == 401
    assert run(config, "account-list") == "no accounts yet\n"


def test_a_weak_password_and_an_unknown_name_are_told(config: Path) -> None:
    with pytest.raises(RejectError, match="12 to 128 characters"):
        run(config, "account-add", "maija", "--role", "operator", given="short\n")
    with pytest.raises(RejectError, match="no such account"):
        run(config, "account-reset", "maija", given=f"{PASSWORD}\n")


@pytest.mark.parametrize(
    ("words", "given", "path", "body"),
    [
        (["why"], "ID-1\n", "/api/v1/why", {"patient_id": "ID-1"}),
        (["why", "ID-1"], "", "/api/v1/why", {"patient_id": "ID-1"}),
        (["merge"], "ID-1\nID-3\n", "/api/v1/merges", {"patient_id": "ID-1", "other_id": "ID-3"}),
        (
            ["merge", "ID-1", "ID-3"],
            "",
            "/api/v1/merges",
            {"patient_id": "ID-1", "other_id": "ID-3"},
        ),
    ],
)
def test_an_identifier_need_not_stand_on_a_command_line(
    hospital: Hospital,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    given: str,
    path: str,
    body: dict[str, str],
) -> None:
    name, password = hospital.add_steward()
    asked: list[tuple[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path, json.loads(request.content)))
        headers = {"Authorization": request.headers["authorization"]}
        told = call(hospital, request.method, request.url.path, json=asked[-1][1], headers=headers)
        return httpx.Response(told.status_code, content=told.content)

    door = Door("http://gateway", transport=httpx.MockTransport(answer))
    monkeypatch.setattr(patients, "gateway_door", lambda *_where: door)
    options = ["--centre", "KUH", "--user", name]
    result = CliRunner().invoke(app, [*words, *options], input=f"{given}{password}\n")
    assert result.exit_code == 0, result.output
    assert asked == [(path, body)]
