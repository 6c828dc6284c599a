"""How fast and when a centre may send."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

_WINDOW: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class TokenBucket:
    """A token bucket that may go into debt: whoever takes from it waits until it is repaid.

    Takers wait in the order in which they took, so that several of them get equal shares.

    Parameters
    ----------
    rate : float
        Tokens (bytes) per second.
    burst : float
        Tokens that gather while nobody takes any.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at: float | None = None

    def take(self, tokens: float, now: float) -> float:
        """Take tokens at `now` (s) and return how long to wait (s) before using them."""
        elapsed = 0.0 if self._at is None else max(0.0, now - self._at)
        self._at = now
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate) - tokens
        return max(0.0, -self._tokens / self._rate)


@dataclass(frozen=True)
class Window:
    """A time of the day, e.g. `20:00-06:00`; one that ends before it begins spans midnight."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> "Window":
        """Raises ValueError unless `text` is like `20:00-06:00`."""
        found = _WINDOW.fullmatch(text)
        if found is None:
            raise ValueError("a window is HH:MM-HH:MM, e.g. 20:00-06:00")
        first, second, third, fourth = (int(part) for part in found.groups())
        begin, end = time(first, second), time(third, fourth)
        if begin == end:
            raise ValueError("a window must not end when it begins")
        return cls(begin, end)

    def holds(self, moment: time) -> bool:
        if self.begin < self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end


def is_open(windows: Sequence[Window], local: datetime) -> bool:
    """Tell whether sending is allowed at a local time. Without windows it always is."""
    moment = local.time()
    return not windows or any(window.holds(moment) for window in windows)
