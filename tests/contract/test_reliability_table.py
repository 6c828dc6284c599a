"""The table of faults in the documentation is that of the tests."""

from pathlib import Path

from tests.system.faults.table import page, rows

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def test_the_page_is_made_from_the_tests() -> None:
    text = "run `python -m tests.system.faults.table > docs/reliability.md`"
    assert PAGE.read_text("utf-8") == page(), text


def test_every_fault_says_what_breaks_and_what_must_come_of_it() -> None:
    found = list(rows())
    assert len({number for row in found for number in row.numbers}) >= 45
    assert [row.test for row in found if not (row.what and row.outcome)] == []
