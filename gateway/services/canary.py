"""Proving, again and again, that the site store does not keep what it must not."""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from gateway.domain.canary import canary_object
from gateway.errors import RetryError
from gateway.ports import Alerts, Clock, SiteStore

ALERT = "canary-stored"


@dataclass(frozen=True)
class CanaryResult:
    healthy: bool
    text: str
    at: datetime


class CanaryService:
    """Offers the canary and remembers what became of it."""

    def __init__(self, store: SiteStore, alerts: Alerts, clock: Clock) -> None:
        self._store = store
        self._alerts = alerts
        self._clock = clock
        self.last: CanaryResult | None = None
        self._one_at_a_time = Lock()

    def proven(self, max_age_s: float) -> bool:
        """Tell whether the canary was refused not longer ago than this; ask anew if it was."""
        with self._one_at_a_time:
            last = self.last
            if last and last.healthy:
                age = (self._clock.now() - last.at).total_seconds()
                if 0 <= age < max_age_s:
                    return True
            return self.step().healthy

    def step_if_due(self, every_s: float) -> None:
        """Offer the canary when the last result is old, or was not the right one."""
        last = self.last
        age = (self._clock.now() - last.at).total_seconds() if last else every_s
        if last and last.healthy and 0 <= age < every_s:  # a clock may be set back
            return
        self.step()

    def step(self) -> CanaryResult:
        """Offer the canary once. Raises nothing: being unable to ask is an unhealthy result."""
        try:
            kept = self._store.offer(canary_object())
            if kept is not None:
                self._store.delete(kept)
        except RetryError as error:
            self.last = CanaryResult(False, str(error), self._clock.now())
            return self.last
        if kept is None:
            self._alerts.clear(ALERT)
            self.last = CanaryResult(True, "refused, as it must be", self._clock.now())
        else:
            text = (
                "the site Orthanc KEPT an object of somebody without consent (deleted again): the "
                "plugin is not in force. Close the DICOM port and run kasari doctor"
            )
            self._alerts.raise_alert(ALERT, text)
            self.last = CanaryResult(False, text, self._clock.now())
        return self.last
