"""Instruments against a table of published scoring keys, row by row; skips where it is absent."""

import csv
import re
from pathlib import Path

import pytest

from harmonizer.data.instruments import load_instruments
from harmonizer.domain.proms import Direction, Scale

OURS = {
    "QLQ-C30 v3": "qlq-c30",
    "QLQ-H&N35": "qlq-hn35",
    "QLQ-H&N43": "qlq-hn43",
    **{f"QLQ-{name}": f"qlq-{name.lower()}" for name in ("BR23", "BR42", "CX24", "CR29", "PR25")},
    **{f"QLQ-{name}": f"qlq-{name.lower()}" for name in ("LC13", "LC29")},
}
DISPUTED = {"BS", "SYS", "HU", "ET", "SM", "ES", "WG"}
"""Scales of BR42 on which sources contradict each other: not scored."""


def keys(shared: Path) -> dict[str, list[dict[str, str]]]:
    path = shared / "reference" / "eortc_scoring.csv"
    if not path.is_file():
        pytest.skip("the table of scoring keys is not here")
    found: dict[str, list[dict[str, str]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["instrument"] in OURS:
                found.setdefault(OURS[row["instrument"]], []).append(row)
    return found


def test_codes_are_the_tables_in_their_order(shared: Path) -> None:
    for name, rows in keys(shared).items():
        wanted = [r["scale"] for r in rows if name != "qlq-br42" or r["scale"] not in DISPUTED]
        assert list(load_instruments()[name].codes) == wanted, name


def test_every_scale_is_the_table_s(shared: Path) -> None:
    for name, rows in keys(shared).items():
        scales = {scale.code: scale for scale in load_instruments()[name].scales}
        for row in rows:
            if row["scale"] in scales:
                compare(scales[row["scale"]], row)


def compare(scale: Scale, row: dict[str, str]) -> None:
    items = row["items"].split()
    turned = {f"q{item[:-1]}" for item in items if item.endswith("r")}
    assert scale.items == tuple(f"q{item.rstrip('r')}" for item in items)
    assert scale.turned == turned
    assert scale.span == int(row["range"])
    wanted = Direction.FUNCTION if row["type"] == "F" else Direction.SYMPTOM
    assert scale.direction is wanted, scale.code
    least = len(items) if row["missing_rule"] == "all" else (len(items) + 1) // 2
    assert scale.least_answered == least, scale.code
    only = re.match(r"only if Q(\d+) != 1", row["condition"])
    if only:
        assert scale.unless == {f"q{only[1]}": frozenset({1})}
