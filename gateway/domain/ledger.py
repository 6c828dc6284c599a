"""The account by day and sender: each instance ever offered stands in exactly one place."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from gateway.domain.courses import NO_CONSENT, CourseState
from gateway.domain.erasure import ErasureCause


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


class Note(StrEnum):
    """What else is true of some that were delivered. They are counted as delivered, once."""

    NEWER = "newer_waits"
    """Other content came under the same UID since and waits here."""
    STOPPED = "stopped_since"
    """Consent was stopped since: the archive holds it, and nothing newer goes."""
    AGAIN = "going_again"
    """Its course is on the way again, as a next version."""


_PLACES = {
    CourseState.HELD: Place.HELD,
    CourseState.REFUSED: Place.REFUSED_HERE,
}


def place_of(state: CourseState, reasons: Iterable[Mapping[str, str]]) -> Place:
    """Return where those instances of a course stand that the archive has not confirmed."""
    if any(reason["code"] == NO_CONSENT.code for reason in reasons):
        return Place.WITHHELD
    # one that came to a delivered course is judged with it at the next look
    return _PLACES.get(state, Place.ON_THE_WAY)


def apart_in(course: Place) -> Place:
    """Return where that stands which is kept apart in a course: held, though the course went."""
    return Place.HELD if course in {Place.DELIVERED, Place.ON_THE_WAY} else course


def note_of(place: Place, *, newer: bool) -> Note | None:
    """Return what is to be said of delivered instances, by where the others of the course are."""
    if place is Place.WITHHELD:
        return Note.STOPPED
    return Note.NEWER if newer else {Place.ON_THE_WAY: Note.AGAIN}.get(place)


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
    note: Note | None = None


@dataclass(frozen=True)
class DoorCount:
    """Attempts refused at the door on a day, with what the sender was told.

    Whoever tries again is counted again, and an object that was taken in the end was refused too.
    """

    day: date
    sender: str
    reason: str
    count: int


@dataclass(frozen=True)
class ErasedCount:
    """Instances stored on a day and deleted on request since."""

    day: date
    sender: str
    why: ErasureCause
    count: int


@dataclass
class Line:
    """One day and sender."""

    day: date
    sender: str
    places: Counter[Place] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    notes: Counter[Note] = field(default_factory=Counter)
    deleted: int = 0

    def as_json(self) -> dict[str, Any]:
        """Stored = the sum of its places; offered = stored + deleted + attempts refused."""
        stored, refused = self.places.total(), self.refused.total()
        return {
            "day": self.day.isoformat(),
            "sender": self.sender,
            "offered": stored + self.deleted + refused,
            "stored": stored,
            **{place.value: self.places[place] for place in Place},
            **{note.value: self.notes[note] for note in Note},
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
        if one.note is not None:
            line.notes[one.note] += one.count
    for door in refused:
        line = lines.setdefault((door.day, door.sender), Line(door.day, door.sender))
        line.refused[door.reason] += door.count
    for one_erased in erased:
        key = (one_erased.day, one_erased.sender)
        lines.setdefault(key, Line(*key)).deleted += one_erased.count
    return sorted(lines.values(), key=lambda line: (-line.day.toordinal(), line.sender))
