"""Names from public lists: floors that a change of the grammar must not break."""

import csv
from pathlib import Path

import pytest

from harmonizer.domain.nomenclature import Kind, Mapper


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
