"""The account by day and sender, and down to the courses behind one number."""

from collections import Counter
from datetime import date
from typing import Any, Protocol

from gateway.domain.ledger import DoorCount, ErasedCount, InstanceCount, Note, Place, lines_of
from gateway.ports import Course, Courses


class Ledger(Protocol):
    def stored(self, day: date | None = None, sender: str | None = None) -> list[InstanceCount]: ...

    def refused(self) -> list[DoorCount]: ...

    def erased(self) -> list[ErasedCount]:
        """What was deleted on request, by the day that it had come and its sender."""
        ...


class LedgerService:
    """Answers from counts only: nobody is named."""

    def __init__(self, ledger: Ledger, courses: Courses) -> None:
        self._ledger = ledger
        self._courses = courses

    def days(self) -> list[dict[str, Any]]:
        """Return a line for each day and sender, the latest day first."""
        lines = lines_of(self._ledger.stored(), self._ledger.refused(), self._ledger.erased())
        return [line.as_json() for line in lines]

    def refused_on(self, day: date, sender: str) -> dict[str, int]:
        """Return why how many were refused at the door on a day of a sender."""
        found = [one for one in self._ledger.refused() if (one.day, one.sender) == (day, sender)]
        return {one.reason: one.count for one in sorted(found, key=lambda one: -one.count)}

    def courses_of(self, day: date, sender: str | None) -> list[dict[str, Any]]:
        """Return the courses that a day's instances of a sender went to, with why they wait."""
        counts: Counter[tuple[int | None, Place, str, Note | None]] = Counter()
        for one in self._ledger.stored(day, sender):
            counts[one.course_id, one.place, one.why, one.note] += one.count
        courses = self._courses.of_ids({key[0] for key in counts if key[0] is not None})
        return [
            {"course": key, **_described(courses.get(key or 0), place, why, note, count)}
            for (key, place, why, note), count in sorted(counts.items(), key=lambda one: -one[1])
        ]


def _described(
    course: Course | None, place: Place, why: str, note: Note | None, count: int
) -> dict[str, Any]:
    reasons = [{"code": place.value, "text": why}] if why or not course else course.reasons
    return {
        "place": place.value,
        "note": note.value if note else None,
        "instances": count,
        "state": course.state.value if course else None,
        "reasons": list(reasons),
    }
