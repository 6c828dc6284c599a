"""The account of instances: where each is, and whether the books that say so agree."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gateway.domain.books import Books, PluginBook, differences
from gateway.domain.ledger import InstanceCount, Note, Place
from gateway.errors import RetryError
from gateway.ports import CHANGES, Index, Outbox, PluginTotals, SiteStore
from gateway.services.ledger import Ledger

ATTEMPTS = 3


@dataclass(frozen=True)
class Account:
    """Where every instance that was ever taken is now, each in one place, and whether it is true.

    `sums_up` holds books that are kept apart against each other, see `gateway.domain.books`.
    """

    received: int
    """Stored after the first stage, those that were set aside as well."""
    delivered: int
    held: int
    on_the_way: int
    refused_here: int
    set_aside: int
    gone: int
    newer_waits: int
    """Of the delivered: other content came under the same UID since and waits here."""
    stopped_since: int
    """Of the delivered: consent was stopped since."""
    going_again: int
    """Of the delivered: their course is on the way again."""
    refused_at_the_door: int
    """Attempts, refused by the plugin with a code that the sender heard."""
    withheld: int
    """Stored once, now without consent in force."""
    deleted_on_request: int
    """Deletions on request; not among the received any more, or again if it came again."""
    in_the_store: int | None
    """What the site store itself says that it holds; None while it cannot be asked."""
    unseen_in_the_store: int | None
    """Of these, how many are not counted above yet; below 0, how many are gone unnoticed."""
    plugin_stored: int | None
    """What the plugin says that it had stored for the first time; None before its first word."""
    differences: tuple[str, ...]
    """In words, where two books disagree."""

    @property
    def sums_up(self) -> bool:
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "differences": list(self.differences), "sums_up": self.sums_up}


class Accounting:
    """Adds up from counts only: nobody is named."""

    def __init__(
        self, ledger: Ledger, index: Index, outbox: Outbox, totals: PluginTotals, store: SiteStore
    ) -> None:
        self._ledger = ledger
        self._index = index
        self._outbox = outbox
        self._totals = totals
        self._store = store

    def account(self) -> Account:
        """Add up what became of every instance."""
        in_store, behind = self._in_the_store()  # first: what comes meanwhile is no difference
        for _ in range(ATTEMPTS):  # until nothing changed while it was counted
            before = self._index.counts(), self._outbox.counts()
            stored = self._ledger.stored()
            if before == (self._index.counts(), self._outbox.counts()):
                break
        where, notes = _added(stored)
        books = self._books(where, before, in_store, behind)
        return Account(
            received=books.rows,
            delivered=where[Place.DELIVERED],
            held=where[Place.HELD],
            on_the_way=where[Place.ON_THE_WAY],
            refused_here=where[Place.REFUSED_HERE],
            set_aside=where[Place.SET_ASIDE],
            gone=where[Place.GONE],
            newer_waits=notes[Note.NEWER],
            stopped_since=notes[Note.STOPPED],
            going_again=notes[Note.AGAIN],
            refused_at_the_door=sum(refusal.count for refusal in self._totals.refused()),
            withheld=where[Place.WITHHELD],
            deleted_on_request=books.deleted,
            in_the_store=in_store,
            unseen_in_the_store=books.unseen,
            plugin_stored=books.plugin.objects if books.plugin else None,
            differences=tuple(differences(books)),
        )

    def _books(
        self,
        where: Counter[Place],
        told: tuple[dict[str, int], dict[str, int]],
        in_store: int | None,
        behind: int,
    ) -> Books:
        counts, sent = told
        rows = counts["indexed"] + counts["set_aside"]
        return Books(
            rows=rows,
            present=rows - counts["gone"],
            placed=where.total(),
            deleted=sum(erased.count for erased in self._ledger.erased()),
            revived=counts["revived"],
            delivered=where[Place.DELIVERED],
            receipts=sent["instances_verified"],
            names=sent["names_verified"],
            in_store=in_store,
            behind=behind,
            plugin=self._plugin(),
        )

    def _plugin(self) -> PluginBook | None:
        told = self._totals.stored()
        if told is None:
            return None
        heard, came = self._totals.last_report(), self._index.last_came()
        up_to_date = came is None or (heard is not None and heard >= came)
        return PluginBook(*told, up_to_date=up_to_date)

    def _in_the_store(self) -> tuple[int | None, int]:
        """Return what the store holds, and how many of its changes were not looked at."""
        try:
            behind = self._store.last_change() - int(self._index.cursor(CHANGES) or 0)
            return self._store.count(), max(0, behind)
        except RetryError:
            return None, 0


def _added(stored: Iterable[InstanceCount]) -> tuple[Counter[Place], Counter[Note | None]]:
    where: Counter[Place] = Counter()
    notes: Counter[Note | None] = Counter()
    for one in stored:
        where[one.place] += one.count
        notes[one.note] += one.count
    return where, notes
