"""How often a secret may be guessed, and how often that is recorded."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

MOST: Final = 5
MOST_BY_ADDRESS: Final = 30
"""Of one machine, whatever it guesses: people behind one address mistype too."""
WINDOW: Final = timedelta(minutes=15)
RECORDED_EVERY: Final = timedelta(minutes=1)
_FAR: Final = 10_000


class Attempts:
    """Wrong guesses of late by whatever they are counted. In memory: a restart forgives them."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._wrong: defaultdict[str, list[datetime]] = defaultdict(list)

    def wait_s(self, name: str, now: datetime) -> float:
        """Return for how many seconds `name` may not be tried; 0 when it may."""
        lately = [at for at in self._wrong.get(name, ()) if now - at < WINDOW]
        if len(lately) < self._most:
            return 0.0
        return (lately[-self._most] + WINDOW - now).total_seconds()

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


class Seldom:
    """Lets one thing be recorded once a minute: a storm must not fill the audit."""

    def __init__(self) -> None:
        self._last: dict[str, datetime] = {}

    def may(self, key: str, now: datetime) -> bool:
        last = self._last.get(key)
        if last is not None and now - last < RECORDED_EVERY:
            return False
        if len(self._last) >= _FAR:
            self._last.clear()
        self._last[key] = now
        return True
