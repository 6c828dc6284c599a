"""Withdrawal of consent at the site: stop at once, erase what is stored, remember that it was.

Sending stops within the import itself (see `ConsentService`). Erasing is work that can be
killed and repeated: it is done when the tombstone stands. The archive hears of it with the next
clinical batch, which names the withdrawn national ids.
"""

from collections.abc import Callable

from gateway.ports import Audit, Courses, Index, Outbox, SiteStore, Vault

ERASE, STOP = "erase", "stop"


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
        forget_terms: Callable[[str], None] = lambda _pseudonym: None,
    ) -> None:
        self._withdrawn = withdrawn
        self._vault = vault
        self._index = index
        self._courses = courses
        self._outbox = outbox
        self._store = store
        self._audit = audit
        self._forget_terms = forget_terms

    def step(self) -> int:
        """Erase for everybody who has withdrawn since. Returns for how many people."""
        people = sorted(self._withdrawn())
        for pseudonym in people:
            self._erase(pseudonym)
        return len(people)

    def _erase(self, pseudonym: str) -> None:
        self._outbox.cancel(pseudonym)
        stored = self._index.of_patient(pseudonym)
        self._audit.record("erase", "service", pseudonym, f"{len(stored)} instances")
        for instance in stored:
            self._store.delete(instance.orthanc_id)
        self._index.forget([instance.orthanc_id for instance in stored])
        for course in self._courses.of_patient(pseudonym):
            if course.id is not None:
                self._courses.remove(course.id)
        self._forget_terms(pseudonym)
        self._vault.bury(pseudonym, len(stored))
