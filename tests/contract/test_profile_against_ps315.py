"""Our profile against PS3.15 Table E.1-1: for every row at most what the standard lets through.

What the standard empties or replaces we may also remove; never the other way round. One deviation:
dates move by whole weeks, so the time of day stays and intervals are exact.
"""

import csv
import json
import re
from pathlib import Path

import pytest

from gateway.data.deid import load_profile
from gateway.domain.deid import Action, Option, Rule

TABLE = "ps315_table_e1_1_2026c.csv"
COLUMNS = {
    Option.CLEAN_DESCRIPTORS: "clean_desc",
    Option.CLEAN_STRUCTURED_CONTENT: "clean_struct_cont",
    Option.CLEAN_GRAPHICS: "clean_graph",
    Option.MODIFIED_DATES: "rtn_long_modif_dates",
    Option.PATIENT_CHARACTERISTICS: "rtn_pat_chars",
    Option.DEVICE_IDENTITY: "rtn_dev_id",
}
"""The options that we claim, by their columns."""
OPTIONS = tuple(COLUMNS.values())

SATISFIED_BY: dict[str, set[Action]] = {
    "X": set(),
    "Z": {Action.EMPTY, Action.PSEUDONYM, Action.MARK},
    "D": {Action.HASH, Action.EMPTY, Action.PSEUDONYM, Action.MARK, Action.DUMMY},
    "U": {Action.UID, Action.SEQUENCE},
    "C": {Action.CLEAN, Action.CODE, Action.DATE, Action.EMPTY, Action.SEQUENCE, Action.AGE},
    "K": {
        Action.KEEP,
        Action.CLEAN,
        Action.CODE,
        Action.AGE,
        Action.EMPTY,
        Action.SEQUENCE,
        Action.UID,
        Action.HASH,
        Action.DUMMY,
    },
}
"""What satisfies each letter, besides having no rule at all. `U*` asks for the UIDs inside."""

RULES = {rule.tag: rule for rule in load_profile().rules}


def pattern(tag: str) -> re.Pattern[str]:
    """A row's tag as a pattern over eight hexadecimal digits; `x` stands for any."""
    if "WHERE" in tag:
        return re.compile("[0-9A-F]{3}[13579BDF][0-9A-F]{4}")
    return re.compile(re.sub(r"[(),]", "", tag).upper().replace("X", "[0-9A-F]"))


def letters(row: dict[str, str], options: tuple[str, ...] = OPTIONS) -> set[str]:
    """What the standard demands under our options: an option's letter goes before the basic one."""
    chosen = {row[option] for option in options} - {""}
    return chosen or set(re.findall("[XZDUKC]", row["basic_profile"]))


def concerned(row: dict[str, str], rules: dict[int, Rule] = RULES) -> list[Rule]:
    wanted = pattern(row["tag"])
    return [rule for tag, rule in rules.items() if wanted.fullmatch(f"{tag:08X}")]


def satisfied(rule: Rule, row: dict[str, str], options: tuple[str, ...] = OPTIONS) -> bool:
    return any(rule.action in SATISFIED_BY[letter] for letter in letters(row, options))


def is_time_of_day(rule: Rule, row: dict[str, str]) -> bool:
    kept = rule.vr == "TM" and rule.action is Action.KEEP and row["rtn_long_modif_dates"] == "C"
    return kept and "keep the time of day" in rule.source


@pytest.fixture(scope="module")
def rows(shared: Path) -> list[dict[str, str]]:
    with (shared / "reference" / TABLE).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_whole_table_is_read(rows: list[dict[str, str]]) -> None:
    assert len(rows) > 600
    assert sum(bool(concerned(row)) for row in rows) > 100


def test_no_row_gets_more_than_the_standard_lets_through(rows: list[dict[str, str]]) -> None:
    lenient = {
        rule.keyword
        for row in rows
        for rule in concerned(row)
        if not satisfied(rule, row) and not is_time_of_day(rule, row)
    }
    assert not lenient


@pytest.mark.parametrize("off", [*COLUMNS, "all"])
def test_without_an_option_the_basic_profile_holds(
    rows: list[dict[str, str]], tmp_path: Path, off: str
) -> None:
    gone = set(COLUMNS) if off == "all" else {Option(off)}
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"options": dict.fromkeys(gone, False)}))
    rules = {rule.tag: rule for rule in load_profile(policy).rules}
    left = tuple(column for option, column in COLUMNS.items() if option not in gone)
    lenient = {
        rule.keyword
        for row in rows
        for rule in concerned(row, rules)
        if not satisfied(rule, row, left)
        and not (Option.MODIFIED_DATES not in gone and is_time_of_day(rule, row))
    }
    assert not lenient


def test_every_source_quotes_the_tables_own_action(rows: list[dict[str, str]]) -> None:
    wrong = [
        f"{rule.keyword}: {rule.source} instead of {row['basic_profile']}"
        for row in rows
        for rule in concerned(row)
        if not _quotes(rule.source, row["basic_profile"])
    ]
    assert not wrong


def _quotes(source: str, basic: str) -> bool:
    quoted = re.match(r"E\.1-1 ([A-Z/*]+)", source)
    return (quoted is None and "not in E.1-1" not in source) or (
        quoted is not None and quoted[1] == basic
    )


def test_what_is_said_not_to_be_in_the_table_is_not(rows: list[dict[str, str]]) -> None:
    there = {rule.keyword for row in rows for rule in concerned(row)}
    assert not [
        rule.keyword
        for rule in RULES.values()
        if rule.source.startswith("not in E.1-1") and rule.keyword in there
    ]


def test_a_planted_leniency_is_noticed() -> None:
    row = dict.fromkeys((*OPTIONS, "basic_profile", "tag"), "")
    row |= {"tag": "(0010,0010)", "basic_profile": "Z"}
    kept = Rule(0x00100010, "PatientName", "PN", Action.KEEP, frozenset(), "planted")
    assert not satisfied(kept, row)
    assert satisfied(RULES[0x00100010], row)
