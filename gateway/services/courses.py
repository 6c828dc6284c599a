"""Courses: assembled from the index, judged, held or queued."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.courses import (
    INSTANCE_GONE,
    TWO_PATIENTS,
    CourseState,
    Draft,
    InstanceState,
    Needs,
    Reason,
    Situation,
    assemble,
    by_home,
    judge,
    reasons_of,
    without,
)
from gateway.domain.submission import content_digest
from gateway.domain.validation import RULES, Finding, Rule, Severity, Subject, validate
from gateway.errors import HoldError, RejectError, RetryError
from gateway.ports import Alerts, Clock, Course, Courses, Index, Outbox, StoredInstance
from gateway.services.course_view import (
    left_out_of,
    objects_of,
    plans_of,
    refusal_of,
    release_of,
    revisions_of,
)
from gateway.services.isolation import Isolation
from gateway.services.plans import CONFLICT, PlansApart

ATTEMPTS = 5


@dataclass(frozen=True)
class CoursePolicy:
    """A centre's own choices."""

    settle_s: float = 1.0
    needs: Needs = field(default_factory=Needs)
    rules: Sequence[Rule] = RULES
    waits_s: Mapping[str, float] = field(default_factory=dict)
    """How long something that is missing may take to come before a person is asked, by code."""


