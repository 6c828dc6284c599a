"""What a person decides about a course: audited, with a comment that names nobody."""

from dataclasses import replace
from typing import Any

from gateway.domain.accounts import role_of
from gateway.domain.courses import CourseState
from gateway.domain.submission import check_comment
from gateway.errors import RejectError
from gateway.ports import Audit, Clock, Course, Courses, Outbox, Vault
from gateway.services.courses import CourseService

_WAITS = {CourseState.HELD, CourseState.COLLECTING}


class DecisionService:
    """Releases courses and refuses them."""

    def __init__(
        self,
        service: CourseService,
        courses: Courses,
        outbox: Outbox,
        vault: Vault,
        clock: Clock,
        audit: Audit,
    ) -> None:
        self._service = service
        self._courses = courses
        self._outbox = outbox
        self._vault = vault
        self._clock = clock
        self._audit = audit

    def release(self, course_id: int, comment: str, caller: str) -> dict[str, Any]:
        """Let a held course go although something is missing, or a refused one after all.

        Raises
        ------
        RejectError
            `unknown-course`, `not-held` or `comment` (it would identify the patient).
        """
        course = self._service.existing(course_id)
        if course.state not in {*_WAITS, CourseState.REFUSED}:
            raise RejectError("not-held", f"the course is {course.state.value}, not held")
        if any(reason["code"] == "no-consent" for reason in course.reasons):
            raise RejectError("no-consent", "consent is not in force; nobody can release this")
        self._screen(course, comment)
        self._audit.record("course-release", caller, course.anchor_uid, comment)
        release = {
            "released_at": self._clock.now().isoformat(),
            "role": role_of(caller),
            "reasons": [dict(reason) for reason in course.reasons],
            "comment": comment.strip(),
        }
        again = replace(course, release=release, refusal=None)
        if course.state is CourseState.REFUSED:
            again = replace(again, state=CourseState.COLLECTING, sent_digest="")
        self._courses.save(again)
        return self._judged(course_id)

    def refuse(self, course_id: int, comment: str, caller: str) -> dict[str, Any]:
        """Keep a course here for good. Only a person takes that back; what comes later does not."""
        course = self._service.existing(course_id)
        if course.state not in _WAITS:
            raise RejectError("not-held", f"the course is {course.state.value}, not held")
        self._screen(course, comment)
        self._audit.record("course-refuse", caller, course.anchor_uid, comment)
        refusal = {
            "on": self._clock.now().date().isoformat(),
            "by": caller,
            "comment": comment.strip(),
            "digest": course.content_digest,
        }
        self._courses.save(replace(course, refusal=refusal))
        self._outbox.cancel(course.pseudonym, course_id)  # a version from before what came since
        return self._judged(course_id)

    def _judged(self, course_id: int) -> dict[str, Any]:
        self._service.look_at(self._service.existing(course_id).pseudonym)
        return self._service.describe(self._service.existing(course_id))

    def _screen(self, course: Course, comment: str) -> None:
        person = self._vault.person(course.pseudonym)
        check_comment(comment, person.words() if person else ())
