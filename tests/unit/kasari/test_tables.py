"""A table shows every cell whole, as it is."""

import pytest

from kasari.tables import print_table


@pytest.mark.parametrize("cell", ["[TPS]", "[/x]", "[red]x[/red]", "a\\", "\\[b]", "[link=x]"])
def test_brackets_are_text(cell: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table((cell, "two"), [(cell, 1), ("other", cell)])
    told = capsys.readouterr().out
    assert told.count(cell) == 3, told


def test_the_first_column_stays_whole_if_it_is_there_to_be_copied(
    capsys: pytest.CaptureFixture[str],
) -> None:
    uid = "2.25." + "1" * 180
    print_table(("uid", "why"), [(uid, "x" * 300)], first_is_whole=True)
    told = capsys.readouterr().out
    assert uid in told
    assert told.count("x") == 300
    print_table(("uid", "why"), [])
    print_table(("uid", "why"), [], first_is_whole=True)
