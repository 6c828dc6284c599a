"""Whatever goes wrong with one patient's courses stops nobody else's."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Final

from gateway.ports import Alerts, Clock, Courses

UNJUDGED: Final = "courses-unjudged"
AGAIN: Final = timedelta(minutes=1)


class Isolation:
    """Looks at patients one by one, and tells by its courses at whom it could not be looked."""

    def __init__(self, courses: Courses, alerts: Alerts, clock: Clock) -> None:
        self._courses = courses
        self._alerts = alerts
        self._clock = clock
        self._failed: dict[str, tuple[datetime, str]] = {}
        """When, and with what kind of error."""
        self._said: str | None = None
        """None after a start: the alert of an earlier process may stand."""

    def each(self, patients: Collection[str], look: Callable[[str], None]) -> int:
        """Look at each patient. Returns at how many it was looked."""
        now, looked = self._clock.now(), 0
        self._failed = {who: what for who, what in self._failed.items() if who in patients}
        for pseudonym in sorted(patients):
            before = self._failed.get(pseudonym)
            if before and timedelta() <= now - before[0] < AGAIN:
                continue
            try:
                look(pseudonym)
            except Exception as error:  # noqa: BLE001 - others go on, and somebody is told
                self._failed[pseudonym] = now, type(error).__name__
            else:
                self._failed.pop(pseudonym, None)
                looked += 1
        self._tell()
        return looked

    def _tell(self) -> None:
        said = "; ".join(sorted(self._of(who, kind) for who, (_, kind) in self._failed.items()))
        if said == self._said:
            return
        if said:
            self._alerts.raise_alert(
                UNJUDGED,
                f"{said}: nothing of it is judged or queued anew, all others go on. Tried again "
                "each minute; if that does not help, tell whoever maintains the gateway",
            )
        else:
            self._alerts.clear(UNJUDGED)
        self._said = said

    def _of(self, pseudonym: str, kind: str) -> str:
        numbers = sorted(course.id or 0 for course in self._courses.of_patient(pseudonym))
        which = ", ".join(str(number) for number in numbers)
        return f"course {which} ({kind})" if numbers else f"a course without a number yet ({kind})"
