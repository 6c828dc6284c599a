"""Tables that mean harm: formulas stay text and come back as they were, aliases stay short."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonizer.adapters.rule_files import read_rules, write_rules
from harmonizer.api.csv_answers import csv_text
from harmonizer.domain.nomenclature import Rule, RuleSet
from harmonizer.domain.spreadsheets import as_text, as_written
from harmonizer.errors import DataError

FORMULAS = ["=cmd|' /C calc'!A0", "+1+cmd()", "-2+3", "@SUM(1)", "\t=1", "-PTV", "+margin"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text(text: str) -> None:
    (row,) = csv.reader(StringIO("".join(csv_text([[text, 1]])), newline=""))
    assert row == [f"'{text}", "1"]


@pytest.mark.parametrize("cell", ["Heart", "", "-", "-12.5", "+3", "1e-3", -4, 2.5, None, "a=b"])
def test_what_is_no_formula_stays_as_it_is(cell: object) -> None:
    assert as_text(cell) == cell


@given(st.text(alphabet="'=+-@A1.", max_size=8))
def test_what_was_changed_comes_back(text: str) -> None:
    changed = as_text(text)
    assert changed == text or as_written(str(changed)) == text


def test_rules_with_such_names_come_back_from_their_file() -> None:
    rules = tuple(
        Rule(name, "-", "anna", "decided", "2026-01-05", examples=("+Heart",))
        for name in ("=HYPERLINK(1)", "-PTV", "@x", "Heart", "'=x")
    )
    written = write_rules(RuleSet(0, rules), "csv")
    assert all(f"\n{name}" not in written for name in ("=", "-P", "@"))
    assert read_rules(written, "csv").rules == rules


@pytest.mark.parametrize("field", ["local_name", "reason"])
def test_aliases_of_yaml_are_not_written_out(field: str) -> None:
    """Thirty lines that stand for 2^30 words."""
    lines = ["a0: &a0 [lol, lol]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    rule = {"local_name": "x", "tg263_name": "Heart", "author": "a", "reason": "r"}
    rule |= {"decided_on": "2026-01-05", field: "*a29"}
    text = "\n".join([*lines, "rules:", f"- {{{', '.join(f'{k}: {v}' for k, v in rule.items())}}}"])
    with pytest.raises(DataError, match="is no text"):
        read_rules(text, "yaml")
