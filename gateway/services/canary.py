"""Proving, again and again, that the site store does not keep what it must not."""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from gateway.domain.canary import canary_object
from gateway.errors import RetryError
from gateway.ports import Alerts, Clock, SiteStore

ALERT = "canary-stored"
KEPT = "the site Orthanc KEPT an object of somebody without consent"
MEND = "the plugin is not in force. Close the DICOM port and run kasari doctor"


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
        """Offer the canary once. Being unable to ask is an unhealthy result."""
        healthy, text = self._offer()
        self.last = CanaryResult(healthy, text, self._clock.now())  # before anything else may fail
        if healthy:
            self._alerts.clear(ALERT)
        elif text.startswith(KEPT):
            self._alerts.raise_alert(ALERT, text)
        return self.last

    def _offer(self) -> tuple[bool, str]:
        try:
            kept = self._store.offer(canary_object())
            if kept is not None:
                return False, f"{KEPT} ({self._delete(kept)}): {MEND}"
            self._store.plugin_boot()  # Orthanc itself may fail like that: has its plugin refused?
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing was proven
            told = str(error) if isinstance(error, RetryError) else type(error).__name__
            return False, f"cannot be asked: {told}"
        return True, "refused, as it must be"

    def _delete(self, kept: str) -> str:
        try:
            self._store.delete(kept)
        except RetryError:
            return "and did not delete it again"
        return "deleted again"
