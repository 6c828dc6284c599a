"""Sending clinical rows to the archive: orders to delete first, then batch after batch."""

import secrets
from typing import Final

from gateway.contract.clinical import ClinicalBatch
from gateway.errors import RejectError
from gateway.ports import Alerts, Audit, Clock
from gateway.services.clinical_ports import ClinicalArchive, ClinicalStore, People

BATCH_ROWS: Final = 5000
ROWS_REFUSED: Final = "archive-refuses-rows"
TOO_LARGE: Final = "archive-413"


class ClinicalSender:
    """Sends what waits, in the order of its import, until nothing does.

    Consent is asked for again right before each batch. A batch that the archive refuses is set
    aside, so that it does not hold up the others.
    """

    def __init__(
        self,
        store: ClinicalStore,
        people: People,
        archive: ClinicalArchive,
        clock: Clock,
        centre: str,
        alerts: Alerts,
        audit: Audit,
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        self._store = store
        self._people = people
        self._archive = archive
        self._clock = clock
        self._alerts = alerts
        self._audit = audit
        self._centre = centre
        self._most = self._batch_rows = batch_rows

    def send(self) -> int:
        """Send withdrawals, then batch after batch. Returns how many batches went.

        Raises
        ------
        RetryError
            When the archive cannot be reached; what was begun is sent again.
        StopError
            When the archive does not let this centre in.
        """
        self.take_back()
        sent = self._tell_withdrawals()
        self._fetch_receipts()
        sent += self._tell_returns()
        self._store.release(self._people.consenting())
        while batch := self._next():
            self._send_rows(batch)
            sent += 1
        # In the next round only: larger at once, every other batch would be refused again.
        self._batch_rows = min(2 * self._batch_rows, self._most)
        return sent

    def _next(self) -> ClinicalBatch | None:
        now, consenting = self._clock.now(), self._people.consenting()
        return self._store.next_batch(self._centre, self._batch_rows, now, consenting)

    def _send_rows(self, batch: ClinicalBatch) -> None:
        try:
            receipt = self._archive.send(batch)
        except RejectError as error:
            self._refused(batch, error)
        else:
            self._store.record(receipt, self._clock.now())

    def _refused(self, batch: ClinicalBatch, error: RejectError) -> None:
        rows = sum(map(len, (batch.clinical, batch.toxicity, batch.prom, batch.facts)))
        now = self._clock.now()
        if error.code == TOO_LARGE and rows > 1:
            self._batch_rows = (rows + 1) // 2
            self._store.dissolve(batch.batch_id, now)
            return
        self._store.set_aside(batch.batch_id, str(error), now)
        text = f"{error}; {rows} clinical rows are set aside. Once it is mended, send them again"
        self._alerts.raise_alert(ROWS_REFUSED, text)

    def send_refused_again(self, caller: str) -> int:
        """Let rows that the archive refused wait again, after a person has mended why."""
        self._audit.record("clinical-again", caller, "-")
        again = self._store.refused_again()
        self._alerts.clear(ROWS_REFUSED)
        return again

    def take_back(self) -> None:
        """Undo the deletion of who has consented again, where the archive never heard of it.

        The same where no withdrawal is left that was not annulled: what is there stays there.
        """
        untold = self._untold()
        if untold:
            withdrew = self._people.withdrew(untold)
            self._store.readmit((untold - withdrew) | self._people.returned(untold).keys())

    def _untold(self) -> set[str]:
        return {p for p, one in self._store.forgotten().items() if not one.told_at}

    def _tell_withdrawals(self) -> int:
        """Tell whose data are deleted here, whatever they have said since, unless they are back."""
        # In this order: whose consent has come back since the first is in the last.
        untold = self._untold()
        known = sorted(self._people.withdrew(untold) - self._people.returned(untold).keys())
        if not known:
            return 0
        ids = tuple(sorted(self._people.national_ids(known).values()))
        self._archive.send(ClinicalBatch(batch_id=_name(), centre=self._centre, withdrawn=ids))
        self._store.archive_forgot(known, self._clock.now())
        return 1

    def _fetch_receipts(self) -> None:
        """Ask what the archive has deleted, while it has not deleted everything."""
        forgotten = self._store.forgotten()
        waiting = [p for p, one in forgotten.items() if one.told_at and not one.receipt]
        if not waiting:
            return
        told = {receipt.national_id: receipt for receipt in self._archive.withdrawals()}
        for pseudonym, national in self._people.national_ids(waiting).items():
            receipt = told.get(national)
            if receipt is not None and receipt.erased_at:
                self._store.keep_receipt(pseudonym, receipt)

    def _tell_returns(self) -> int:
        """Tell who has given consent again, once their deletion has its signed receipt."""
        forgotten = self._store.forgotten()
        returned = self._people.returned(forgotten) if forgotten else {}
        admitted = self._people.consenting()
        known = sorted(p for p in returned if forgotten[p].receipt and p in admitted)
        if not known:
            return 0
        ids = tuple(sorted(returned[p] for p in known))
        order = ClinicalBatch(batch_id=_name(), centre=self._centre, consented_again=ids)
        self._archive.send(order)
        self._store.readmit(known)
        return 1


def _name() -> str:
    """Name an order. Carrying one out twice changes nothing, so that each sending has its own."""
    return secrets.token_hex(32)
