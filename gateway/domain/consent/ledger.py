"""The consent ledger: statements are added, never changed; the latest one is in force.

One that was wrong is annulled: it stays, and counts no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    ends_on: date | None = None
    """The last day of a consent that was given for a time."""


_RESTRICTS: Final = (
    ConsentStatus.GRANTED,
    ConsentStatus.DECLINED,
    ConsentStatus.STOPPED,
    ConsentStatus.WITHDRAWN,
)


def in_force(
    statements: Sequence[Consent], today: date, *, ends_with_death: bool = False
) -> Consent | None:
    """Return the statement that counts: the latest by date; on one day, the most restrictive.

    Two statements of one day cannot be ordered, so the patient gets the benefit of the doubt.
    A death ends a consent given by that day if it `ends_with_death`, and never any other statement.
    A consent whose last day is over counts as stopped.
    """
    lasting = [s for s in statements if s.status is not ConsentStatus.DECEASED]
    deaths = [s for s in statements if s.status is ConsentStatus.DECEASED]
    if not lasting:
        return max(deaths, key=lambda s: s.given_on, default=None)
    last = max(lasting, key=_weight)
    if last.status is not ConsentStatus.GRANTED:
        return last
    ended_by = [death for death in deaths if death.given_on >= last.given_on]
    if ends_with_death and ended_by:
        return ended_by[0]
    if last.ends_on is not None and last.ends_on < today:
        return replace(last, status=ConsentStatus.STOPPED)
    return last


def _weight(statement: Consent) -> tuple[date, int, int]:
    """Order statements of one patient: of one day and status, the one that ends first counts."""
    lasts = (statement.ends_on or date.max).toordinal()
    return statement.given_on, _RESTRICTS.index(statement.status), -lasts
