"""What a person decides about a course: audited, with a comment that names nobody."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.contract.manifest import Role
from gateway.domain.accounts import role_of
from gateway.domain.courses import CourseState
from gateway.domain.submission import check_comment
from gateway.errors import RejectError
from gateway.ports import Audit, Clock, Course, Courses, Index, Outbox, StoredInstance, Vault
from gateway.services.courses import CourseService
from gateway.services.plans import CONFLICT, PlansApart

_WAITS = {CourseState.HELD, CourseState.COLLECTING}


class DecisionService:
    """Releases courses and refuses them; leaves single plans out of them and takes them in."""

    def __init__(
        self,
        service: CourseService,
        plans: PlansApart,
        index: Index,
        courses: Courses,
        outbox: Outbox,
        vault: Vault,
        clock: Clock,
        audit: Audit,
        uid: Callable[[str], str],
    ) -> None:
        self._service = service
        self._plans = plans
        self._index = index
        self._courses = courses
        self._outbox = outbox
        self._vault = vault
        self._clock = clock
        self._audit = audit
        self._uid = uid

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
        comment = self._screen(course, comment)
        self._audit.record("course-release", caller, course.anchor_uid, comment)
        release = {
            "released_at": self._clock.now().isoformat(),
            "role": role_of(caller),
            "reasons": [dict(reason) for reason in course.reasons],
            "comment": comment,
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
        comment = self._screen(course, comment)
        self._audit.record("course-refuse", caller, course.anchor_uid, comment)
        refusal = {
            "on": self._clock.now().date().isoformat(),
            "by": caller,
            "comment": comment,
            "digest": course.content_digest,
        }
        self._courses.save(replace(course, refusal=refusal))
        self._outbox.cancel(course.pseudonym, course_id)  # a version from before what came since
        return self._judged(course_id)

    def leave_out(self, course_id: int, plan: str, comment: str, caller: str) -> dict[str, Any]:
        """Keep one plan, and what hangs on it, here; the rest of its course goes without it.

        Parameters
        ----------
        plan
            Its UID as the archive would know it.

        Raises
        ------
        RejectError
            `unknown-course`, `unknown-plan`, `comment`; `already-sent`, `only-plan` or `left-out`.
        """
        course = self._service.existing(course_id)
        chosen, others = self._plan(course, plan)
        if chosen.orthanc_id in self._plans.announced(course):
            raise RejectError(
                "already-sent", "the plan is on its way to the archive or there; recall it instead"
            )
        if chosen.apart:
            raise RejectError("left-out", "the plan is kept apart already")
        if all(one.apart for one in others):
            raise RejectError("only-plan", "no other plan would go: refuse the course instead")
        self._decide(course, chosen, False, comment, caller)
        self._outbox.cancel(course.pseudonym, course_id)
        return self._judged(course_id)

    def take_in(self, course_id: int, plan: str, comment: str, caller: str) -> dict[str, Any]:
        """Send a plan that is kept apart, with what hangs on it, as part of its course."""
        course = self._service.existing(course_id)
        chosen, _ = self._plan(course, plan)
        uid = chosen.instance.sop_instance_uid
        told = next((one for one in course.apart if one["plan"] == uid), None)
        if told is None:
            raise RejectError("not-left-out", "the plan is not kept apart")
        seen = [reason for reason in told["reasons"] if reason["code"] != CONFLICT.code]
        self._decide(course, chosen, True, comment, caller, seen)
        return self._judged(course_id)

    def _plan(self, course: Course, name: str) -> tuple[StoredInstance, list[StoredInstance]]:
        """Return a plan by its name at the archive, and the other plans of its course."""
        stored = self._index.of_patient(course.pseudonym)
        plans = [s for s in stored if s.course_id == course.id and s.instance.role is Role.PLAN]
        for plan in plans:
            if self._uid(plan.instance.sop_instance_uid) == name:
                return plan, [other for other in plans if other is not plan]
        raise RejectError("unknown-plan", "the course has no such plan")

    def _decide(
        self,
        course: Course,
        plan: StoredInstance,
        take_in: bool,
        comment: str,
        caller: str,
        seen: Sequence[dict[str, str]] = (),
    ) -> None:
        """Remember it with the course. What a person has seen of a plan goes with the course."""
        comment = self._screen(course, comment)
        uid = plan.instance.sop_instance_uid
        action = "plan-take-in" if take_in else "plan-leave-out"
        self._audit.record(action, caller, uid, comment)
        now = self._clock.now()
        said = {"in": take_in, "on": now.date().isoformat(), "by": caller, "comment": comment}
        release = course.release
        if seen:
            before: Mapping[str, Any] = course.release or {"reasons": [], "comment": ""}
            release = {
                "released_at": now.isoformat(),
                "role": role_of(caller),
                "reasons": [*before["reasons"], *seen],
                "comment": "; ".join(filter(None, (before["comment"], comment))),
            }
        plans = {**course.plans, uid: said}
        self._courses.save(replace(course, plans=plans, release=release))

    def _judged(self, course_id: int) -> dict[str, Any]:
        self._service.look_at(self._service.existing(course_id).pseudonym)
        return self._service.describe(self._service.existing(course_id))

    def _screen(self, course: Course, comment: str) -> str:
        """Return the comment, stripped. Raises `RejectError` if it would identify the patient."""
        person = self._vault.person(course.pseudonym)
        return check_comment(comment, person.words() if person else ())
