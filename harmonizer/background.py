"""What the service does by itself, on APScheduler: work, reconciliation, scores."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

logger = logging.getLogger(__name__)

WORK: Final = "work"
LOOK_S: Final = 1.0
STEP_S: Final = 5.0
"""By so much at least a clock is set back, not disciplined."""


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

        now = datetime.now(UTC)
        self._scheduler.add_job(run, "interval", seconds=seconds, id=name, next_run_time=now)

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
