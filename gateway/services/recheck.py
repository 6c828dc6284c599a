"""Asking the archive whether it still holds what it once had read back, and sending again.

The archive may have been restored from an older backup, or lost objects. A course of which anything
is missing there goes as its next version; of that the archive wants only what it has not.
"""

from collections.abc import Callable

from gateway.contract.receipts import CourseHolding
from gateway.domain.courses import CourseState
from gateway.ports import Archive, Audit, Course, Courses


class RecheckService:
    """Compares delivered courses with what the archive says that it holds."""

    def __init__(
        self,
        archive: Archive,
        courses: Courses,
        course_uid: Callable[[str], str],
        audit: Audit,
    ) -> None:
        self._archive = archive
        self._courses = courses
        self._course_uid = course_uid
        self._audit = audit

    def step(self) -> dict[str, int]:
        """Ask once. Returns how many delivered courses there are and how many go again."""
        # The courses first: what is delivered meanwhile must not look as if it were missing.
        delivered = self._courses.find(CourseState.DELIVERED, limit=None)
        held = {holding.course_uid: holding for holding in self._archive.holdings()}
        lacking = [course for course in delivered if self._is_lacking(course, held)]
        for course in lacking:
            detail = f"version {course.version} is not whole at the archive"
            self._audit.record("course-again", "service", course.anchor_uid, detail)
        self._courses.send_again([c.id for c in lacking if c.id is not None])
        return {"delivered": len(delivered), "sent_again": len(lacking)}

    def _is_lacking(self, course: Course, held: dict[str, CourseHolding]) -> bool:
        there = held.get(self._course_uid(course.anchor_uid))
        return there is None or there.version < course.delivered_version or there.missing > 0
