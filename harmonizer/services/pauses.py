"""How long what did not work out is left alone before it is tried again."""

from datetime import timedelta
from random import random
from typing import Final

FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 300.0
MOST_DOUBLINGS: Final = 10
"""Beyond the longest pause: a number of attempts without end must not become too large."""


def pause_after(attempts: int) -> timedelta:
    """Return the pause after so many attempts: twice as long each time, up to five minutes.

    From half to one and a half times that, so that what failed together is not tried together.
    """
    doubled = FIRST_PAUSE_S * 2 ** min(attempts, MOST_DOUBLINGS)
    return timedelta(seconds=min(doubled, LONGEST_PAUSE_S) * (0.5 + random()))
