"""Asking the archive whether it still holds what it once had read back, and sending again.

The archive may have been restored from an older backup, or lost objects. A course of which anything
is missing there goes as its next version; of that the archive wants only what it has not. Until it
is read back, nothing of it counts as delivered, and nobody is told that it is committed.

A withdrawal that it has no record of is told again: the backup brought the patient's data back.
"""

from collections.abc import Callable
from typing import Final

from gateway.contract.receipts import CourseHolding
from gateway.domain.clinical import Forgotten
from gateway.domain.courses import CourseState
from gateway.ports import Alerts, Archive, Audit, Course, Courses
from gateway.services.clinical_ports import ClinicalArchive, ClinicalStore, People

WITHDRAWALS_LOST: Final = "archive-lost-withdrawals"
RESTORED: Final = (
    "restored from an older backup? They are told again by themselves. Recalls that had ended "
    "since that backup have to be ordered again"
)


class RecheckService:
    """Compares delivered courses with what the archive says that it holds."""

    def __init__(
        self,
        archive: Archive,
        courses: Courses,
        course_uid: Callable[[str], str],
        audit: Audit,
        withdrawals: "WithdrawalRecheck",
    ) -> None:
        self.withdrawals = withdrawals
        self._archive = archive
        self._courses = courses
        self._course_uid = course_uid
        self._audit = audit

    def order(self, caller: str) -> dict[str, int]:
        """Do it now because somebody wants it: who does is in the audit."""
        self._audit.record("recheck", caller, "-")
        return self.step()

    def step(self) -> dict[str, int]:
        """Ask once. Returns how many delivered courses there are and how many go again."""
        # The courses first: what is delivered meanwhile must not look as if it were missing.
        delivered = self._courses.find(CourseState.DELIVERED, limit=None)
        held = {holding.course_uid: holding for holding in self._archive.holdings()}
        lacking = [course for course in delivered if self._is_lacking(course, held)]
        for course in lacking:
            detail = f"version {course.version} is not whole at the archive"
            self._audit.record("course-again", "service", course.anchor_uid, detail)
        self._courses.lost([c.id for c in lacking if c.id is not None])
        return {"delivered": len(delivered), "sent_again": len(lacking)}

    def _is_lacking(self, course: Course, held: dict[str, CourseHolding]) -> bool:
        there = held.get(self._course_uid(course.anchor_uid))
        return there is None or there.version < course.delivered_version or there.missing > 0


class WithdrawalRecheck:
    """Compares withdrawals that the archive was told of with those that it says it has."""

    def __init__(
        self,
        store: ClinicalStore,
        people: People,
        archive: ClinicalArchive,
        alerts: Alerts,
        audit: Audit,
    ) -> None:
        self._store = store
        self._people = people
        self._archive = archive
        self._alerts = alerts
        self._audit = audit

    def step(self) -> int:
        """Ask once. Returns of how many patients the archive is told again."""
        # Ours first: of whom it is told meanwhile must not look as if it had no record.
        told = {p: one for p, one in self._store.forgotten().items() if one.told_at}
        if not told:
            return 0
        there = {receipt.national_id for receipt in self._archive.withdrawals()}
        national, back = self._people.national_ids(told), self._people.returned(told).keys()
        withdrew = self._people.withdrew(told) - back
        lost = sorted(
            pseudonym
            for pseudonym, one in told.items()
            # whose consent came back after the receipt is just being taken again
            if national[pseudonym] not in there and (pseudonym in withdrew or not one.receipt)
        )
        for pseudonym in lost:
            self._audit.record("withdrawal-again", "service", pseudonym, _had(told[pseudonym]))
        self._store.tell_again(lost)
        if lost:
            text = (
                f"the archive has no record any more of {len(lost)} withdrawals: was it {RESTORED}"
            )
            self._alerts.raise_alert(WITHDRAWALS_LOST, text)
        elif all(one.receipt for one in told.values()):
            self._alerts.clear(WITHDRAWALS_LOST)
        return len(lost)


def _had(one: Forgotten) -> str:
    """Say what the archive had answered before: its receipt is replaced by the next one."""
    had = one.receipt
    if had is None or had.erased_at is None:
        return "the archive has no record of it; it had not answered"
    counts = f"{had.instances} instances, {had.courses} courses, {had.rows} rows"
    return f"the archive has no record of it; it had deleted {counts} on {had.erased_at:%Y-%m-%d}"
