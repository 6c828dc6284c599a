"""Consent lists: what is read, what is refused, and that a problem never quotes a value."""

from dataclasses import replace
from datetime import date
from itertools import permutations

import pytest

from gateway.domain.consent import Consent, ConsentStatus, ListRules, Sheet, in_force
from gateway.domain.consent import read_sheet as read

TODAY = date(2026, 3, 1)
RULES = ListRules(latest=TODAY)
HEADER = "patient_id,family_name,given_name,birth_date,status,version,scope,date\n"


def read_sheet(body: bytes) -> Sheet:
    return read(body, RULES)


def test_a_list_as_spreadsheets_write_it() -> None:
    text = "\ufeffPatient_ID;status;version;date\r\n010101-123N;Granted;2.1;2026-01-05\r\n"
    sheet = read_sheet(text.encode())
    assert sheet.problems == ()
    (row,) = sheet.rows
    assert row.consent == Consent(ConsentStatus.GRANTED, "2.1", "research", date(2026, 1, 5))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_list_as_a_nordic_spreadsheet_writes_it(encoding: str) -> None:
    head = "patient_id\tfamily_name\tbirth_date\tstatus\tversion\tdate\n"
    text = head + "X1\tMäkelä\t1.2.1950\tgranted\t1\t5.1.2026\n\t\t\t\t\t\n"
    (row,) = read_sheet(text.encode(encoding)).rows
    assert (row.family_name, row.birth_date) == ("Mäkelä", date(1950, 2, 1))
    assert row.consent.given_on == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (",A,B,,granted,1,,2026-01-01", "patient_id"),
        ("010101-123A,A,B,,granted,1,,2026-01-01", "patient_id"),
        ("X1,A,B,,maybe,1,,2026-01-01", "status"),
        ("X1,A,B,,granted,,,2026-01-01", "version"),
        ("X1,A,B,,granted,1,,2026-13-01", "date"),
        ("X1,A,B,,granted,1,,2052-01-01", "date"),
        ("X1,A,B,,withdrawn,1,,2026-03-02", "date"),
        ("X1,A,B,1/2/1950,granted,1,,2026-01-01", "birth_date"),
        ("X1,A,B,,granted,1,,2026-01-01,more", ""),
    ],
)
def test_a_bad_line_is_told_with_its_place(line: str, column: str) -> None:
    sheet = read_sheet((HEADER + "OK1,A,B,,granted,1,,2026-01-01\n" + line + "\n").encode())
    assert [(p.line, p.column) for p in sheet.problems] == [(3, column)]
    told = repr(sheet.problems)
    assert not any(cell in told for cell in ("X1", "010101", "maybe", "1/2/1950"))


def test_two_statements_of_one_day_are_a_question_for_the_centre() -> None:
    line = "X1,A,B,,{},1,,2026-01-01\n"
    sheet = read_sheet((HEADER + line.format("granted") + line.format("declined")).encode())
    assert [p.line for p in sheet.problems] == [3]


@pytest.mark.parametrize("body", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00"])
def test_what_is_no_list_is_refused_as_a_whole(body: bytes) -> None:
    sheet = read_sheet(body)
    assert sheet.rows == ()
    assert sheet.problems


def test_an_identifier_with_a_lost_byte_is_nobody_s() -> None:
    lines = b"OK1,A,B,,granted,1,,2026-01-01\nX\x811,A,B,,granted,1,,2026-01-01\n"
    sheet = read_sheet(HEADER.encode() + lines)
    assert sheet.rows == ()
    assert [(p.line, p.column) for p in sheet.problems] == [(3, "patient_id")]


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
        ([("granted", 1), ("stopped", 2), ("withdrawn", 2)], "withdrawn"),
        ([("withdrawn", 2), ("stopped", 2)], "withdrawn"),
        ([("declined", 2), ("stopped", 2)], "stopped"),
    ],
)
def test_the_latest_statement_counts(statements: list[tuple[str, int]], expected: str) -> None:
    for order in permutations(statements):
        found = in_force([consent(*statement) for statement in order], TODAY)
        assert found is not None
        assert found.status.value == expected
    assert in_force([], TODAY) is None


@pytest.mark.parametrize(
    ("statements", "lasting", "ending"),
    [
        ([("granted", 1), ("deceased", 9)], "granted", "deceased"),
        ([("granted", 9), ("deceased", 9)], "granted", "deceased"),
        ([("withdrawn", 1), ("deceased", 9)], "withdrawn", "withdrawn"),
        ([("granted", 1), ("withdrawn", 2), ("deceased", 9)], "withdrawn", "withdrawn"),
        ([("deceased", 1), ("withdrawn", 1)], "withdrawn", "withdrawn"),
        ([("stopped", 1), ("deceased", 9)], "stopped", "stopped"),
        ([("declined", 1), ("deceased", 9)], "declined", "declined"),
        ([("deceased", 9)], "deceased", "deceased"),
    ],
)
def test_a_death_ends_a_consent_by_policy_and_nothing_else(
    statements: list[tuple[str, int]], lasting: str, ending: str
) -> None:
    for order in permutations(statements):
        said = [consent(*statement) for statement in order]
        for ends, expected in ((False, lasting), (True, ending)):
            found = in_force(said, TODAY, ends_with_death=ends)
            assert found is not None
            assert found.status.value == expected


def test_a_consent_for_a_time_is_stopped_on_the_day_after() -> None:
    until = replace(consent("granted", 1), ends_on=date(2026, 6, 30))
    for today, expected in ((date(2026, 6, 30), "granted"), (date(2026, 7, 1), "stopped")):
        found = in_force([until], today)
        assert found is not None
        assert found.status.value == expected
    renewed = in_force([until, consent("granted", 20)], date(2027, 1, 1))
    assert renewed is not None
    assert renewed.status.value == "granted"


def test_only_scopes_that_count_are_taken_and_the_others_are_told() -> None:
    line = "X{},A,B,,granted,1,{},2026-01-01\n"
    body = HEADER + line.format(1, "Research") + line.format(2, "treatment") + line.format(3, "")
    sheet = read_sheet(body.encode())
    assert [row.patient_id for row in sheet.rows] == ["X1", "X3"]
    assert sheet.problems == ()
    assert [(one.line, one.column) for one in sheet.not_taken] == [(3, "scope")]
    assert sheet.lines == 3
    for status in ("declined", "stopped", "withdrawn", "deceased"):  # never lost by a word
        (row,) = read_sheet(f"{HEADER}X4,A,B,,{status},1,all,2026-01-01\n".encode()).rows
        assert row.consent.status.value == status
    other = read(body.encode(), replace(RULES, scopes=frozenset({"treatment"})))
    assert [row.patient_id for row in other.rows] == ["X2", "X3"]
    assert {row.consent.scope for row in other.rows} == {"treatment"}
