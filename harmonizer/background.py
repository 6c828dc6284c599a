"""What the service does by itself, on APScheduler: work, reconciliation, scores."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from typing import Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

logger = logging.getLogger(__name__)

WORK: Final = "work"
LOOK_S: Final = 1.0
STEP_S: Final = 5.0
"""By so much at least a clock is set back, not disciplined."""
MOMENT_S: Final = 0.3
"""Longer than between two requests of one course."""
QUIET_S: Final = 3.0
LONGEST_POSTPONED_S: Final = 120.0


class Intake:
    """Whether objects are coming in: what can wait then waits, but not for ever.

    Receiving has the processor first, so that a hospital's night is long enough for its day.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._open = 0
        self._busy_since = self._ended_at = now() - QUIET_S

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """While a centre sends."""
        with self._lock:
            if self._has_paused(QUIET_S):
                self._busy_since = self._now()
            self._open += 1
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1
                self._ended_at = self._now()

    def lets_harmonize(self) -> bool:
        """Whether nothing is coming in, or courses have waited long enough."""
        return self._lets_after(MOMENT_S)

    def lets_derive(self) -> bool:
        """Whether it is time for work that nobody waits for: in a pause."""
        return self._lets_after(QUIET_S)

    def _lets_after(self, pause_s: float) -> bool:
        with self._lock:
            waited = self._now() - self._busy_since >= LONGEST_POSTPONED_S
            return waited or self._has_paused(pause_s)

    def _has_paused(self, pause_s: float) -> bool:
        return not self._open and self._now() - self._ended_at >= pause_s


class _Every(BaseTrigger):  # type: ignore[misc]
    """So long after this time. What was missed is not caught up.

    The library's own interval lists each missed time: where the clock was set on by a year, that
    takes all the processor and gigabytes.
    """

    def __init__(self, pause: timedelta) -> None:
        self._pause = pause

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        return now + self._pause


class Background:
    """Runs each job by itself: never twice at once, and none dies of an error."""

    def __init__(self) -> None:
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
            timezone=UTC,
        )
        self._stopping = Event()
        self._watch = Thread(target=self._watch_the_clock, name="clock", daemon=True)
        # A poke while a job runs is not an error: the job looks again before it ends.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def every(self, name: str, seconds: float, step: Callable[[], object]) -> None:
        """Call `step` at once and then every so many seconds."""

        def run() -> None:
            try:
                step()
            except Exception as error:  # noqa: BLE001 - tried again at the next turn
                logger.warning("%s: %s", name, type(error).__name__)

        self._scheduler.add_job(
            run, _Every(timedelta(seconds=seconds)), id=name, next_run_time=datetime.now(UTC)
        )

    def poke(self, name: str = WORK) -> None:
        """Run a job now."""
        try:
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))
        except JobLookupError:
            logger.debug("no job %s", name)

    def start(self) -> None:
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _watch_the_clock(self) -> None:
        """Run every job when the clock was set back: by the clock, each would wait that long."""
        before = time.time() - time.monotonic()
        while not self._stopping.wait(LOOK_S):
            now = time.time() - time.monotonic()
            if now < before - STEP_S:
                for job in self._scheduler.get_jobs():
                    self.poke(job.id)
            before = now
