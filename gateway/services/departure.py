"""Whether, when and how fast anything may leave: the certificate, the hours, the bandwidth."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from threading import Lock
from typing import Any, Final, Protocol

from gateway.domain.submission import TokenBucket, Window, is_open
from gateway.errors import StopError
from gateway.ports import Alerts, Clock

EXPIRED: Final = "certificate-expired"
EXPIRES: Final = "certificate-expires"
STOPPED: Final = "sending-stopped"
RESTORED: Final = "restored"
WARNED: Final = timedelta(days=30)
BURST_S: Final = 1.0
"""Of sending at full rate gather while nothing is sent."""


class Throttle:
    """Holds every sender together to one rate. Without a rate it never waits.

    Parameters
    ----------
    bytes_per_second : float or None
    now, sleep : callable
        A clock in seconds that is never set, and waiting on it.
    """

    def __init__(
        self,
        bytes_per_second: float | None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        rate = bytes_per_second
        self._bucket = TokenBucket(rate, rate * BURST_S) if rate else None
        self.now = now
        self._sleep = sleep
        self._lock = Lock()

    def wait(self, size_bytes: int) -> None:
        """Return when this many bytes may leave."""
        if self._bucket is None:
            return
        with self._lock:
            pause = self._bucket.take(size_bytes, self.now())
        if pause > 0:
            self._sleep(pause)


class Restore(Protocol):
    """What is known of a backup that was put back, until a person has dealt with it."""

    def made_at(self) -> str | None: ...

    def remove(self) -> None: ...


class Departure:
    """Asked before anything leaves."""

    def __init__(
        self,
        clock: Clock,
        alerts: Alerts,
        windows: Sequence[Window] = (),
        zone: tzinfo | None = None,
        certificate_ends: datetime | None = None,
        restore: Restore | None = None,
    ) -> None:
        self._clock = clock
        self._alerts = alerts
        self._windows = tuple(windows)
        self._zone = zone
        self._ends = certificate_ends
        self.stopped = False
        """Set when the archive does not let us in; only a person or a restart clears it."""
        self._restore = restore
        self._made_at = restore.made_at() if restore else None
        self._tell_of_restore()

    @property
    def restored(self) -> str | None:
        """Return `restored` while consents are of a backup: nothing is taken in, sent or deleted.

        Only a person ends it, who knows that the lists of since were imported; no restart does.
        """
        return None if self._made_at is None else RESTORED

    @property
    def barred(self) -> bool:
        """Whether a person has to resume sending."""
        return self.stopped or self.restored is not None

    @contextmanager
    def heeding(self) -> Iterator[None]:
        """Let nothing leave any more once the archive turns us away, whatever was asked of it."""
        try:
            yield
        except StopError as error:
            self.stop(error)

    def stop(self, error: StopError) -> None:
        self.stopped = True
        self._alerts.raise_alert(
            STOPPED,
            f"{error}; nothing is sent. Check the centre's token and certificate with the "
            "archive, then resume sending",
        )

    def resume(self) -> None:
        self.stopped = False
        self._alerts.clear(STOPPED)

    def confirm_restore(self) -> None:
        """Believe the consents again: a person has imported the lists of since the backup."""
        if self._restore is not None:
            self._restore.remove()
        self._made_at = None
        self._tell_of_restore()

    def _tell_of_restore(self) -> None:
        if self._made_at is None:
            self._alerts.clear(RESTORED)
            return
        text = f"restored from {self._backup()}; nothing is taken in, sent or deleted"
        self._alerts.raise_alert(
            RESTORED, f"{text}. Import the consent lists of since, then resume sending"
        )

    def _backup(self) -> str:
        try:
            return f"a backup of {datetime.fromisoformat(self._made_at or ''):%Y-%m-%d %H:%M} UTC"
        except ValueError:
            return "a backup"

    def went(self) -> None:
        """Take the alert down once something has arrived, unless sending was stopped since."""
        if not self.stopped:
            self._alerts.clear(STOPPED)

    def obstacle(self) -> str | None:
        """Return why nothing may leave now, or None."""
        if self.restored:
            what = "import the consent lists of since, then resume sending"
            return f"restored from {self._backup()}: {what}"
        if self.stopped:
            return "the archive does not let this centre in"
        if not self.certificate_is_good():
            return "the centre's certificate has expired"
        if not is_open(self._windows, self._clock.now().astimezone(self._zone)):
            return "outside the hours of sending"
        return None

    def certificate_is_good(self) -> bool:
        """Tell whether the client certificate is in date; an alert says when it is not."""
        if self._ends is None:
            return True
        left = self._ends - self._clock.now()
        until = f"{self._ends:%Y-%m-%d %H:%M} UTC"
        if left <= timedelta(0):
            self._alerts.raise_alert(
                EXPIRED,
                f"the centre's client certificate ended on {until}; nothing is sent. Put a new "
                "one in archive.client_certificate and start the gateway again",
            )
            self._alerts.clear(EXPIRES)
            return False
        self._alerts.clear(EXPIRED)
        if left <= WARNED:
            self._alerts.raise_alert(
                EXPIRES, f"the centre's client certificate ends on {until}; ask for a new one"
            )
        else:
            self._alerts.clear(EXPIRES)
        return True

    def as_json(self) -> dict[str, Any]:
        return {
            "obstacle": self.obstacle(),
            "certificate_ends": self._ends.isoformat() if self._ends else None,
        }
