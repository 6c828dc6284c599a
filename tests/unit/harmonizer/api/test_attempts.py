"""Wrong tokens are counted by host, and hosts without end take no memory without end."""

from datetime import UTC, datetime, timedelta

from harmonizer.api.attempts import MOST_HOSTS, MOST_WRONG, WINDOW, Attempts

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_flood_of_hosts_is_bounded() -> None:
    attempts = Attempts()
    for number in range(MOST_HOSTS + 50):
        attempts.note(f"host {number}", NOW)
    assert len(attempts._wrong) <= MOST_HOSTS


def test_who_guessed_last_is_not_forgotten_in_a_flood() -> None:
    attempts = Attempts()
    for number in range(MOST_HOSTS):
        attempts.note("first and last" if number == 0 else f"host {number}", NOW)
    for _ in range(MOST_WRONG):
        attempts.note("first and last", NOW)
    attempts.note("one more", NOW)
    assert attempts.are_too_many("first and last", NOW)


def test_hosts_whose_time_is_over_go_first() -> None:
    attempts, later = Attempts(), NOW + WINDOW
    for number in range(MOST_HOSTS - 1):
        attempts.note(f"host {number}", NOW)
    for _ in range(MOST_WRONG):
        attempts.note("of late", later - timedelta(seconds=1))
    attempts.note("one more", later)
    assert set(attempts._wrong) == {"of late", "one more"}
    assert attempts.are_too_many("of late", later)