class CourseService:
    """Cuts what has come into courses and moves each to the state it should be in."""

    def __init__(
        self,
        index: Index,
        courses: Courses,
        outbox: Outbox,
        is_admitted: Callable[[str], bool],
        clock: Clock,
        policy: CoursePolicy,
        course_uid: Callable[[str], str],
        plans: PlansApart,
        alerts: Alerts,
        subject_of: Callable[[str, Sequence[str]], Subject] = lambda _pseudonym, _days: Subject(),
    ) -> None:
        self._index = index
        self._courses = courses
        self._outbox = outbox
        self._is_admitted = is_admitted
        self._clock = clock
        self._policy = policy
        self._course_uid = course_uid
        self._plans = plans
        self._subject_of = subject_of
        self._isolation = Isolation(courses, alerts, clock)
        self._patience: dict[int, datetime] = {}
        """Until when a course is left in peace, because what it lacks may still come."""

    def step(self) -> int:
        """Look again at every patient with news and every course that has settled."""
        patients = set(self._index.unassigned_patients())
        now = self._clock.now()
        settled = now - timedelta(seconds=self._policy.settle_s)
        patients |= {
            course.pseudonym
            for course in self._courses.due(settled, now)
            if not self._is_patient_with(course, now)
        }
        return self._isolation.each(patients, self.look_at)

    def look_at(self, pseudonym: str) -> None:
        """Cut one patient's instances into courses and judge each.

        The outbox may move a course meanwhile; then what was read is stale and read again.
        """
        for _ in range(ATTEMPTS):
            try:
                return self._look_at(pseudonym)
            except RetryError:
                continue
        return None

    def _look_at(self, pseudonym: str) -> None:
        stored = {s.instance.sop_instance_uid: s for s in self._index.of_patient(pseudonym)}
        rows = self._courses.of_patient(pseudonym)
        sent = {row.id: row for row in rows if row.id is not None and row.version > 0}
        homes = {uid: s.course_id for uid, s in stored.items() if s.course_id in sent}
        again, new = by_home(assemble([s.instance for s in stored.values()]), homes)
        taken = set(again)
        found = [(sent[home], draft) for home, draft in again.items()]
        for draft in new:
            course = self._match(draft, stored, rows, taken)
            taken.add(course.id or 0)
            found.append((course, draft))
        for course, draft in found:
            members = [stored[member.sop_instance_uid] for member in draft.members]
            course = _with_decisions(course, members, rows)
            apart = self._plans.find(course, draft, members)
            rest = without(draft, apart)
            self._judge(_anchored(course, rest, rows), rest, members, apart, set(stored))
        self._drop(rows, taken, {s.course_id for s in stored.values()})

    def _drop(self, rows: Sequence[Course], taken: set[int], homes: set[int | None]) -> None:
        """Remove what was never sent and is part of another course, or has no members, now.

        One that a person refused stays, empty, so that its objects do not go when they come again.
        One that was sent stays for good, and if it was to go again, a person is told why not.
        """
        for row in rows:
            if row.id is None or row.id in taken:
                continue
            if row.version > 0:
                self._hold_empty(row)
            elif row.id in homes or not row.refusal:
                self._courses.remove(row.id)
            elif row.instances:
                self._courses.save(replace(row, state=CourseState.REFUSED, instances=0))

    def _hold_empty(self, row: Course) -> None:
        """Ask a person about one of which nothing is here; who refused it is asked no more."""
        if row.refusal:
            if row.state is not CourseState.REFUSED or row.instances:
                self._courses.save(replace(row, state=CourseState.REFUSED, instances=0))
            return
        if row.state is not CourseState.COLLECTING:
            return
        if self._outbox.cancel(row.pseudonym, row.id):
            raise RetryError("a version of it was on its way; read again without")
        held = replace(row, state=CourseState.HELD, reasons=(vars(INSTANCE_GONE),), instances=0)
        self._courses.save(held)

    def _match(
        self,
        draft: Draft,
        stored: Mapping[str, StoredInstance],
        rows: Sequence[Course],
        taken: set[int],
    ) -> Course:
        """Find the row of a course of which nothing that is here was sent.

        Also one that was sent, when all of it comes again: it goes on under its name.
        """
        theirs = {stored[member.sop_instance_uid].course_id for member in draft.members}
        candidates = [
            row
            for row in rows
            if row.id not in taken and (row.id in theirs or row.anchor_uid == draft.anchor_uid)
        ]
        if not candidates:
            whose, now = draft.members[0].pseudonym, self._clock.now()
            return Course(None, draft.anchor_uid, whose, CourseState.COLLECTING, now)
        return min(candidates, key=lambda row: (row.version == 0, row.id or 0))

    def _judge(
        self,
        course: Course,
        draft: Draft,
        members: Sequence[StoredInstance],
        apart: Mapping[str, str],
        present: set[str],
    ) -> None:
        going = [m for m in members if m.instance.sop_instance_uid not in apart]
        digest = content_digest((m.instance.sop_instance_uid, m.sha256) for m in going)
        changed_at = self._clock.now() if digest != course.content_digest else course.changed_at
        subject = self._subject_of(course.pseudonym, _days_of(draft))
        findings = validate(draft, self._policy.rules, subject)
        waiting = self._waiting_for(course, draft, going, present, findings)
        now_is = replace(course, content_digest=digest, changed_at=changed_at)
        state, reasons = judge(self._situation(now_is, waiting, findings))
        if state is CourseState.READY and _is_in_the_outbox(now_is):
            state = course.state
        elif _must_not_go(now_is, state, reasons) and self._outbox.cancel(
            course.pseudonym, course.id
        ):
            raise RetryError("a version of it was on its way; read again without")
        goes = state is CourseState.READY and digest != course.sent_digest
        updated = replace(
            now_is,
            state=CourseState.COLLECTING if goes else state,  # until it is queued, come what may
            instances=len(going),
            apart=self._plans.told(course, members, apart),
            reasons=tuple(vars(reason) for reason in reasons),
            findings=tuple(vars(f) | {"severity": f.severity.value} for f in findings),
        )
        saved = replace(updated, id=self._save(updated, members, going))
        self._patience[saved.id or 0] = max(self._patient_until(waiting, changed_at), changed_at)
        if goes and not self._outbox.queue(saved, [member.orthanc_id for member in going]):
            self._courses.save(replace(saved, state=state, revision=saved.revision + 1))

    def _situation(
        self, course: Course, waiting: Sequence[Reason], findings: Sequence[Finding]
    ) -> Situation:
        now, refusal = self._clock.now(), course.refusal or {}
        return Situation(
            state=course.state,
            settled=self._has_settled(course.changed_at, now),
            admitted=self._is_admitted(course.pseudonym),
            changed=course.content_digest != course.sent_digest,
            delivered=0 < course.version == course.delivered_version,
            waiting_for=waiting,
            released=_released(course),
            refused_for=_said(findings, Severity.REFUSE),
            patient=now < self._patient_until(waiting, course.changed_at),
            refused_on=str(refusal.get("on", "")),
            changed_since=refusal.get("digest") != course.content_digest,
        )

    def _save(
        self, course: Course, members: Sequence[StoredInstance], going: Sequence[StoredInstance]
    ) -> int:
        """Write down the course, who belongs to it, and who of them stays here."""
        strangers = [m.orthanc_id for m in members if course.id is None or m.course_id != course.id]
        staying = {m.orthanc_id for m in members} - {m.orthanc_id for m in going}
        moved = staying if staying != {m.orthanc_id for m in members if m.apart} else None
        return self._courses.save(course, strangers, moved)

    def _has_settled(self, changed_at: datetime, now: datetime) -> bool:
        """Whether nothing has come for long enough; a clock may have been set back since."""
        return not timedelta(0) <= now - changed_at < timedelta(seconds=self._policy.settle_s)

    def _is_patient_with(self, course: Course, now: datetime) -> bool:
        """Whether what a course lacks may still come; a clock may have been set back since."""
        until = self._patience.get(course.id or 0)
        return until is not None and course.changed_at <= now < until

    def _patient_until(self, waiting: Sequence[Reason], changed_at: datetime) -> datetime:
        """Say until when every reason may still settle itself."""
        waits = [self._policy.waits_s.get(reason.code, 0.0) for reason in waiting]
        return changed_at + timedelta(seconds=min(waits, default=0.0))

    def _waiting_for(
        self,
        course: Course,
        draft: Draft,
        members: Sequence[StoredInstance],
        present: set[str],
        findings: Sequence[Finding],
    ) -> tuple[Reason, ...]:
        """Everything that a person or a missing object has to settle first."""
        return (
            *reasons_of(draft, present, self._policy.needs),
            *_said(findings, Severity.HOLD),
            *([CONFLICT] if any(_is_in_conflict(course, m) for m in members) else []),
            *([TWO_PATIENTS] if self._is_anothers_too(course, members) else []),
        )

    def _is_anothers_too(self, course: Course, members: Sequence[StoredInstance]) -> bool:
        studies = {member.instance.study_instance_uid for member in members}
        return bool(self._index.others_with(studies, course.pseudonym))

    def find(self, state: CourseState | None, limit: int, offset: int = 0) -> list[dict[str, Any]]:
        """Return courses, the latest change first, as the API and the pages show them."""
        return [self.describe(course) for course in self._courses.find(state, limit, offset)]

    def read(self, course_id: int) -> dict[str, Any]:
        """Return one course with what was sent of it and which plans revise which."""
        course = self.existing(course_id)
        sent = self._outbox.receipts(course_id)
        told = [{k: v for k, v in receipt.items() if k != "orthanc_id"} for receipt in sent]
        stored = self._index.of_patient(course.pseudonym)
        more = {
            **objects_of(stored, course.id),
            "plans": plans_of(course, stored, self._plans.announced(course), self._course_uid),
            **revisions_of(course, stored, self._course_uid),
        }
        return {**self.describe(course), **more, "sent": told}

    def describe(self, course: Course) -> dict[str, Any]:
        return {
            "id": course.id,
            "course_uid": self._course_uid(course.anchor_uid),
            "state": course.state.value,
            "version": course.version,
            "instances": course.instances,
            "reasons": list(course.reasons),
            "findings": list(course.findings),
            "release": release_of(course),
            "refusal": refusal_of(course),
            "left_out": left_out_of(course, self._course_uid),
            "changed_at": course.changed_at.isoformat(),
            "waits_until": self._waits_until(course),
            "delivered_at": course.delivered_at.isoformat() if course.delivered_at else None,
        }

    def _waits_until(self, course: Course) -> str | None:
        """Say when a person will be asked, of one that what is missing may still come to."""
        until = self._patience.get(course.id or 0)
        waits = course.state is CourseState.COLLECTING and course.reasons and until is not None
        return until.isoformat() if waits and until is not None else None

    def lost(self, course_ids: Collection[int]) -> None:
        """Judge again courses of which objects are gone that never arrived."""
        self._courses.send_again(course_ids)  # what is queued has members that are not there
        found = [course for course in map(self._courses.get, sorted(course_ids)) if course]
        for pseudonym in sorted({course.pseudonym for course in found}):
            self._courses.reopen(pseudonym)

    def hold(self, course_id: int, error: HoldError) -> None:
        """Hold a course that the outbox could not send for a reason of its own."""
        course = self._courses.get(course_id)
        if course is not None:
            reason = {"code": error.code, "text": str(error)}
            self._courses.save(
                replace(
                    course,
                    state=CourseState.HELD,
                    sent_digest="",
                    reasons=(*course.reasons, reason),
                )
            )

    def existing(self, course_id: int) -> Course:
        course = self._courses.get(course_id)
        if course is None:
            raise RejectError("unknown-course", "there is no such course")
        return course


