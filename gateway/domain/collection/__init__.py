"""Prospective collection: what a PACS or OIS offers of a patient, and what of it is missing here.

Pure. Only what belongs to radiotherapy is fetched: plans, structure sets, doses, registrations;
treatment records once the treatment is over; and of all images only those that a structure set,
registration or plan that is here refers to.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

PLANNING: Final = frozenset({"RTPLAN", "RTSTRUCT", "RTDOSE", "REG"})
RECORDS: Final = frozenset({"RTRECORD"})
IMAGES: Final = frozenset({"CT", "MR", "PT"})
FIRST_AGAIN: Final = timedelta(days=1)
MOST_DOUBLINGS: Final = 5


@dataclass(frozen=True)
class OfferedSeries:
    """A series as the PACS tells of it, by original UIDs."""

    study_uid: str = field(repr=False)
    series_uid: str = field(repr=False)
    modality: str
    day: date | None
    """When it was made, if the PACS says so."""
    instance_uids: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Here:
    """What is here of one patient, by the UIDs of the site."""

    uids: Collection[str]
    referred_to: Collection[str]
    """What objects that are here refer to and that is not here."""


@dataclass(frozen=True)
class Earlier:
    """How often a series was fetched before, and when last."""

    attempts: int
    at: datetime

    def allows(self, now: datetime) -> bool:
        """Tell whether to try again: what is refused each time must not be fetched each night."""
        doublings = min(self.attempts - 1, MOST_DOUBLINGS)
        wait: timedelta = FIRST_AGAIN * 2**doublings
        return now - self.at >= wait


@dataclass(frozen=True)
class Fetch:
    series: OfferedSeries
    absent: int
    """How many of its instances are not here."""


def modalities_of_interest(here: Here) -> frozenset[str]:
    """Which series are worth asking for instance by instance."""
    return PLANNING | RECORDS | (IMAGES if here.referred_to else frozenset())


def to_fetch(
    offered: Sequence[OfferedSeries],
    here: Here,
    site_uid: Callable[[str], str],
    today: date,
    quiet_days: int,
) -> list[Fetch]:
    """Return the series that hold something missing, plans before images.

    Records wait until none was made for `quiet_days`: then the last fraction is over, and the
    course does not get another version each night of the treatment.
    """
    days = [one.day for one in offered if one.modality in RECORDS and one.day]
    treated = not days or (today - max(days)).days >= quiet_days
    found = []
    for series in offered:
        uids = {site_uid(uid) for uid in series.instance_uids}
        if series.modality in IMAGES:
            absent = uids & set(here.referred_to)
        elif series.modality in PLANNING or (series.modality in RECORDS and treated):
            absent = uids - set(here.uids)
        else:
            continue
        if absent:
            found.append(Fetch(series, len(absent)))
    order = (*sorted(PLANNING), *sorted(IMAGES), *sorted(RECORDS))
    return sorted(found, key=lambda one: (order.index(one.series.modality), one.series.series_uid))
