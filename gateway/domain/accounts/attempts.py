"""How often a password may be guessed."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

MOST: Final = 5
WINDOW: Final = timedelta(minutes=15)
_FAR: Final = 10_000


class Attempts:
    """Wrong guesses of late by name. In memory: a restart forgives them."""

    def __init__(self) -> None:
        self._wrong: defaultdict[str, list[datetime]] = defaultdict(list)

    def wait_s(self, name: str, now: datetime) -> float:
        """Return for how many seconds `name` may not be tried; 0 when it may."""
        lately = [at for at in self._wrong.get(name, ()) if now - at < WINDOW]
        if len(lately) < MOST:
            return 0.0
        return (lately[-MOST] + WINDOW - now).total_seconds()

    def failed(self, name: str, now: datetime) -> None:
        if len(self._wrong) >= _FAR:
            self._forget(now)
        self._wrong[name] = [at for at in self._wrong[name] if now - at < WINDOW] + [now]

    def succeeded(self, name: str) -> None:
        self._wrong.pop(name, None)

    def _forget(self, now: datetime) -> None:
        old = [name for name, times in self._wrong.items() if now - times[-1] >= WINDOW]
        for name in old or list(self._wrong)[: _FAR // 10]:
            del self._wrong[name]
