"""What is fetched of a patient: a table of every kind of object, and what never is."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.domain.collection import (
    Earlier,
    Here,
    OfferedSeries,
    modalities_of_interest,
    to_fetch,
)

TODAY = date(2026, 3, 20)
NOTHING = Here((), ())


def key(uid: str) -> str:
    return f"k{uid}"


def series(modality: str, *uids: str, day: date | None = None) -> OfferedSeries:
    return OfferedSeries("st", f"se-{modality}", modality, day, uids)


def fetched(*offered: OfferedSeries, here: Here = NOTHING, quiet: int = 7) -> list[tuple[str, int]]:
    found = to_fetch(offered, here, key, TODAY, quiet)
    return [(one.series.modality, one.absent) for one in found]


def test_of_somebody_new_the_plan_comes_and_no_image() -> None:
    offered = [series("CT", "1", "2"), series("RTPLAN", "3"), series("RTSTRUCT", "4")]
    assert fetched(*offered) == [("RTPLAN", 1), ("RTSTRUCT", 1)]
    assert "CT" not in modalities_of_interest(NOTHING)


def test_only_images_that_something_here_refers_to() -> None:
    planning, diagnostic = series("CT", "1", "2"), series("MR", "8", "9")
    here = Here({"k4"}, {"k1", "k2", "k99"})
    assert "CT" in modalities_of_interest(here)
    assert fetched(planning, diagnostic, here=here) == [("CT", 2)]


def test_what_is_here_is_not_fetched_again() -> None:
    here = Here({"k1", "k2", "k3"}, ())
    assert fetched(series("CT", "1", "2"), series("RTPLAN", "3"), here=here) == []
    assert fetched(series("RTDOSE", "3", "4"), here=here) == [("RTDOSE", 1)]


@pytest.mark.parametrize(("last", "comes"), [(13, True), (14, False), (20, False)])
def test_records_wait_for_the_end_of_the_treatment(last: int, comes: bool) -> None:
    records = [
        series("RTRECORD", "1", day=date(2026, 3, 1)),
        series("RTRECORD", "2", day=date(2026, 3, last)),
    ]
    assert bool(fetched(*records)) is comes


def test_records_without_a_day_come_at_once() -> None:
    assert fetched(series("RTRECORD", "1")) == [("RTRECORD", 1)]


@pytest.mark.parametrize("modality", ["SR", "PR", "US", "OT", "SC", "DOC"])
def test_what_is_no_radiotherapy_is_never_fetched(modality: str) -> None:
    assert fetched(series(modality, "1"), here=Here((), {"k1"})) == []


def test_images_come_before_records() -> None:
    here = Here((), {"k1"})
    assert fetched(series("RTRECORD", "2"), series("CT", "1"), here=here)[0] == ("CT", 1)


@pytest.mark.parametrize(("attempts", "days"), [(1, 1), (2, 2), (3, 4), (20, 32)])
def test_what_is_refused_again_and_again_is_asked_for_more_seldom(attempts: int, days: int) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    earlier = Earlier(attempts, at)
    assert not earlier.allows(at + timedelta(days=days) - timedelta(seconds=1))
    assert earlier.allows(at + timedelta(days=days))


def test_an_original_uid_is_not_shown() -> None:
    shown = repr(OfferedSeries("1.2.3", "1.2.4", "CT", None, ("1.2.5",)))
    assert not any(uid in shown for uid in ("1.2.3", "1.2.4", "1.2.5"))
