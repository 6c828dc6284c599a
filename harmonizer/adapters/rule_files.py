"""Rule sets as files: YAML with a version, or CSV with a row per rule."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from harmonizer.domain.nomenclature import Rule, RuleSet
from harmonizer.domain.spreadsheets import as_text, as_written
from harmonizer.errors import DataError

FIELDS = (
    *("local_name", "tg263_name", "centre", "site", "author", "reason", "decided_on"),
    *("guideline", "examples"),
)
REQUIRED = ("local_name", "tg263_name", "author", "reason", "decided_on")
BETWEEN = "|"
MOST_RULES = 200_000
LONGEST_FIELD = 500


def read_rules(text: str, form: str) -> RuleSet:
    """Read rules from `form` "yaml" or "csv". A CSV carries no version: it is 0.

    Raises
    ------
    DataError
        If the text is no such file, or a rule lacks what it needs: names the rule by its place.
    """
    version, rows = _yaml(text) if form == "yaml" else (0, _csv(text))
    if len(rows) > MOST_RULES:
        raise DataError("RULES-TOO-MANY", f"more than {MOST_RULES} rules; split the file")
    return RuleSet(version, tuple(_rule(at, row) for at, row in enumerate(rows, start=1)))


def write_rules(rules: RuleSet, form: str) -> str:
    """Write rules as `form` "yaml" or "csv"; `read_rules` gives the same rules back."""
    rows = [_row(rule) for rule in rules.rules]
    if form == "yaml":
        return yaml.safe_dump(
            {"version": rules.version, "rules": rows}, allow_unicode=True, sort_keys=False
        )
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        texts = {**row, "examples": BETWEEN.join(row.get("examples", ()))}
        writer.writerow({name: as_text(text) for name, text in texts.items()})
    return out.getvalue()


class TextRuleFiles:
    """The `RuleFiles` port."""

    read = staticmethod(read_rules)
    write = staticmethod(write_rules)


def _yaml(text: str) -> tuple[int, list[Mapping[str, Any]]]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise DataError("RULES-UNREADABLE", f"the rules are no YAML{where}") from error
    if not isinstance(found, dict) or not isinstance(found.get("rules"), list):
        raise DataError("RULES-UNREADABLE", "the file has no list 'rules:'")
    version = found.get("version", 0)
    if not isinstance(version, int) or version < 0:
        raise DataError("RULES-UNREADABLE", "'version:' is no whole number")
    return version, found["rules"]


def _csv(text: str) -> list[Mapping[str, Any]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    lacking = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
    if lacking:
        raise DataError("RULES-UNREADABLE", f"the file has no column {', '.join(lacking)}")
    rows: list[Mapping[str, Any]] = []
    for given in reader:
        row = {name: as_written(text) for name, text in given.items() if isinstance(text, str)}
        examples = [e for e in (row.get("examples") or "").split(BETWEEN) if e.strip()]
        rows.append({**row, "examples": examples})
    return rows


def _rule(at: int, row: Any) -> Rule:
    if not isinstance(row, Mapping):
        raise DataError("RULE-INVALID", f"rule {at} is no list of fields")
    values = {name: _text(at, name, row.get(name)) for name in FIELDS if name != "examples"}
    lacking = [name for name in REQUIRED if not values[name]]
    if lacking:
        raise DataError("RULE-INVALID", f"rule {at} has no {', '.join(lacking)}")
    try:
        dt.date.fromisoformat(values["decided_on"])
    except ValueError as error:
        raise DataError("RULE-INVALID", f"rule {at}: decided_on is no date YYYY-MM-DD") from error
    examples = row.get("examples") or ()
    if isinstance(examples, str) or not isinstance(examples, Iterable):
        raise DataError("RULE-INVALID", f"rule {at}: examples is no list")
    return Rule(**values, examples=tuple(_text(at, "examples", e) for e in examples))


def _text(at: int, name: str, value: Any) -> str:
    if isinstance(value, list | dict):  # by aliases a few lines may stand for gigabytes of text
        raise DataError("RULE-INVALID", f"rule {at}: {name} is no text")
    text = "" if value is None else str(value).strip()
    if len(text) > LONGEST_FIELD:
        text = f"rule {at}: {name} is longer than {LONGEST_FIELD} characters"
        raise DataError("RULE-INVALID", text)
    return text


def _row(rule: Rule) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(rule, name) for name in FIELDS if getattr(rule, name)}
    if rule.examples:
        row["examples"] = list(rule.examples)
    return row
