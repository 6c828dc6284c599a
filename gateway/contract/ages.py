"""Ages as they may be told: of adults only, and the oldest as one group."""

from datetime import date
from typing import Final

ADULT_YEARS: Final = 18
OLDEST_YEARS: Final = 90
"""Stands for itself and more."""


def age_on(birth: date, day: date) -> int:
    """Return whole years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
