"""Who was asked to take part: files that are read, groups that name nobody."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.contract.recruitment import LEAST_TOLD, RecruitmentGroup
from gateway.domain.consent import Consent, ConsentStatus, Person
from gateway.domain.recruitment import (
    Enrolled,
    Screened,
    age_band,
    groups,
    of_ledger,
    read_log,
    together,
)

STEPS = ("eligible", "asked", "consented", "declined")


def alike(count: int, *steps: str, **what: str) -> list[Screened]:
    return [Screened(step, count=count, **what) for step in steps]


def said(found: list[RecruitmentGroup], by: str) -> dict[str, tuple[int | None, ...]]:
    return {g.group: (g.eligible, g.consented, g.declined) for g in found if g.by == by}


def test_a_log_is_read_line_by_line_or_as_counts() -> None:
    log = read_log(
        b"patient_id;step;date;diagnosis;age;sex\r\n"
        b"X;eligible;2.5.2024;C50.4;49;nainen\r\nX;asked;2.5.2024;C50.4;49;nainen\r\n"
        b"Y;eligible;3.5.2024;C50.9;41;F\r\n"
    )
    eligible = Screened("eligible", "2024-05", "C50", "40-49", "F", 2)
    assert (log.problems, log.events[0], log.lines) == ((), eligible, 3)
    counted = read_log(b"step,month,count\neligible,2024-05,206\n")
    assert counted.events == (Screened("eligible", "2024-05", count=206),)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("step\nvisited\n", 2, "not in the code list"),
        ("step,date\neligible,1/2/2024\n", 2, "could be swapped"),
        ("step,month\neligible,2024-13\n", 2, "not a month"),
        ("step,count\neligible,\n,3\n", 3, "empty"),
        ("month\n2024-05\n", 0, "no column step"),
        ("step,count\neligible,3\nasked,4\n", 0, "more patients were asked"),
        ("step,count\nasked,3\nconsented,2\ndeclined,2\n", 0, "more patients answered"),
    ],
)
def test_what_is_wrong_with_a_log_is_told_and_nothing_is_counted(
    text: str, line: int, words: str
) -> None:
    log = read_log(text.encode())
    (problem,) = log.problems
    assert problem.line == line
    assert words in problem.reason
    assert problem.mend
    assert log.events == ()


def test_few_who_declined_are_told_of_in_no_group() -> None:
    events = [
        *alike(20, "eligible", "asked", "consented", sex="F"),
        *alike(3, "eligible", "asked", "declined", sex="F"),
        *alike(10, "eligible", "asked", "consented", sex="M"),
        *alike(9, "eligible", "asked", "declined", sex="M"),
    ]
    found = groups(events)
    assert said(found, "all") == {"all": (42, 30, 12)}
    assert said(found, "sex") == {}  # F and M joined are everybody, who are told of already


def test_few_in_all_are_not_told_at_all() -> None:
    events = [
        *alike(9, "eligible", "asked", "consented"),
        *alike(1, "eligible", "asked", "declined"),
    ]
    (whole,) = groups(events)
    assert (whole.eligible, whole.asked, whole.declined) == (None, None, None)
    assert whole.consented == 9


def test_neighbouring_months_are_joined() -> None:
    events = []
    for month in ("2024-01", "2024-02", "2024-03", "2024-04"):
        events += alike(6, "eligible", "asked", "consented", month=month)
        events += alike(3, "eligible", "asked", "declined", month=month)
    assert said(groups(events), "month") == {
        "2024-01 to 2024-02": (18, 12, 6),
        "2024-03 to 2024-04": (18, 12, 6),
    }


cells = st.lists(
    st.tuples(st.sampled_from(["C50", "C61", "C34", "C10"]), st.integers(0, 9), st.integers(0, 9)),
    max_size=8,
)


@given(cells)
def test_no_group_of_any_margin_tells_of_few(given_cells: list[tuple[str, int, int]]) -> None:
    events: list[Screened] = []
    for code, yes, no in given_cells:
        events += alike(yes, "eligible", "asked", "consented", diagnosis=code)
        events += alike(no, "eligible", "asked", "declined", diagnosis=code)
    found = groups([e for e in events if e.count])
    for one in found:
        if one.eligible is not None and one.declined is not None:
            for number in (one.declined, one.eligible - one.consented):
                assert number == 0 or number >= LEAST_TOLD
    margin = [g for g in found if g.by == "diagnosis"]
    if margin:  # joined, never lost
        assert sum(g.consented for g in margin) == found[0].consented


def person(**what: str) -> Person:
    return Person(("X",), "", "", date(1960, 5, 5), **what)


def statement(status: str, on: date) -> Consent:
    return Consent(ConsentStatus(status), "1", "research", on)


def test_the_ledger_tells_who_was_asked_and_what_they_said() -> None:
    asked, later = date(2024, 5, 4), date(2024, 9, 1)
    ledger = list(
        of_ledger(
            [
                Enrolled(person(sex="F", diagnosis="C50.4"), [statement("granted", asked)]),
                Enrolled(person(), [statement("declined", asked)]),
                Enrolled(person(), [statement("withdrawn", later), statement("granted", asked)]),
                Enrolled(person(), []),
            ]
        )
    )
    steps = [event.step for event in ledger]
    assert {step: steps.count(step) for step in steps} == {
        "eligible": 3,
        "asked": 3,
        "consented": 2,
        "declined": 1,
        "withdrawn": 1,
    }
    assert ledger[0] == Screened("eligible", "2024-05", "C50", "60-69", "F")
    assert {event.month for event in ledger} == {"2024-05"}


def test_a_log_goes_before_the_ledger_step_by_step() -> None:
    ledger = [Screened("asked", "2024-05"), Screened("consented", "2024-05")]
    log = [Screened("eligible", "2024-05", count=9), Screened("asked", "2024-05", count=7)]
    assert together(log, ledger) == [*log, ledger[1]]
    assert together([Screened("asked", count=7)], ledger) == [Screened("asked", count=7), ledger[1]]


def test_age_bands() -> None:
    found = [age_band(years) for years in (17, 18, 39, 40, 79, 80, None)]
    assert found == ["under 18", "18-39", "18-39", "40-49", "70-79", "80 and more", "unknown"]
