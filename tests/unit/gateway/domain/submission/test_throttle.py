"""Rates and hours of sending, with a clock in the test's hand."""

from datetime import UTC, datetime, time

import pytest

from gateway.domain.submission import TokenBucket, Window, is_open


def test_a_long_transfer_takes_its_bytes_over_the_rate() -> None:
    bucket, now = TokenBucket(rate=100, burst=100), 0.0
    for _ in range(50):
        now += bucket.take(40, now)
    assert now == pytest.approx((50 * 40 - 100) / 100)


def test_tokens_gather_up_to_the_burst_only() -> None:
    bucket = TokenBucket(rate=100, burst=100)
    assert bucket.take(100, 0) == 0
    assert bucket.take(100, 1000) == 0
    assert bucket.take(100, 1000) == 1


def test_two_takers_get_equal_shares() -> None:
    """Each comes back when its wait is over, as two senders in two threads do."""
    bucket = TokenBucket(rate=100, burst=10)
    ready, sent = {"large": 0.0, "small": 0.0}, {"large": 0, "small": 0}
    while min(ready.values()) < 60:
        who = min(ready, key=lambda name: ready[name])
        sent[who] += 10
        ready[who] += bucket.take(10, ready[who])
    assert sum(sent.values()) == pytest.approx(6000, rel=0.02)
    assert sent["large"] == pytest.approx(sent["small"], rel=0.02)


def test_a_clock_that_is_set_back_lends_nothing() -> None:
    bucket = TokenBucket(rate=100, burst=100)
    bucket.take(100, 1000)
    assert bucket.take(100, 10) == 1
    assert bucket.take(100, 11) == 1


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ("20:00-06:00", ["20:00", "23:59", "00:00", "05:59"], ["06:00", "12:00", "19:59"]),
        ("09:30-11:00", ["09:30", "10:59"], ["09:29", "11:00", "23:00"]),
    ],
)
def test_windows(window: str, inside: list[str], outside: list[str]) -> None:
    parsed = Window.parse(window)
    assert all(parsed.holds(time.fromisoformat(moment)) for moment in inside)
    assert not any(parsed.holds(time.fromisoformat(moment)) for moment in outside)


@pytest.mark.parametrize("text", ["20-06", "24:00-06:00", "20:00-20:00", "", "20:60-21:00"])
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(ValueError, match="window"):
        Window.parse(text)


def test_without_windows_it_is_always_open() -> None:
    assert is_open((), datetime(2026, 3, 2, 12, tzinfo=UTC))
    nights = (Window.parse("20:00-06:00"), Window.parse("12:00-13:00"))
    assert is_open(nights, datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert not is_open(nights, datetime(2026, 3, 2, 13, tzinfo=UTC))
