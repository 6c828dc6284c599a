"""Refused access in the audit trail: who asks in vain leaves a trace, and cannot fill the disk."""

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from fastapi import Request

from harmonizer.api.access import LONGEST_SUBJECT, Caller

LOGIN_REFUSED: Final = "login-refused"
NOT_ALLOWED: Final = "not-allowed"
PAUSE: Final = timedelta(minutes=1)
"""At most one record of each kind in so long from one address."""
MOST_KEPT: Final = 10_000


class Refusals:
    """When something was recorded last, in memory."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], datetime] = {}
        self._lock = Lock()

    def is_due(self, action: str, host: str, now: datetime) -> bool:
        """Tell whether a refusal is to be recorded; if so, the next ones are not for a while."""
        with self._lock:
            last = self._last.get((action, host))
            if last is not None and abs(now - last) < PAUSE:
                return False
            if len(self._last) >= MOST_KEPT:
                self._last = {k: at for k, at in self._last.items() if abs(now - at) < PAUSE}
            self._last[action, host] = now
            return True


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def refused(request: Request, action: str, caller: Caller | None = None) -> None:
    """Record that somebody was refused: from where, what was asked for, and who if we know him."""
    state, host = request.app.state, address_of(request)
    if state.refusals.is_due(action, host, state.clock.now()):
        subject = f"{host} {request.method} {request.scope['path']}"[:LONGEST_SUBJECT]
        name, role = (caller.name, caller.role) if caller else ("nobody", "unknown")
        state.audit.record(name, role, action, subject)
