"""Withdrawal of consent at the site: stop at once, erase what is stored, remember that it was.

Sending stops within the import itself (see `ConsentService`). Erasing is work that can be
killed and repeated: it is done when the tombstone stands. The archive hears of it with the next
clinical batch, which names the withdrawn national ids.
"""

from collections.abc import Callable
from datetime import datetime

from gateway.domain.erasure import RECALLED, UNCONSENTED, WITHDRAWN
from gateway.ports import Audit, Courses, Index, Outbox, SiteStore, Vault

ERASE = "erase"


class WithdrawalService:
    """Erases the objects of whoever has withdrawn."""

    def __init__(
        self,
        withdrawn: Callable[[], set[str]],
        vault: Vault,
        index: Index,
        courses: Courses,
        outbox: Outbox,
        store: SiteStore,
        audit: Audit,
        *,
        forget_texts: Callable[[str], None],
        recalled: Callable[[], set[str]],
        forget_copies: Callable[[str], int],
    ) -> None:
        self._withdrawn = withdrawn
        self._vault = vault
        self._index = index
        self._courses = courses
        self._outbox = outbox
        self._store = store
        self._audit = audit
        self._forget_texts = forget_texts
        self._recalled = recalled
        self._forget_copies = forget_copies

    def step(self) -> int:
        """Erase for everybody who has withdrawn since. Returns for how many people.

        Erased again is what came afterwards: the plugin hears of a withdrawal some seconds later.
        """
        came_since = self._index.here_of(self._vault.buried())
        people = sorted(self._withdrawn() | came_since)
        for pseudonym in people:
            self._erase(pseudonym, WITHDRAWN)
        return len(people)

    def erase_recalled(self) -> int:
        """Erase what was recalled since. Returns for how many people."""
        people = sorted(self._recalled())
        for pseudonym in people:
            self._erase(pseudonym, RECALLED)
        return len(people)

    def drop_unknown(self, came_before: datetime) -> int:
        """Delete what is held of people in no consent list since then. Returns of how many."""
        known = self._vault.in_force()
        people = sorted(
            pseudonym
            for pseudonym, came in self._index.first_came().items()
            if pseudonym not in known and came < came_before
        )
        for pseudonym in people:
            self._erase(pseudonym, UNCONSENTED)
        return len(people)

    def _erase(self, pseudonym: str, why: str) -> None:
        self._outbox.cancel(pseudonym)
        stored = [instance.orthanc_id for instance in self._index.of_patient(pseudonym)]
        stored += self._index.aside_of(pseudonym)
        self._audit.record("erase", "service", pseudonym, f"{len(stored)} instances, {why}")
        for orthanc_id in stored:
            self._store.delete(orthanc_id)
        leaves_receipt = why != UNCONSENTED
        self._index.forget(stored, why, pseudonym if leaves_receipt else None)
        for course in self._courses.of_patient(pseudonym):
            if course.id is not None:
                self._courses.remove(course.id)
        copies = self._forget_copies(pseudonym)
        self._forget_texts(pseudonym)  # after the copies: making one notes its texts
        if leaves_receipt:
            self._vault.bury(pseudonym, copies)
