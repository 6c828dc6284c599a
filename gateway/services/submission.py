"""Sending: second stage, check, seal, announce, store, verify. Every step can be repeated.

A worker holds a submission under a lease. Whatever happens — a crash, a cut, a 503 — the
submission is prepared anew, announced again under the same name, and only what the archive still
wants is stored. It is done when the archive has read its own bytes back and they have our digests.
"""

import random
from collections.abc import Callable, Collection, Iterator, Sequence

from gateway.domain.courses import INSTANCE_GONE, Draft, assemble
from gateway.domain.submission import OutboxState, Patience, batches, content_digest
from gateway.errors import HoldError, RejectError, RetryError, StopError, TrustError
from gateway.ports import (
    Alerts,
    Archive,
    Audit,
    Course,
    Courses,
    Index,
    Outbox,
    Sent,
    Spool,
    StoredInstance,
    Work,
)
from gateway.services.departure import Departure, Throttle
from gateway.services.preparation import Prepared, Preparer
from gateway.services.sealing import Sealer

LEASE_S = 120.0
VERSION_TAKEN = {"version-is-another", "newer-version-known"}
"""The archive's codes for a version that it has already: our database was restored."""
OF_ANOTHER_PATIENT = {"course-of-another-patient", "study-of-another-patient"}
"""Codes for what came under another national id before: its deletion may be under way."""
NOT_TRUSTED = "archive-not-trusted"
COURSE_REFUSED = "archive-refuses-course"
PATIENT_ATTEMPTS = 5
MOST_NAMED = 10
"""Courses in the text of an alert."""


class _NotNowError(Exception):
    """Nothing may leave at this time: the submission waits, no attempt has failed."""


class _ChangedError(Exception):
    """What was frozen is not what is here now: it is judged again before anything leaves."""


class _LeaseLostError(Exception):
    """Another worker has the submission, or consent was withdrawn: hands off."""


