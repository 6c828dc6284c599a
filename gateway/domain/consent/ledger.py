"""The consent ledger: statements are added, never changed; the latest one is in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class ConsentStatus(StrEnum):
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


MERGED: Final = "merged"
"""Version and scope of the statement that ends a pseudonym whose identifiers were merged away."""


@dataclass(frozen=True)
class Consent:
    """One statement of one patient."""

    status: ConsentStatus
    version: str
    """Of the consent form."""
    scope: str
    given_on: date


def in_force(statements: Sequence[Consent]) -> Consent | None:
    """Return the statement that counts: the latest by date; on one day, the most restrictive.

    Two statements of one day cannot be ordered, so the patient gets the benefit of the doubt.
    """
    if not statements:
        return None
    return max(statements, key=lambda s: (s.given_on, s.status is not ConsentStatus.GRANTED))
