"""Judging again what is held for a reason that has ended elsewhere.

A consent may be there by now (a list was stored, and the service stopped before what follows from
it was done), and another patient's objects of the same study may be erased.
"""

from collections.abc import Callable

from gateway.domain.courses import NO_CONSENT, TWO_PATIENTS, CourseState, Reason
from gateway.ports import Course, Courses, Index


class Reconsideration:
    """`step` is called now and then."""

    def __init__(self, index: Index, courses: Courses, is_admitted: Callable[[str], bool]) -> None:
        self._index = index
        self._courses = courses
        self._is_admitted = is_admitted

    def step(self) -> int:
        """Have the courses of these patients judged again. Returns how many patients."""
        held = self._courses.find(CourseState.HELD, limit=None)
        wanting = {one.pseudonym for one in held if _is_held_for(one, NO_CONSENT)}
        shared = {one.pseudonym for one in held if _is_held_for(one, TWO_PATIENTS)}
        back = {*filter(self._is_admitted, wanting), *filter(self._is_alone, shared)}
        for pseudonym in sorted(back):
            self._courses.reopen(pseudonym)
        return len(back)

    def _is_alone(self, pseudonym: str) -> bool:
        """Whether nobody else has anything of this patient's studies any more."""
        stored = self._index.of_patient(pseudonym)
        studies = {one.instance.study_instance_uid for one in stored}
        return not self._index.others_with(studies, pseudonym)


def _is_held_for(course: Course, reason: Reason) -> bool:
    return reason.code in {told["code"] for told in course.reasons}
