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
        recent = self._recent(host, now)
        self._wrong.pop(host, None)  # so that who guessed last stands last
        if len(self._wrong) >= MOST_HOSTS:
            self._forget(now)
        self._wrong[host] = [*recent, now][-MOST_WRONG:]

    def _forget(self, now: datetime) -> None:
        """Make room: of hosts whose time is over, or else of the tenth that guessed longest ago."""
        over = [host for host in self._wrong if not self._recent(host, now)]
        for host in over or list(self._wrong)[: MOST_HOSTS // 10]:
            del self._wrong[host]

    def _recent(self, host: str, now: datetime) -> list[datetime]:
        return [at for at in self._wrong.get(host, ()) if now - at < WINDOW]
