"""Wrong tokens, counted by where they come from."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

WINDOW: Final = timedelta(minutes=5)
MOST_WRONG: Final = 10
MOST_HOSTS: Final = 10_000


class Attempts:
    """In memory: a restart forgives. A guess at a random token is hopeless all the same.

    A token that was right from a host before goes on being looked at: a gateway and somebody who
    guesses may share an address.
    """

    def __init__(self) -> None:
        self._wrong: dict[str, list[datetime]] = {}
        self._right: set[tuple[str, bytes]] = set()

    def are_too_many(self, host: str, now: datetime, token: str = "") -> bool:
        """Tell whether this host has to wait. Asked before the token is looked at."""
        too_many = len(self._recent(host, now)) >= MOST_WRONG
        return too_many and (host, _digest(token)) not in self._right

    def was_right(self, host: str, token: str) -> None:
        """Remember a token that was let in."""
        if len(self._right) >= MOST_HOSTS:
            self._right.clear()
        self._right.add((host, _digest(token)))

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


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
