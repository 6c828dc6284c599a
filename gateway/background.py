"""Threads that do one thing again and again, can be poked, and never die of an error."""

import logging
import random
from collections.abc import Callable
from threading import Event, Thread

from gateway.domain.submission import Patience

logger = logging.getLogger(__name__)


class Loop:
    """Calls `step` until stopped: at once while it says there is more, else after a pause.

    With `patience`, the pauses grow after each failure in a row.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], object],
        pause_s: float,
        on_error: Callable[[str, Exception], None],
        on_success: Callable[[str], None] = lambda _name: None,
        patience: Patience | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._step = step
        self._pause_s = pause_s
        self._on_error = on_error
        self._on_success = on_success
        self._patience = patience
        self._chance = chance
        self._failures = 0
        self._stopping = False
        self._wake = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def poke(self) -> None:
        """Do the next step now."""
        self._wake.set()

    def ask_to_stop(self) -> None:
        """End after the step that is running."""
        self._stopping = True
        self._wake.set()

    def stop(self, timeout_s: float = 20.0) -> None:
        """Ask the thread to end after its step and wait for it."""
        self.ask_to_stop()
        self._thread.join(timeout_s)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping:
            more = False
            try:
                more = bool(self._step())
                self._failures = 0
                self._on_success(self.name)
            except Exception as error:  # noqa: BLE001 - a bad step must not end the loop
                logger.warning("%s: %s", self.name, type(error).__name__)
                self._failures += 1
                self._tell(error)
            if not more:
                self._wake.wait(self.pause())
                self._wake.clear()

    def pause(self) -> float:
        """Return for how many seconds to wait now."""
        if self._patience is None or not self._failures:
            return self._pause_s
        return max(self._pause_s, self._patience.wait_s(self._failures, self._chance()))

    def _tell(self, error: Exception) -> None:
        try:
            self._on_error(self.name, error)
        except Exception as second:  # noqa: BLE001 - e.g. the database is what is broken
            logger.error("%s: no alert: %s", self.name, type(second).__name__)
