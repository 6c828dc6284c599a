"""Withdrawal at the archive: everything that was stored or worked out of a patient is deleted.

The withdrawal itself is one row, kept with the deleted clinical rows; from then on nothing of the
patient is taken. Deleting objects is durable work that can be killed and repeated: it is done when
the receipt stands. It is never given up.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from gateway.contract.clinical import WithdrawalReceipt
from harmonizer.domain.access import FlaggedExport
from harmonizer.domain.studies import InstanceKey
from harmonizer.errors import RetryError
from harmonizer.ports import ArchiveStore, Audit, Clock, Task, Work
from harmonizer.services.pauses import pause_after

logger = logging.getLogger(__name__)

ERASE: Final = "erase"
LEASE: Final = timedelta(minutes=15)


class Holdings(Protocol):
    """What the archive has of patients, and who of them withdrew."""

    def unfinished(self, national_ids: Collection[str] | None = None) -> Sequence[str]:
        """Return who withdrew and is not erased whole, of these or of everybody."""
        ...

    def withdrawn(self) -> Sequence[str]:
        """Return everybody who withdrew."""
        ...

    def reopen(self, national_ids: Collection[str]) -> None:
        """Count these as not erased whole, if they are still withdrawn."""
        ...

    def close(self, national_id: str) -> Sequence[InstanceKey]:
        """Admit none of the patient's announced instances any more; return their keys."""
        ...

    def forget(self, national_id: str, at: datetime) -> None:
        """Delete every row about the patient and write the receipt, or neither.

        With the receipt stands what readers took away while it held data of the patient.
        """
        ...

    def receipts(self, centre: str) -> Sequence[WithdrawalReceipt]: ...

    def exports(self) -> Sequence[FlaggedExport]: ...

    def lift(self, national_ids: Collection[str], centre: str) -> int:
        """Forget that these patients of a centre withdrew. Returns how many had."""
        ...


class WithdrawalService:
    """Erases whoever withdrew, and lets back in who has given consent again."""

    def __init__(
        self, holdings: Holdings, store: ArchiveStore, work: Work, audit: Audit, clock: Clock
    ) -> None:
        self._holdings = holdings
        self._store = store
        self._work = work
        self._audit = audit
        self._clock = clock

    def order(self, national_ids: Collection[str]) -> None:
        """Have these patients erased if they withdrew and are not yet."""
        self._work.add(ERASE, self._holdings.unfinished(national_ids), self._clock.now())

    def reconcile(self) -> int:
        """Order every erasure that is not on the list. Returns how many.

        Also of whom the store has something again: an object that was being stored while its
        patient was erased, by a process that ended before it took it back.

        Raises
        ------
        RetryError
            While the store does not answer; what is known to be waiting is ordered all the same.
        """
        waiting = self._order_unfinished()
        withdrawn = self._holdings.withdrawn()
        again = self._store.patients(withdrawn) - set(waiting) if withdrawn else set()
        if not again:
            return len(waiting)
        logger.warning("the store has objects of %d withdrawn patients again", len(again))
        self._holdings.reopen(again)
        return len(self._order_unfinished())

    def _order_unfinished(self) -> Sequence[str]:
        waiting = self._holdings.unfinished()
        self._work.add(ERASE, waiting, self._clock.now())
        return waiting

    def lift(self, national_ids: Collection[str], centre: str) -> int:
        """Take data of these patients again: they have given consent again.

        Raises
        ------
        RetryError
            While one of them is not erased yet: what they withdrew must be gone first.
        """
        if self._holdings.unfinished(national_ids):
            raise RetryError("a withdrawn patient is not erased yet; ask again later")
        return self._holdings.lift(national_ids, centre)

    def receipts(self, centre: str) -> Sequence[WithdrawalReceipt]:
        """Return what was deleted, and what is with readers, of each of a centre who withdrew."""
        return self._holdings.receipts(centre)

    def exports(self) -> Sequence[FlaggedExport]:
        """Return what readers took away that holds data of patients who have withdrawn since."""
        return self._holdings.exports()

    def step(self) -> bool:
        """Erase one patient who is due. Returns whether there was one."""
        task = self._work.claim(self._clock.now(), LEASE, ERASE)
        if task is None:
            return False
        try:
            self._erase(task.subject)
        except Exception as error:  # noqa: BLE001 - tried again until it is done
            text = str(error) if isinstance(error, RetryError) else type(error).__name__
            logger.warning("an erasure is tried again: %s", type(error).__name__)
            self._later(task, text)
        else:
            self._work.done(task, self._clock.now())
        return True

    def _erase(self, national_id: str) -> None:
        if not self._holdings.unfinished([national_id]):
            return
        keys = self._holdings.close(national_id)
        self._audit.record("archive", "service", "erase", national_id)
        for key in keys:
            self._store.delete(key)
        self._store.delete_patient(national_id)  # and what no table knows of
        self._holdings.forget(national_id, self._clock.now())

    def _later(self, task: Task, reason: str) -> None:
        self._work.retry(task, self._clock.now() + pause_after(task.attempts), reason)
