"""Files as spreadsheets leave them, cell by cell."""

from datetime import date

import pytest

from gateway.domain.clinical import CellError, TableError, read_table
from gateway.domain.tabular.cells import to_bool, to_date, to_whole
from gateway.domain.tabular.table import decode

PLAIN = "patient_id,note\n1,ä\n2,b\n"


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("latin-1"),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").replace("\n", "\r\n").encode(),
        b"Patient_ID ,NOTE\n" + PLAIN.split("\n", 1)[1].encode(),
        b'"patient_id","note"\n"1","\xc3\xa4"\n\n"2","b"\n',
    ],
)
def test_one_table_in_many_forms(data: bytes) -> None:
    table = read_table(data)
    assert table.columns == ("patient_id", "note")
    assert [row.cells["note"] for row in table.rows] == ["ä", "b"]


def test_lines_are_counted_as_an_editor_does() -> None:
    table = read_table(b'a,b\n1,"x\ny"\n\n2,z\n')
    assert [row.line for row in table.rows] == [2, 5]
    assert [row.line for row in read_table(b"a,b\n1,2\n", first_line=1000).rows] == [1000]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04rest", "workbook"),
        (b"  \n", "empty"),
        (b"a,a\n1,2\n", "twice"),
        (b"a,\n1,2\n", "no name"),
        (b"a,b\n1,2,5,3\n", "4 cells for 2 columns"),
        (b"\x00\x01\x02", "not a text"),
        (b'a,b\n1,"x\n', "not well-formed"),
        ("a,b\n1,2\n".encode("utf-16")[:-1], "cut off"),
    ],
)
def test_what_is_no_table_is_refused_by_name(data: bytes, words: str) -> None:
    with pytest.raises(TableError, match=words) as caught:
        read_table(data)
    assert caught.value.problem.mend


def test_a_lost_byte_is_a_problem_of_its_cell_and_never_part_of_it() -> None:
    data = b"patient_id;note\nX1;a\n\nX\x812;b\n"
    with pytest.raises(TableError, match="no character") as caught:
        read_table(data, keep_long=True, known=("patient_id",))
    assert (caught.value.problem.line, caught.value.problem.column) == (4, "patient_id")
    assert "X" not in repr(caught.value.problem).replace("Windows", "")


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"Virtanen;note\nX1;a\nVirtane\x8d;b\n", 3, "1"),  # no header: nothing of it is a name
        (b"a;b\n1;2;\x9d\n", 2, "3"),
        (b"a\x90;b\n1;2\n", 1, ""),
    ],
)
def test_a_lost_byte_is_told_without_quoting(data: bytes, line: int, column: str) -> None:
    with pytest.raises(TableError) as caught:
        read_table(data)
    assert (caught.value.problem.line, caught.value.problem.column) == (line, column)
    assert "Virtane" not in repr(caught.value.problem)


def test_a_lost_byte_outside_a_table_is_refused_too() -> None:
    with pytest.raises(TableError, match="line 2 holds a byte"):
        decode(b'{"id":\n"X\x81"}')


def test_row_numbers_of_r_and_pandas_are_no_nameless_column() -> None:
    table = read_table(b'"","a"\n"1",5\n')
    assert table.columns == ("row number", "a")
    assert table.rows[0].cells["a"] == "5"


def test_a_row_shows_no_identifier() -> None:
    table = read_table(b"patient_id\nMATTI-1\n")
    assert "MATTI" not in repr(table)
    assert "MATTI" not in repr(table.rows[0])


@pytest.mark.parametrize(
    "text",
    ["2024-12-31", "20241231", "31.12.2024", "31-Dec-2024", "31.joulu.2024", "2024-12-31T10"],
)
def test_dates_that_can_only_mean_one_day(text: str) -> None:
    assert to_date(text) == date(2024, 12, 31)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("01/02/2024", "swapped"),
        ("1-Jan", "cut the year off"),
        ("Jan-20", "cut the year off"),
        ("45657", "serial number"),
        ("1.2.24", "two digits"),
        ("2024-02-30", "no such day"),
        ("yesterday", "not a date"),
    ],
)
def test_mangled_dates_are_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(CellError) as caught:
        to_date(text)
    assert words in caught.value.reason
    assert text not in caught.value.reason


def test_numbers_as_spreadsheets_write_them() -> None:
    parse = to_whole(0, 5)
    assert [parse(t) for t in ("3", "3.0", "3,0", "+3")] == [3, 3, 3, 3]
    for bad in ("6", "-1", "3.5", "three", "3,05"):
        with pytest.raises(CellError):
            parse(bad)


def test_yes_and_no_in_three_languages() -> None:
    assert [to_bool(t) for t in ("yes", "Kyllä", "ja", "1")] == [True] * 4
    assert [to_bool(t) for t in ("no", "Ei", "nej", "0")] == [False] * 4
    with pytest.raises(CellError):
        to_bool("maybe")


def test_a_file_without_a_header_quotes_no_cell_of_its_first_line() -> None:
    with pytest.raises(TableError, match="twice") as caught:
        read_table(b"130452-308Y;Virtanen;Virtanen;2020-01-10\nx;y;z;q\n")
    assert caught.value.problem.column == "2"
    assert "virtanen" not in str(caught.value.problem).lower()
