"""A DIMSE status is called by its name: the numbers stand in one table."""

import tokenize
from pathlib import Path

import pytest

from gateway.contract.dimse import DimseStatus

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "gateway/contract/dimse.py"
MASKS = {0xFF00}
"""Stands for a group of statuses elsewhere."""
FILES = sorted(
    path
    for package in ("gateway", "harmonizer", "kasari", "plugins")
    for path in (ROOT / package).rglob("*.py")
)


def numbers(path: Path) -> set[int]:
    """Return the hexadecimal numbers of a module that are a status."""
    statuses = {int(one) for one in DimseStatus} - MASKS
    with tokenize.open(path) as file:
        found = {
            int(token.string, 16)
            for token in tokenize.generate_tokens(file.readline)
            if token.type == tokenize.NUMBER and token.string.lower().startswith("0x")
        }
    return found & statuses


def test_statuses_stand_in_one_table_only() -> None:
    assert {str(path): numbers(path) for path in FILES if path != TABLE and numbers(path)} == {}


@pytest.mark.parametrize(("text", "found"), [("a = 0x0124", {0x0124}), ("a = '0x0124'", set())])
def test_a_number_is_found_and_a_text_is_none(tmp_path: Path, text: str, found: set[int]) -> None:
    path = tmp_path / "module.py"
    path.write_text(text)
    assert numbers(path) == found