class SubmissionService:
    """Works the outbox off. `step` may run in several threads; a lease keeps them apart."""

    def __init__(
        self,
        outbox: Outbox,
        courses: Courses,
        index: Index,
        archive: Archive,
        spool: Spool,
        preparer: Preparer,
        sealer: Sealer,
        alerts: Alerts,
        audit: Audit,
        is_admitted: Callable[[str], bool],
        hold: Callable[[int, HoldError], None],
        departure: Departure,
        throttle: Throttle,
        is_erasing: Callable[[], bool],
    ) -> None:
        self._outbox = outbox
        self._courses = courses
        self._index = index
        self._archive = archive
        self._spool = spool
        self._preparer = preparer
        self._sealer = sealer
        self._alerts = alerts
        self._audit = audit
        self._is_admitted = is_admitted
        self._hold = hold
        self._departure = departure
        self._throttle = throttle
        self._is_erasing = is_erasing

    def resume(self, caller: str) -> None:
        """Send again after a person has mended what stopped it.

        That is why the archive did not let us in, or the consents of a restored gateway.
        """
        why = "after a restore" if self._departure.restored else ""
        self._audit.record("sending-resume", caller, "-", why)
        self._departure.confirm_restore()
        self._departure.resume()

    def review(self) -> None:
        """Tell of the courses that the archive refused, as long as one stands refused."""
        refused = self._outbox.refused_courses()
        if not refused:
            self._alerts.clear(COURSE_REFUSED)
            return
        which = ", ".join(str(course_id) for course_id in refused[:MOST_NAMED])
        more = f" and {len(refused) - MOST_NAMED} more" if len(refused) > MOST_NAMED else ""
        text = f"for good: course {which}{more}; the course's page says why, and lets it go again"
        self._alerts.raise_alert(COURSE_REFUSED, f"the archive has refused {text}")

    def step(self, owner: str) -> bool:
        """Work on one submission. Returns whether there was one."""
        if self._departure.obstacle() is not None:
            return False
        work = self._outbox.claim(owner, LEASE_S)
        if work is None:
            return False
        try:
            self._send(work)
        except _LeaseLostError:
            pass
        except _NotNowError as error:
            self._outbox.retry(work, 0.0, str(error))
        except _ChangedError:
            self._outbox.finish(work, OutboxState.WITHHELD)
        except HoldError as error:
            self._outbox.finish(work, OutboxState.WITHHELD)
            self._hold(work.course_id, error)
        except RejectError as error:
            self._refused(work, error)
        except StopError as error:
            self._outbox.retry(work, 0.0, str(error))
            self._departure.stop(error)
        except RetryError as error:
            if isinstance(error, TrustError):
                self._alerts.raise_alert(NOT_TRUSTED, f"{error}; nothing is sent to it")
            self._wait(work, str(error))
        except Exception as error:  # noqa: BLE001 - one course must not end the worker
            self._wait(work, f"unexpected {type(error).__name__}")
        return True

    def _refused(self, work: Work, error: RejectError) -> None:
        if error.code in VERSION_TAKEN:
            self._outbox.finish(work, OutboxState.OVERTAKEN)
        elif error.code not in OF_ANOTHER_PATIENT:
            self._outbox.finish(work, OutboxState.REFUSED, str(error))
            self.review()
        elif self._is_erasing():
            reason = "the archive is still deleting what came under another identifier"
            self._retry(work, reason)
        else:  # judged again after a merge or a recall, as after any change of consent
            self._outbox.finish(work, OutboxState.WITHHELD)
            text = "the archive has it under another patient: merge the two, or recall the wrong"
            self._hold(work.course_id, HoldError("of-another-patient", text))

    def _retry(self, work: Work, reason: str) -> None:
        self._outbox.retry(work, Patience().wait_s(work.attempts, random.random()), reason)

    def _wait(self, work: Work, reason: str) -> None:
        self._retry(work, reason)
        if work.attempts >= PATIENT_ATTEMPTS:
            self._alerts.raise_alert("sending-fails", f"after {work.attempts} attempts: {reason}")

    def _send(self, work: Work) -> None:
        course = self._courses.get(work.course_id)
        if course is None:
            raise RejectError("no-course", "the course is not there any more")
        everything = self._index.of_patient(course.pseudonym)
        frozen = set(work.members)
        members = [s for s in everything if s.orthanc_id in frozen]
        if len(members) != len(frozen):
            raise HoldError(INSTANCE_GONE.code, INSTANCE_GONE.text)
        now = content_digest((s.instance.sop_instance_uid, s.sha256) for s in members)
        if work.content_digest not in {"", now}:
            raise _ChangedError
        self._check(work, course)
        prepared = self._preparer.prepare(members, lambda: self._keep(work))
        try:
            self._hand_over(work, course, everything, prepared)
        finally:
            self._preparer.discard(prepared)

    def _hand_over(
        self,
        work: Work,
        course: Course,
        everything: Sequence[StoredInstance],
        prepared: Sequence[Prepared],
    ) -> None:
        draft = _draft(course, everything, {p.stored.instance.sop_instance_uid for p in prepared})
        sealed = self._sealer.seal(course, work, draft, prepared)
        self._check(work, course)
        self._audit.record(
            "course-send", "service", course.anchor_uid, f"version {work.version}, {len(prepared)}"
        )
        uid = self._sealer.course_uid(course)
        self._outbox.announced(work, [_sent(one) for one in prepared])
        status = self._archive.announce(uid, work.version, sealed)
        self._store(work, course, prepared, set(status.wanted))
        self._verify(work, uid, prepared)
        for code in ("sending-fails", NOT_TRUSTED):
            self._alerts.clear(code)
        self._departure.went()
        self.review()

    def _store(
        self, work: Work, course: Course, prepared: Sequence[Prepared], wanted: Collection[str]
    ) -> None:
        """Store what the archive wants; a batch that is refused in part ends in a retry.

        What a request's answer claims is not believed either way: verification decides.
        """
        chosen = [one for one in prepared if one.spooled.sop_instance_uid in wanted]
        for batch in batches(chosen):
            self._check(work, course)
            answer = self._archive.store(
                [(one.spooled, self._chunks(work, one.spooled.sop_instance_uid)) for one in batch]
            )
            if answer.failed:
                code = next(iter(answer.failed.values()))
                raise RetryError(
                    f"the archive did not store {len(answer.failed)} of {len(batch)} "
                    f"instances, the first with 0x{code:04X}"
                )

    def _chunks(self, work: Work, uid: str) -> Iterator[bytes]:
        """Yield an object's bytes as fast as they may leave, and stay its owner meanwhile."""
        kept = self._throttle.now()
        for chunk in self._spool.chunks(uid):
            self._throttle.wait(len(chunk))
            if self._throttle.now() - kept > LEASE_S / 4:
                self._keep(work)
                kept = self._throttle.now()
            yield chunk

    def _verify(self, work: Work, uid: str, prepared: Sequence[Prepared]) -> None:
        self._keep(work)
        receipts = self._archive.verify(uid, work.version)
        ours = {one.spooled.sop_instance_uid: one.spooled.sha256 for one in prepared}
        proven = {
            receipt.sop_instance_uid
            for receipt in receipts.receipts
            if receipt.verified and receipt.sha256 == ours.get(receipt.sop_instance_uid)
        }
        self._outbox.verified(work, proven)
        if len(proven) < len(ours):
            raise RetryError(f"{len(ours) - len(proven)} of {len(ours)} instances not verified")
        self._outbox.finish(work, OutboxState.VERIFIED)

    def _check(self, work: Work, course: Course) -> None:
        """Ask once more, right before anything leaves: is it still ours, and still consented?"""
        self._keep(work)
        obstacle = self._departure.obstacle()
        if obstacle is not None:
            raise _NotNowError(obstacle)
        if not self._is_admitted(course.pseudonym):
            raise HoldError("no-consent", "consent is not in force any more")

    def _keep(self, work: Work) -> None:
        if not self._outbox.extend(work, LEASE_S):
            raise _LeaseLostError


def _draft(course: Course, everything: Sequence[StoredInstance], chosen: set[str]) -> Draft:
    """Return the frozen members with the roles that the whole patient's graph gives them."""
    drafts = assemble([s.instance for s in everything])
    members = [m for draft in drafts for m in draft.members if m.sop_instance_uid in chosen]
    members.sort(key=lambda member: member.sop_instance_uid)
    links = (link for draft in drafts for link in draft.revisions if link.plan_uid in chosen)
    return Draft(course.anchor_uid, tuple(members), tuple(links))


def _sent(one: Prepared) -> Sent:
    return Sent(
        one.stored.orthanc_id,
        one.spooled.sop_instance_uid,
        one.spooled.sha256,
        one.spooled.size_bytes,
    )
