"""The account by day and sender: each instance ever offered stands in exactly one place."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from gateway.domain.courses import NO_CONSENT, CourseState


class Place(StrEnum):
    """Where a stored instance is."""

    DELIVERED = "delivered"
    ON_THE_WAY = "on_the_way"
    HELD = "held"
    WITHHELD = "withheld"
    """Stored once, now without consent in force."""
    REFUSED_HERE = "refused_here"
    SET_ASIDE = "set_aside"
    """In the site store, and not indexed: unmarked, unreadable, or here already elsewhere."""
    GONE = "gone"
    """Not in the site store any more, and never delivered."""


_PLACES = {
    CourseState.DELIVERED: Place.DELIVERED,
    CourseState.HELD: Place.HELD,
    CourseState.REFUSED: Place.REFUSED_HERE,
}


def place_of(state: CourseState, reasons: Iterable[Mapping[str, str]]) -> Place:
    """Return where the instances of a course stand."""
    if any(reason["code"] == NO_CONSENT.code for reason in reasons):
        return Place.WITHHELD
    return _PLACES.get(state, Place.ON_THE_WAY)


def apart_in(course: Place) -> Place:
    """Return where that stands which is kept apart in a course: held, though the course went."""
    return Place.HELD if course in {Place.DELIVERED, Place.ON_THE_WAY} else course


@dataclass(frozen=True)
class InstanceCount:
    """Instances stored on a day from a sender, all in one course or in none yet."""

    day: date
    sender: str
    course_id: int | None
    place: Place
    count: int
    why: str = ""
    """What is the matter, where the course does not say it."""


@dataclass(frozen=True)
class DoorCount:
    """Instances refused at the door on a day, with what the sender was told."""

    day: date
    sender: str
    reason: str
    count: int


@dataclass(frozen=True)
class ErasedCount:
    """Instances stored on a day and deleted on request since."""

    day: date
    sender: str
    why: str
    """withdrawn, recalled, unconsented or by-hand."""
    count: int


@dataclass
class Line:
    """One day and sender."""

    day: date
    sender: str
    places: Counter[Place] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    deleted: int = 0

    def as_json(self) -> dict[str, Any]:
        """Stored = the sum of its places; offered = stored + deleted + refused at the door."""
        stored, refused = self.places.total(), self.refused.total()
        return {
            "day": self.day.isoformat(),
            "sender": self.sender,
            "offered": stored + self.deleted + refused,
            "stored": stored,
            **{place.value: self.places[place] for place in Place},
            "deleted": self.deleted,
            "refused_at_the_door": refused,
            "refused_because": dict(sorted(self.refused.items())),
        }


def lines_of(
    stored: Iterable[InstanceCount],
    refused: Iterable[DoorCount],
    erased: Iterable[ErasedCount] = (),
) -> list[Line]:
    """Return one line for each day and sender, the latest day first."""
    lines: dict[tuple[date, str], Line] = {}
    for one in stored:
        line = lines.setdefault((one.day, one.sender), Line(one.day, one.sender))
        line.places[one.place] += one.count
    for door in refused:
        line = lines.setdefault((door.day, door.sender), Line(door.day, door.sender))
        line.refused[door.reason] += door.count
    for one_erased in erased:
        key = (one_erased.day, one_erased.sender)
        lines.setdefault(key, Line(*key)).deleted += one_erased.count
    return sorted(lines.values(), key=lambda line: (-line.day.toordinal(), line.sender))
