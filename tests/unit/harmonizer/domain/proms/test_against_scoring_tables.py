"""Instruments against a table of published scoring keys, row by row; skips where it is absent."""

import csv
import re
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from harmonizer.data.instruments import load_instruments
from harmonizer.domain.proms import Direction, Scale, score

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


def by_table(rows: list[dict[str, str]], answers: dict[str, int]) -> dict[str, Fraction | None]:
    """Score from the table's own words in exact fractions; shares nothing with the product."""
    scores: dict[str, Fraction | None] = {}
    for row in rows:
        words = row["items"].split()
        if "PF2" in words:
            parts = [(scores[word.removeprefix("100-")], "100-" in word) for word in words]
            known = [100 - v if turned else v for v, turned in parts if v is not None]
            scores[row["scale"]] = sum(known, Fraction(0)) / 13 if len(known) == 13 else None
            continue
        turned = {word.rstrip("r"): word.endswith("r") for word in words}
        found = [(answers[f"q{n}"], r) for n, r in turned.items() if f"q{n}" in answers]
        values = [5 - v if r else v for v, r in found]
        needed = len(words) if row["missing_rule"] == "all" else Fraction(len(words), 2)
        asked = re.search(r"only if Q(\d+) != 1|not applicable if Q(\d+)=1", row["condition"])
        no = asked is not None and answers.get(f"q{asked[1] or asked[2]}") == 1
        if no or not values or len(values) < needed:
            scores[row["scale"]] = None
            continue
        share = (Fraction(sum(values), len(values)) - 1) / int(row["range"])
        scores[row["scale"]] = 100 * (1 - share if row["type"] == "F" else share)
    return scores


def test_random_answers_are_scored_as_the_table_says(shared: Path) -> None:
    random = Random(7)
    for name, rows in keys(shared).items():
        instrument = load_instruments()[name]
        for _ in range(300):
            gaps = random.choice((0, 0.1, 0.3, 0.6, 1))
            answers = {
                code: random.randint(item.lowest, item.highest)
                for code, item in instrument.items.items()
                if random.random() >= gaps
            }
            wanted = by_table(rows, answers)
            for code, value in score(instrument, answers).items():
                exact = wanted[code]
                assert (value is None) == (exact is None), (name, code, answers)
                assert abs((value or 0) - float(exact or 0)) < 1e-9, (name, code, answers)
