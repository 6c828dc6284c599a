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
    """What is stored is erased, if the centre's policy says so; nothing more comes or goes."""
    STOPPED = "stopped"
    """Withdrawn for the future only: nothing more comes or goes, what is there stays."""
    DECEASED = "deceased"
    """Died on that day; what it means for an earlier consent is the centre's policy."""


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


def in_force(statements: Sequence[Consent], *, ends_with_death: bool = False) -> Consent | None:
    """Return the statement that counts: the latest by date; on one day, the most restrictive.

    Two statements of one day cannot be ordered, so the patient gets the benefit of the doubt.
    A death leaves an earlier consent in force, unless it `ends_with_death`.
    """
    lasting = [s for s in statements if s.status is not ConsentStatus.DECEASED]
    chosen = statements if ends_with_death else lasting or statements
    if not chosen:
        return None
    return max(chosen, key=lambda s: (s.given_on, s.status is not ConsentStatus.GRANTED))
