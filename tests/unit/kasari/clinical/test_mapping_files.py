"""Mapping files: written, read, used; rows keep their lines."""

from pathlib import Path

import pytest

from gateway.domain.clinical import read_table
from kasari.clinical.mapping import guessed, mapped, preview, read_mapping, write_mapping
from kasari.errors import InputError

DATA = (
    b"hetu;visit;ctcae_term;aste;version;note\n"
    b'1;2020-01-01;Fatigue;2;5.0;"a\nb"\n'
    b"\n"
    b"2;2020-01-02;Pain;1;5.0;\n"
)


def test_a_guess_survives_the_file_and_rows_keep_their_lines(tmp_path: Path) -> None:
    mapping, table = guessed(DATA, None)
    path = tmp_path / "mapping.json"
    path.write_text(write_mapping(mapping), "utf-8")
    assert read_mapping(path) == mapping
    ours = read_table(mapped(mapping, DATA))
    assert [row.line for row in ours.rows] == [row.line for row in table.rows] == [2, 5]
    assert ours.rows[1].cells["term"] == "Pain"
    assert "note" not in ours.columns


def test_a_row_of_too_many_cells_stays_one(tmp_path: Path) -> None:
    mapping, _ = guessed(DATA, None)
    long = DATA.replace(b"2;2020-01-02;Pain;1;5.0;", b"2;2020-01-02;Pain;1;5;0;x;y")
    ours = read_table(mapped(mapping, long), keep_long=True)
    assert [(row.line, row.beyond) for row in ours.rows] == [(2, 0), (5, 2)]
    assert not ours.rows[1].is_empty


def test_a_preview_hides_who_it_is_about() -> None:
    mapping, table = guessed(DATA, "ctcae")
    shown = {ours: values for ours, _, values in preview(mapping, table)}
    assert shown["patient_id"] == "(hidden)"
    assert shown["term"] == "Fatigue | Pain"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not usable"),
        ('{"kind": "other", "columns": {}}', "not usable"),
        ('{"kind": "ctcae", "columns": {"term": "x"}}', "lacks patient_id"),
    ],
)
def test_a_bad_mapping_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_mapping(path)
