"""The profile as a table: complete, filterable, and the same as in the documentation."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.data.deid import load_profile
from gateway.domain.deid import Action
from kasari.commands.deid import app
from kasari.deid.describing import COLUMNS, HEADINGS, MEANING, as_csv, as_markdown, describe
from kasari.errors import InputError

PAGE = Path(__file__).resolve().parents[4] / "docs" / "deidentification.md"
MADE_AGAIN = "`kasari deid describe --markdown` prints the part after the comment line"


def test_every_action_is_explained() -> None:
    assert set(MEANING) == set(HEADINGS) == set(Action)


def test_the_table_has_every_rule_once() -> None:
    profile = load_profile()
    rows = list(csv.DictReader(io.StringIO(as_csv(describe(profile)))))
    assert {row["attribute"] for row in rows} == {rule.keyword for rule in profile.rules}
    assert len(rows) == len(profile.rules)


def test_the_documentation_holds_the_table_of_today() -> None:
    _, comment, table = PAGE.read_text(encoding="utf-8").partition("<!-- made by")
    assert comment, "the page has lost its comment line"
    assert table.partition("-->\n")[2] == as_markdown(load_profile()), MADE_AGAIN


def run(*arguments: str) -> str:
    answer = CliRunner().invoke(app, ["describe", *arguments], catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.stdout


def test_one_object_has_its_own_rules_only() -> None:
    rows = json.loads(run("--object", "rtdose", "--json"))["attributes"]
    named = {row["attribute"] for row in rows}
    assert "DoseGridScaling" in named
    assert "BeamName" not in named
    assert set(rows[0]) == set(COLUMNS)


def test_a_policy_shows_in_the_table(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"remove": ["PatientSex"], "empty": ["StudyTime"]}))
    rows = {
        row["attribute"]: row
        for row in csv.DictReader(io.StringIO(run("--csv", "--policy", str(policy))))
    }
    assert "PatientSex" not in rows
    assert rows["StudyTime"]["action"] == "empty"
    assert rows["StudyTime"]["source"] == "policy of the centre"


def test_the_plain_table_explains_the_words_it_uses() -> None:
    text = run("--object", "reg")
    assert "FrameOfReferenceTransformationMatrix" in text
    assert all(meaning in text for meaning in MEANING.values())


def test_an_unknown_object_is_one_line() -> None:
    with pytest.raises(InputError, match="no object plan; there are ct, mr"):
        run("--object", "plan")
