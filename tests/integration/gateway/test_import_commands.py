"""Lists and tables are brought to a gateway by its address or its settings, without a stack."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from kasari.__main__ import app, register
from kasari.errors import InputError, StackError
from tests.integration.gateway.conftest import OPERATOR, Hospital
from tests.integration.gateway.test_console_in_a_browser import address

__all__ = ["address"]

for word in ("clinical", "consent", "recruitment"):
    register(word)

CONSENTS = """patient_id,family_name,given_name,birth_date,status,version,scope,date
NEW-1,Korhonen,Aino,1950-01-02,granted,1,research,2024-01-01
"""
GRADES = "patient_id,assessed_on,ctcae_version,term,grade\nID-1,2020-02-14,5.0,Fatigue,2\n"
LOG = "step,month,diagnosis,age,sex,count\neligible,2026-01,C50,60,F,3\n"


@pytest.fixture(params=["address", "settings"])
def bring(
    request: pytest.FixtureRequest, hospital: Hospital, address: str, tmp_path: Path
) -> Callable[..., Result]:
    if request.param == "address":
        token = tmp_path / "token"
        token.write_text(OPERATOR)
        to = ["--url", address, "--token-file", str(token)]
    else:
        listen = {"host": "127.0.0.1", "port": int(address.rsplit(":", 1)[1])}
        values = hospital.settings.model_dump(mode="json") | {"listen": listen}
        config = tmp_path / "gateway.yml"
        config.write_text(yaml.safe_dump(values), "utf-8")
        to = ["--config", str(config)]

    def call(topic: str, text: str, *more: str) -> Result:
        file = tmp_path / f"{topic}.csv"
        file.write_text(text, "utf-8")
        return CliRunner().invoke(app, [topic, "import", str(file), *to, *more])

    return call


def test_consents(bring: Callable[..., Result]) -> None:
    told = bring("consent", CONSENTS, "--preview", "--json")
    assert json.loads(told.stdout)["new"] == 1
    assert "1 new" in bring("consent", CONSENTS).stdout
    assert "1 unchanged" in bring("consent", CONSENTS).stdout
    wrong = bring("consent", CONSENTS.replace("granted", "perhaps"), "--json")
    assert json.loads(wrong.stdout)["problems"][0]["line"] == 2
    assert "line 2, status" in wrong.stderr
    assert str(wrong.exception) == "1 line or entry is wrong; nothing was imported"


def test_clinical_rows(bring: Callable[..., Result]) -> None:
    assert "stored" in bring("clinical", GRADES).stderr
    wrong = bring("clinical", GRADES.replace("Fatigue,2", "Fatigue,9"))
    assert "line 2, grade" in wrong.stderr
    assert isinstance(wrong.exception, InputError)


def test_a_screening_log(bring: Callable[..., Result]) -> None:
    assert "3 eligible" in bring("recruitment", LOG).stdout
    assert json.loads(bring("recruitment", LOG, "--json").stdout)["counted"]["eligible"] == 3
    wrong = bring("recruitment", LOG.replace("2026-01", "soon"), "--json")
    assert json.loads(wrong.stdout)["problems"][0]["column"] == "month"
    assert isinstance(wrong.exception, InputError)


def test_another_centre_is_not_taken_for_it(bring: Callable[..., Result]) -> None:
    told = bring("consent", CONSENTS, "--centre", "TYKS", "--preview").exception
    assert told is None or str(told) == "no centre TYKS runs here; there are KUH"


def test_a_gateway_that_is_away_is_told(tmp_path: Path) -> None:
    token, file = tmp_path / "token", tmp_path / "consents.csv"
    token.write_text(OPERATOR)
    file.write_text(CONSENTS, "utf-8")
    words = ["consent", "import", str(file), "--url", "http://127.0.0.1:9", "--token-file", token]
    told = CliRunner().invoke(app, [str(word) for word in words]).exception
    assert isinstance(told, StackError)
    assert str(told) == "the gateway does not answer (ConnectError); does it run?"
