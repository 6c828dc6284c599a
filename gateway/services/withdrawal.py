"""Erasing at the site whoever has withdrawn, was recalled, or was merged into another patient.

Sending stops within the import itself (see `ConsentService`). Erasing is work that can be
killed and repeated: it is done when the tombstone stands. The archive hears of it with the next
clinical batch, which names the withdrawn national ids.
"""

from collections.abc import Callable
from datetime import datetime

from gateway.domain.erasure import ErasureCause
from gateway.ports import Audit, Courses, Index, Outbox, SiteStore, Vault

ERASE = "erase"


class WithdrawalService:
    """Erases the objects of whoever must not be here.

    Parameters
    ----------
    withdrawn
        Whose consent is withdrawn and not erased; nobody where the centre's policy is to stop only.
    catch_up
        Follows whose consent has come back, where that was not done.
    """

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
        merged: Callable[[], set[str]],
        catch_up: Callable[[], None],
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
        self._merged = merged
        self._catch_up = catch_up

    def step(self) -> int:
        """Erase for everybody of whom something must go. Returns for how many people.

        Erased again is what came afterwards: the plugin hears of a withdrawal some seconds later.
        """
        self._catch_up()
        merged, recalled, buried = self._merged(), self._recalled(), self._vault.buried()
        people = sorted((self._due() - buried) | self._index.here_of(buried))
        for pseudonym in people:
            why = ErasureCause.MERGED if pseudonym in merged else ErasureCause.WITHDRAWN
            self._erase(pseudonym, ErasureCause.RECALLED if pseudonym in recalled else why)
        return len(people)

    def _due(self) -> set[str]:
        return self._withdrawn() | self._merged() | self._recalled()

    def drop_unknown(self, came_before: datetime) -> int:
        """Delete what is held of people in no consent list since then. Returns of how many."""
        known = self._vault.in_force()
        people = sorted(
            pseudonym
            for pseudonym, came in self._index.first_came().items()
            if pseudonym not in known and came < came_before
        )
        for pseudonym in people:
            self._erase(pseudonym, ErasureCause.UNCONSENTED)
        return len(people)

    def _erase(self, pseudonym: str, why: ErasureCause) -> None:
        self._outbox.cancel(pseudonym)
        gone = self._index.gone_of(pseudonym)
        stored = [one.orthanc_id for one in self._index.of_patient(pseudonym)]
        stored = sorted({*stored, *self._index.aside_of(pseudonym)} - {*gone})
        self._audit.record("erase", "service", pseudonym, f"{len(stored)} instances, {why}")
        for orthanc_id in stored:
            self._store.delete(orthanc_id)
        leaves_receipt = why is not ErasureCause.UNCONSENTED
        self._index.forget(stored, why, pseudonym if leaves_receipt else None)
        self._index.forget(gone, why)  # in no receipt: it was not here to be deleted
        for course in self._courses.of_patient(pseudonym):
            if course.id is not None:
                self._courses.remove(course.id)
        copies = self._forget_copies(pseudonym)
        self._forget_texts(pseudonym)  # after the copies: making one notes its texts
        if leaves_receipt:
            self._bury(pseudonym, copies)

    def _bury(self, pseudonym: str, copies: int) -> None:
        """Keep them out, unless their consent has come back meanwhile: nobody would lift it."""
        if pseudonym in self._due() | self._vault.buried():
            self._vault.bury(pseudonym, copies)
        else:
            self._vault.unbury(pseudonym)  # what was counted so far
