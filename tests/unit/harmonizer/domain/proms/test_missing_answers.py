"""Where an answer belongs, and why one is not there: told, dead, too early, or nobody knows."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonizer.data.schedules import load_schedule
from harmonizer.domain.proms import OUTSIDE, Told, Treatment, completion, expectations

SCHEDULE, FIVE_WEEKS = load_schedule(), Treatment(32)


def at(code: str, told: Told, today: int) -> tuple[str, str | None, int | None]:
    found = {e.timepoint: e for e in expectations(SCHEDULE, FIVE_WEEKS, told, today)}
    return found[code].status.value, found[code].reason, found[code].day


@pytest.mark.parametrize(
    ("told", "today", "wanted"),
    [
        (Told([400]), 900, ("received", None, 400)),
        (Told([]), 900, ("missed", None, None)),
        (Told([]), 100, ("not-yet-due", None, None)),
        (Told([], {400: "too-ill"}), 402, ("missed", "too-ill", None)),
        (Told([402], {400: "too-ill"}), 900, ("received", None, 402)),
        (Told([], died=300), 900, ("not-expected", "died", None)),
        (Told([399], died=400), 900, ("received", None, 399)),
        (Told([], died=880), 900, ("missed", None, None)),
    ],
)
def test_a_year_after(told: Told, today: int, wanted: tuple[str, str | None, int | None]) -> None:
    assert at("12-months", told, today) == wanted


def test_completion_counts_reasons_and_not_the_dead() -> None:
    patients = [
        expectations(SCHEDULE, FIVE_WEEKS, told, 900)
        for told in (
            Told([400]),
            Told([]),
            Told([], {400: "too-ill"}),
            Told([], {401: "declined"}),
            Told([], died=100),
        )
    ]
    year = next(c for c in completion(patients) if c.timepoint == "12-months")
    assert (year.due, year.received, year.reasons) == (4, 1, {"too-ill": 1, "declined": 1})


@given(st.integers(-400, 3000), st.integers(0, 60))
def test_every_answer_has_exactly_one_place(day: int, last_fraction: int) -> None:
    treatment = Treatment(last_fraction)
    inside = [code for code, first, _, last in SCHEDULE.windows(treatment) if first <= day <= last]
    assert SCHEDULE.place(day, treatment) == (inside[0] if inside else OUTSIDE)
    came = [e for e in expectations(SCHEDULE, treatment, Told([day]), 4000) if e.came]
    assert [e.timepoint for e in came] == inside[:1]


@given(st.integers(10, 60))
def test_no_day_of_the_follow_up_falls_between_two_windows(last_fraction: int) -> None:
    windows = SCHEDULE.windows(Treatment(last_fraction))[2:]  # from the end of treatment on
    for (_, _, _, last), (_, first, _, _) in pairwise(windows):
        assert first == last + 1
