"""Wrong tokens at the login form, counted by where they come from."""

from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(minutes=5)
MOST_WRONG: Final = 10
MOST_HOSTS: Final = 10_000


class Attempts:
    """In memory: a restart forgives. A guess at a random token is hopeless all the same."""

    def __init__(self) -> None:
        self._wrong: dict[str, list[datetime]] = {}

    def are_too_many(self, host: str, now: datetime) -> bool:
        """Tell whether this host has to wait. Asked before the token is looked at."""
        return len(self._recent(host, now)) >= MOST_WRONG

    def note(self, host: str, now: datetime) -> None:
        """Count one wrong token."""
        if len(self._wrong) >= MOST_HOSTS:
            self._wrong = {h: found for h in self._wrong if (found := self._recent(h, now))}
        self._wrong[host] = [*self._recent(host, now), now][-MOST_WRONG:]

    def _recent(self, host: str, now: datetime) -> list[datetime]:
        return [at for at in self._wrong.get(host, ()) if now - at < WINDOW]
