"""The documented rules are the rules."""

from pathlib import Path

from typer.testing import CliRunner

from harmonizer.domain.quality.catalogue import rule_table
from harmonizer.domain.quality.engine import RULES
from kasari.commands.dose import app

PAGE = Path(__file__).parents[2] / "docs" / "dose.md"


def test_the_page_lists_every_rule_as_it_is() -> None:
    text = PAGE.read_text("utf-8")
    table = text.split("<!-- rules -->\n")[1].split("\n<!-- end rules -->")[0]
    assert table == rule_table(), "run `./run dose rules` and put its table into docs/dose.md"


def test_the_command_prints_a_row_for_every_rule() -> None:
    answer = CliRunner().invoke(app, ["rules"])
    assert answer.exit_code == 0
    printed = [line.split("`")[1] for line in answer.stdout.splitlines() if line.startswith("| `")]
    assert printed == [rule.code for rule in RULES]
