"""How long a loop waits: always the same, or longer after each failure in a row."""

from threading import Event

from gateway.background import Loop
from gateway.domain.submission import Patience
from gateway.errors import RetryError

LIMIT_S = 20.0


def test_pauses_grow_with_jitter_until_it_works_again() -> None:
    pauses: list[float] = []
    ended = Event()

    class Watched(Loop):
        def pause(self) -> float:
            pauses.append(super().pause())
            if len(pauses) == 6:
                self.ask_to_stop()
                ended.set()
            return 0.0

    answers = iter([False, False, False, True, False, True])

    def step() -> None:
        if not next(answers):
            raise RetryError("down")

    patience = Patience(first_s=4, ceiling_s=10)
    loop = Watched(
        "x", step, 1.0, lambda _name, _error: None, patience=patience, chance=lambda: 0.5
    )
    loop.start()
    assert ended.wait(LIMIT_S)
    loop.stop()
    assert pauses == [3.0, 6.0, 7.5, 1.0, 3.0, 1.0]  # three quarters of 4, 8, 10 s


def test_without_patience_a_loop_is_as_quick_after_a_failure() -> None:
    assert Loop("x", lambda: None, 0.5, lambda _name, _error: None).pause() == 0.5
