"""When work that nobody waits for may be done."""

from harmonizer.background import LONGEST_POSTPONED_S, QUIET_S, Intake


class Watch:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_at_once_when_nothing_comes_in() -> None:
    assert Intake(Watch()).lets_others()


def test_not_while_a_centre_sends_nor_between_two_of_its_requests() -> None:
    watch = Watch()
    intake = Intake(watch)
    with intake.receiving(), intake.receiving():
        assert not intake.lets_others()
    watch.seconds += QUIET_S - 0.1
    assert not intake.lets_others()
    watch.seconds += 0.1
    assert intake.lets_others()


def test_an_archive_that_is_never_quiet_does_it_all_the_same() -> None:
    watch = Watch()
    intake = Intake(watch)
    with intake.receiving():
        assert not intake.lets_others()
        watch.seconds += LONGEST_POSTPONED_S
        assert intake.lets_others()
        assert intake.lets_others(), "and goes on, since it has much to do"
    watch.seconds += QUIET_S
    assert intake.lets_others()
    with intake.receiving():
        assert not intake.lets_others(), "after a pause it waits as before"