def _with_decisions(
    course: Course, members: Sequence[StoredInstance], rows: Sequence[Course]
) -> Course:
    """Let what a person decided go on to the course that another one has become part of."""
    theirs = {member.course_id for member in members}
    joined = [row for row in rows if row.id in theirs]
    refused = [row.refusal for row in [course, *joined] if row.refusal]
    plans = {uid: said for row in [*joined, course] for uid, said in row.plans.items()}
    return replace(course, refusal=refused[0] if refused else None, plans=plans)


def _anchored(course: Course, draft: Draft, rows: Sequence[Course]) -> Course:
    """Move the anchor to a better one (its plan), unless it was sent: its name stays for good."""
    taken = {row.anchor_uid for row in rows if row.id != course.id}
    if course.version > 0 or draft.anchor_uid in taken:
        return course
    return replace(course, anchor_uid=draft.anchor_uid)


def _is_in_conflict(course: Course, member: StoredInstance) -> bool:
    """Whether nobody has said yet which content is right: taking a plan in says it of that plan."""
    decided = course.plans.get(member.instance.sop_instance_uid, {"in": False})
    return member.state is InstanceState.CONFLICT and not decided["in"]


def _must_not_go(course: Course, state: CourseState, reasons: Sequence[Reason]) -> bool:
    """Whether a version that waits in the outbox holds what a person has to decide about.

    A version that is whole goes on its way when only what came after it is held.
    """
    if course.id is None or state not in {CourseState.HELD, CourseState.REFUSED}:
        return False
    same = course.content_digest == course.sent_digest
    return same or bool({CONFLICT, TWO_PATIENTS} & set(reasons))


def _is_in_the_outbox(course: Course) -> bool:
    busy = course.state in {CourseState.SENDING, CourseState.READY}
    return busy and course.content_digest == course.sent_digest


def _said(findings: Sequence[Finding], severity: Severity) -> list[Reason]:
    return [Reason(f.code, f.text) for f in findings if f.severity is severity]


def _days_of(draft: Draft) -> list[str]:
    """Return the days, shifted, on which the course's images, plans and treatments were made."""
    days = (
        getattr(member.facts, name, None)
        for member in draft.members
        for name in ("acquired_on", "planned_on", "treated_on")
    )
    return sorted(day for day in days if day)


def _released(course: Course) -> tuple[Reason, ...]:
    given: Any = (course.release or {}).get("reasons", ())
    return tuple(Reason(reason["code"], reason["text"]) for reason in given)
