"""What the archive makes of courses waits while a centre sends, but not for ever."""

from contextlib import suppress

from harmonizer.background import LONGEST_POSTPONED_S, MOMENT_S, QUIET_S, Intake


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_nothing_waits_when_nothing_comes() -> None:
    intake = Intake(_Clock())
    assert intake.lets_harmonize()
    assert intake.lets_derive()


def test_harmonizing_waits_for_a_moment_and_the_rest_for_a_pause() -> None:
    clock = _Clock()
    intake = Intake(clock)
    with intake.receiving():
        assert not intake.lets_harmonize()
        with intake.receiving():
            clock.now += 1
        assert not intake.lets_harmonize()
    assert not intake.lets_harmonize()
    clock.now += 2 * MOMENT_S
    assert intake.lets_harmonize()
    assert not intake.lets_derive()
    clock.now += QUIET_S - 2 * MOMENT_S - 0.1
    assert not intake.lets_derive()
    clock.now += 0.2
    assert intake.lets_derive()


def test_short_gaps_do_not_begin_the_wait_anew() -> None:
    clock = _Clock()
    intake = Intake(clock)
    for _ in range(int(LONGEST_POSTPONED_S)):
        with intake.receiving():
            assert not intake.lets_harmonize()
            assert not intake.lets_derive()
            clock.now += 1
    with intake.receiving():
        for _ in range(2):
            assert intake.lets_harmonize(), "and goes on, since it has much to do"
            assert intake.lets_derive()


def test_after_a_pause_the_wait_begins_anew() -> None:
    clock = _Clock()
    intake = Intake(clock)
    with intake.receiving():
        clock.now += LONGEST_POSTPONED_S + 1
        assert intake.lets_harmonize()
    clock.now += QUIET_S
    with intake.receiving():
        assert not intake.lets_harmonize()


def test_a_request_that_fails_does_not_count_as_open() -> None:
    clock = _Clock()
    intake = Intake(clock)
    with suppress(OSError), intake.receiving():
        raise OSError
    clock.now += 2 * MOMENT_S
    assert intake.lets_harmonize()
