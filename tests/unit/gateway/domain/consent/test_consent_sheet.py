"""Consent lists: what is read, what is refused, and that a problem never quotes a value."""

from datetime import date

import pytest

from gateway.domain.consent import Consent, ConsentStatus, in_force, read_sheet

HEADER = "patient_id,family_name,given_name,birth_date,status,version,scope,date\n"


def test_a_list_as_spreadsheets_write_it() -> None:
    text = "\ufeffPatient_ID;status;version;date\r\n010101-123N;Granted;2.1;2026-01-05\r\n"
    sheet = read_sheet(text.encode())
    assert sheet.problems == ()
    (row,) = sheet.rows
    assert row.consent == Consent(ConsentStatus.GRANTED, "2.1", "research", date(2026, 1, 5))


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (",A,B,,granted,1,,2026-01-01", "patient_id"),
        ("010101-123A,A,B,,granted,1,,2026-01-01", "patient_id"),
        ("X1,A,B,,maybe,1,,2026-01-01", "status"),
        ("X1,A,B,,granted,,,2026-01-01", "version"),
        ("X1,A,B,,granted,1,,2026-13-01", "date"),
        ("X1,A,B,1.2.1950,granted,1,,2026-01-01", "birth_date"),
        ("X1,A,B,,granted,1,,2026-01-01,more", ""),
    ],
)
def test_a_bad_line_is_told_with_its_place(line: str, column: str) -> None:
    sheet = read_sheet((HEADER + "OK1,A,B,,granted,1,,2026-01-01\n" + line + "\n").encode())
    assert [(p.line, p.column) for p in sheet.problems] == [(3, column)]
    told = repr(sheet.problems)
    assert not any(cell in told for cell in ("X1", "010101", "maybe", "1.2.1950"))


def test_two_statements_of_one_day_are_a_question_for_the_centre() -> None:
    line = "X1,A,B,,{},1,,2026-01-01\n"
    sheet = read_sheet((HEADER + line.format("granted") + line.format("declined")).encode())
    assert [p.line for p in sheet.problems] == [3]


@pytest.mark.parametrize("body", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00"])
def test_what_is_no_list_is_refused_as_a_whole(body: bytes) -> None:
    sheet = read_sheet(body)
    assert sheet.rows == ()
    assert sheet.problems


def test_no_identifier_in_a_row_that_is_printed() -> None:
    sheet = read_sheet((HEADER + "X1,Virtanen,Maija,1952-04-13,granted,1,,2026-01-01\n").encode())
    assert not any(word in repr(sheet) for word in ("X1", "Virtanen", "Maija", "1952"))


def consent(status: str, day: int) -> Consent:
    return Consent(ConsentStatus(status), "1", "research", date(2026, 1, day))


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([("granted", 1)], "granted"),
        ([("granted", 1), ("withdrawn", 2)], "withdrawn"),
        ([("withdrawn", 2), ("granted", 3)], "granted"),
        ([("withdrawn", 2), ("granted", 2)], "withdrawn"),
        ([("granted", 2), ("declined", 2)], "declined"),
    ],
)
def test_the_latest_statement_counts(statements: list[tuple[str, int]], expected: str) -> None:
    found = in_force([consent(*statement) for statement in statements])
    assert found is not None
    assert found.status.value == expected
    assert in_force([]) is None
