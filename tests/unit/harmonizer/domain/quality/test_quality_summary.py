"""Findings of many courses summed up, counted by hand."""

from harmonizer.domain.quality.summary import NATIONAL, CodeCount, CourseMark, Month, summarise
from harmonizer.domain.reports.trend import trend

ERROR, WARNING = ("error", "DOSE-UNITS"), ("warning", "DOSE-HOT")
MARKS = [
    CourseMark("KUH", "2026-01", frozenset({ERROR, WARNING})),
    CourseMark("KUH", "2026-01", frozenset()),
    CourseMark("KUH", "2026-02", frozenset({WARNING})),
    CourseMark("Tyks", "2026-02", frozenset({("info", "TARGET-NONE")})),
]


def test_courses_are_counted_once_per_month_and_rule() -> None:
    national, kuh, tyks = summarise(MARKS)
    assert (national.centre, kuh.centre, tyks.centre) == (NATIONAL, "KUH", "Tyks")
    assert kuh.months == (Month("2026-01", 2, 1, 1), Month("2026-02", 1, 0, 1))
    assert kuh.codes == (
        CodeCount("DOSE-HOT", "warning", 2),
        CodeCount("DOSE-UNITS", "error", 1),
    )
    assert (national.courses, national.with_errors, national.with_warnings) == (4, 1, 2)
    assert national.months[1] == Month("2026-02", 2, 0, 1)
    assert (tyks.with_errors, tyks.with_warnings) == (0, 0)


def test_no_course_gives_no_summary() -> None:
    assert summarise([]) == []


def test_a_trend_has_a_bar_for_every_month() -> None:
    svg = trend([Month("2026-01", 4, 1, 2), Month("2026-02", 8, 0, 0)])
    assert svg.count("<rect") == 6
    assert "2026-02" in svg
    assert trend([]) == ""
