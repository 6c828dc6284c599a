"""Many labelled names: floors that a change of the grammar must not break."""

import csv
from pathlib import Path

import pytest

from harmonizer.domain.nomenclature import Kind, Mapper

GOLDEN = Path(__file__).resolve().parents[4] / "golden" / "names"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["pairs_dev.csv", "terms_nordic_constructed.csv"])
def test_labelled_names(mapper: Mapper, shared: Path, name: str) -> None:
    rows = table(shared / "reference" / name)
    found = [(row["tg263_name"], mapper.map_name(row["raw_name"])) for row in rows]
    first = sum(mapping.tg263_name == want for want, mapping in found)
    applied = [(want, mapping) for want, mapping in found if mapping.auto]
    right = sum(mapping.tg263_name == want for want, mapping in applied)
    assert first / len(found) >= 0.99
    assert len(applied) / len(found) >= 0.95
    assert right / len(applied) >= 0.995


def test_names_of_no_organ(mapper: Mapper, shared: Path) -> None:
    rows = table(shared / "reference" / "negatives_dev.csv")
    mappings = [mapper.map_name(row["raw_name"]) for row in rows]
    assert not [m.raw_name for m in mappings if m.auto and m.kind is Kind.ORGAN]


def test_names_written_for_this_project(mapper: Mapper) -> None:
    rows = table(GOLDEN / "organs.csv")
    found = [(row["tg263_name"], mapper.map_name(row["raw_name"])) for row in rows]
    first = sum(mapping.tg263_name == want for want, mapping in found)
    applied = [(want, mapping) for want, mapping in found if mapping.auto]
    wrong = [(m.raw_name, m.tg263_name) for want, m in applied if m.tg263_name != want]
    assert not wrong
    assert first / len(found) >= 0.98
    assert len(applied) / len(found) >= 0.95


def test_nothing_that_is_no_organ_is_applied(mapper: Mapper) -> None:
    mappings = [mapper.map_name(row["raw_name"]) for row in table(GOLDEN / "no_organs.csv")]
    assert not [m.raw_name for m in mappings if m.auto and m.kind is Kind.ORGAN]


def test_target_volumes(mapper: Mapper) -> None:
    rows = table(GOLDEN / "targets.csv")
    wrong = [r for r in rows if mapper.map_name(r["raw_name"]).tg263_name != r["tg263_name"]]
    assert len(wrong) / len(rows) <= 0.02, wrong
