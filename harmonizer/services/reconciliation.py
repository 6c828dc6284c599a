"""Comparing the archive's store with the tables: what was lost, damaged, or never announced.

What was read back once and is not there any more counts as never received: it is wanted again, and
its centre sends it again. What no announcement explains is counted for a person; it is not deleted.
A scan looks at what is there; scrubbing reads it, a little at a time, and compares the digests.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from random import randrange
from typing import Any, Protocol

from gateway.contract.marks import UID_ROOT
from gateway.contract.receipts import CourseHolding
from harmonizer.domain.studies import Expected, InstanceKey
from harmonizer.ports import ArchiveStore, Clock

logger = logging.getLogger(__name__)


class Expectations(Protocol):
    """What the tables say that the store should hold."""

    def announced_keys(self) -> Iterator[tuple[InstanceKey, bool]]:
        """Yield every announced instance, and whether it was read back."""
        ...

    def verified(self, receipts: Mapping[str, str | None]) -> None: ...

    def verified_after(self, sop_instance_uid: str, most: int) -> Sequence[Expected]:
        """Return instances that were read back, by UID in order."""
        ...

    def holdings(self, centre: str) -> Sequence[CourseHolding]:
        """Return every stored course of a centre, and how much of it is missing now."""
        ...

    def count_lost(self) -> int:
        """Count instances of stored courses that are not in the store any more."""
        ...


@dataclass(frozen=True)
class Scan:
    """What the last comparison found."""

    at: datetime
    in_store: int
    newly_lost: int
    unexplained: int


class ReconciliationService:
    """Scans the store; remembers the last scan."""

    def __init__(self, expectations: Expectations, store: ArchiveStore, clock: Clock) -> None:
        self._expectations = expectations
        self._store = store
        self._clock = clock
        self._last: Scan | None = None
        self._scrubbed_to = f"{UID_ROOT}{randrange(10, 100)}"  # restarts must not favour a part

    def scan(self) -> Scan:
        """Compare everything. Raises `RetryError` while the store does not answer."""
        verified: dict[str, InstanceKey] = {}
        waiting: set[str] = set()
        for key, is_verified in self._expectations.announced_keys():  # before listing the store
            own_id = self._store.id_of(key)
            if is_verified:
                verified[own_id] = key
            else:
                waiting.add(own_id)
        here = set(self._store.ids())
        lost = self._gone(key for own_id, key in verified.items() if own_id not in here)
        if lost:
            logger.warning("%d instances are not in the store any more", len(lost))
            self._expectations.verified(dict.fromkeys(lost))
        unexplained = self._unexplained(here - verified.keys() - waiting)
        self._last = Scan(self._clock.now(), len(here), len(lost), unexplained)
        return self._last

    def scrub(self, most: int) -> int:
        """Read the next instances and compare their digests. Returns how many were damaged.

        Raises `RetryError` while the store does not answer.
        """
        part = self._expectations.verified_after(self._scrubbed_to, most)
        read = self._store.digests([one.key for one in part])
        uids = {one.key.sop_instance_uid: one.sha256 for one in part}
        damaged = [uid for uid, digest in uids.items() if read.get(uid) != digest]
        if damaged:
            logger.warning("%d instances are damaged in the store", len(damaged))
            self._expectations.verified(dict.fromkeys(damaged))
        self._scrubbed_to = part[-1].key.sop_instance_uid if len(part) == most else ""
        return len(damaged)

    def holdings(self, centre: str) -> Sequence[CourseHolding]:
        """Return what the archive holds of a centre, course by course."""
        return self._expectations.holdings(centre)

    def status(self) -> dict[str, Any]:
        """Return the last scan, and how many instances are lost at this moment."""
        last = asdict(self._last) if self._last else {}
        return {"lost": self._expectations.count_lost(), "last_scan": last or None}

    def _gone(self, keys: Iterable[InstanceKey]) -> list[str]:
        """Look at each once more: a list that others write to while it is paged has gaps."""
        asked = list(keys)
        here = self._store.digests(asked)
        return [uid for key in asked if (uid := key.sop_instance_uid) not in here]

    def _unexplained(self, ids: set[str]) -> int:
        """Count what is still not announced: much may have been since the first look."""
        if not ids:
            return 0
        known = {self._store.id_of(key) for key, _ in self._expectations.announced_keys()}
        return len(ids - known)
