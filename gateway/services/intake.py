"""Intake: every object that the site store holds is indexed once, whatever happened to events.

`/changes` with a stored position is the truth; the plugin's heartbeat only wakes us up. At start
the whole store is compared with the index, so that a position lost or restored loses nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import sha256

from gateway.domain.courses import InstanceState, differing, patient_of, read_instance
from gateway.domain.erasure import ErasureCause
from gateway.errors import HoldError
from gateway.ports import CHANGES, Alerts, Clock, Index, SetAside, SiteStore, StoredInstance
from gateway.services.read_ahead import Read, portions, read_ahead

BATCH = 32
REVIEWED_AT_ONCE = 50
GONE = "instances-gone"
ASIDE = {
    "unmarked": "check that the plugin is in force, then delete them in the site's Orthanc",
    "unreadable": "have them sent again, then delete them in the site's Orthanc",
    "same-uid": "find out which is right, delete the other in the site's Orthanc",
}
"""Why an object is set aside, and what to do about it."""


@dataclass
class _Taking:
    """What one batch has come to until now."""

    known: Mapping[str, StoredInstance]
    """Those that the index had before."""
    found: list[StoredInstance] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)
    places: dict[str, str] = field(default_factory=dict)
    """Where each UID is: in the index, or seen in this batch."""
    duplicates: int = 0
    revived: int = 0


class IntakeService:
    """Follows the site store. `step` is called again and again by one thread."""

    def __init__(
        self,
        store: SiteStore,
        index: Index,
        alerts: Alerts,
        clock: Clock,
        readers: ThreadPoolExecutor,
        on_indexed: Callable[[StoredInstance, bytes], None] = lambda _stored, _data: None,
        before_put: Callable[[], None] = lambda: None,
        pseudonym_of: Callable[[str], str] = lambda _patient_id: "",
        on_lost: Callable[[Collection[int]], None] = lambda _course_ids: None,
    ) -> None:
        self._store = store
        self._index = index
        self._alerts = alerts
        self._clock = clock
        self._readers = readers
        self._on_indexed = on_indexed
        self._before_put = before_put
        self._pseudonym_of = pseudonym_of
        self._on_lost = on_lost
        self._reviewed = ""

    def step(self) -> int:
        """Index what has come since the last step. Returns how many instances were read."""
        position = int(self._index.cursor(CHANGES) or 0)
        page = self._store.changes(position)
        if page.last < position:  # the store was rebuilt: its sequence began again
            return self.reconcile()
        seen = 0
        changes = list(page.instances)
        for start in range(0, len(changes), BATCH):
            part = changes[start : start + BATCH]
            is_last = start + BATCH >= len(changes)
            cursor = page.last if is_last else part[-1].sequence
            self._take([change.orthanc_id for change in part], cursor)
            seen += len({change.orthanc_id for change in part})
        if not changes and page.last != position:
            self._index.move(CHANGES, str(page.last))
        return seen

    def reconcile(self) -> int:
        """Compare the whole store with the index. Returns how many instances were read."""
        last = self._store.last_change()  # before listing: what comes meanwhile comes again
        here = set(self._store.instance_ids())
        known = self._index.ids()
        seen = 0
        new = sorted(here - known)
        for start in range(0, len(new), BATCH):
            self._take(new[start : start + BATCH], None)
            seen += len(new[start : start + BATCH])
        unseen = sorted(known - here)  # a page of the list moves when something is deleted
        read = zip(unseen, self._read_all(unseen), strict=True)
        self._lose({orthanc_id for orthanc_id, data in read if data is None})
        self._index.move(CHANGES, str(last))
        self.review()
        return seen

    def review(self) -> None:
        """Look again at some of what is set aside, and take down the alerts that are settled.

        What was deleted in the site store counts as deleted; what can be indexed by now is.
        """
        ids = self._index.aside(self._reviewed, REVIEWED_AT_ONCE)
        self._reviewed = ids[-1] if len(ids) == REVIEWED_AT_ONCE else ""
        if ids:
            self._index.forget(self._take(ids, None), ErasureCause.BY_HAND)
        for code in ASIDE.keys() - self._index.aside_codes():
            self._alerts.clear(f"set-aside-{code}")
        self._tell_gone()

    def _lose(self, orthanc_ids: Collection[str]) -> None:
        """Note that the store has them no more, and have their courses judged again."""
        if orthanc_ids:
            self._on_lost(self._index.mark_gone(orthanc_ids))
            self._tell_gone()

    def _tell_gone(self) -> None:
        gone = len(self._index.gone())
        if not gone:
            self._alerts.clear(GONE)
            return
        self._alerts.raise_alert(
            GONE,
            f"{gone} instances that the archive has not read back are not in the site store any "
            "more; send their courses again from the source, or confirm the deletion on the page "
            "Account",
        )

    def _take(self, orthanc_ids: Sequence[str], cursor: int | None) -> set[str]:
        """Read and index. Returns those that the store does not have any more."""
        unique = list(dict.fromkeys(orthanc_ids))
        taking = _Taking(self._index.known(unique))
        for part in portions(zip(unique, self._read_all(unique), strict=True)):
            self._take_part(part, taking)
        self._before_put()
        self._index.put(self._with_senders(taking.found), cursor)
        if taking.duplicates:
            self._index.count_duplicate(taking.duplicates)
        if taking.revived:
            self._index.count_revived(taking.revived)
        return taking.absent

    def _take_part(self, part: Sequence[Read], taking: _Taking) -> None:
        """Look at what was read; nothing of its bytes is held when this is done."""
        taking.absent |= {orthanc_id for orthanc_id, data in part if data is None}
        examined = [
            (stored, data)
            for orthanc_id, data in part
            if data is not None and (stored := self._examine(orthanc_id, data)) is not None
        ]
        uids = {stored.instance.sop_instance_uid for stored, _ in examined} - taking.places.keys()
        taking.places |= self._index.places(uids)
        for stored, data in examined:
            before = taking.known.get(stored.orthanc_id)
            if self._is_elsewhere(stored, data, taking.places):
                continue
            if before is None:
                taking.found.append(stored)
                self._on_indexed(stored, data)
            elif before.state is InstanceState.GONE:
                taking.found.append(_revived(stored, before))
                taking.revived += 1
                self._on_indexed(stored, data)
            elif before.sha256 == stored.sha256:
                taking.duplicates += 1
            else:
                taking.found.append(_conflict(stored, before))

    def _with_senders(self, found: Sequence[StoredInstance]) -> list[StoredInstance]:
        """Say who sent each: asked once for a series, whose objects come from one system."""
        new = [stored for stored in found if not stored.sender]
        first = {stored.instance.series_instance_uid: stored.orthanc_id for stored in new}
        senders = dict(
            zip(first, self._readers.map(self._store.sender, first.values()), strict=True)
        )
        return [
            s if s.sender else replace(s, sender=senders[s.instance.series_instance_uid])
            for s in found
        ]

    def _read_all(self, orthanc_ids: Iterable[str]) -> Iterable[bytes | None]:
        return read_ahead(self._store.read, orthanc_ids, self._readers)

    def _examine(self, orthanc_id: str, data: bytes) -> StoredInstance | None:
        try:
            instance = read_instance(data)
        except HoldError as error:
            self._set_aside(orthanc_id, data, error)
            return None
        return StoredInstance(
            orthanc_id=orthanc_id,
            instance=instance,
            sha256=sha256(data).hexdigest(),
            size_bytes=len(data),
            received_at=self._clock.now(),
        )

    def _is_elsewhere(self, stored: StoredInstance, data: bytes, taken: dict[str, str]) -> bool:
        """Set an instance aside that is here already, in another study or of another patient.

        `taken` is where each UID of this step is: in the index, or seen in this step.
        """
        uid = stored.instance.sop_instance_uid
        place = taken.setdefault(uid, stored.orthanc_id)
        if place == stored.orthanc_id:
            return False
        if self._store.read(place) is None:  # somebody has deleted the other one
            self._lose({place})
            taken[uid] = stored.orthanc_id
            return False
        error = HoldError("same-uid", "an instance came again in another study")
        self._set_aside(stored.orthanc_id, data, error)
        return True

    def _set_aside(self, orthanc_id: str, data: bytes, error: HoldError) -> None:
        patient_id, marked = patient_of(data)
        whose = patient_id if marked else self._pseudonym_of(patient_id)
        sender = self._store.sender(orthanc_id)
        self._index.set_aside(SetAside(orthanc_id, error.code, str(error), whose, sender))
        self._alerts.raise_alert(
            f"set-aside-{error.code}",
            f"the site store holds objects that were set aside: {error}; {ASIDE[error.code]}",
        )


def _first_came(stored: StoredInstance, before: StoredInstance) -> StoredInstance:
    """Keep an instance that comes again on the day and with the sender that it came first."""
    return replace(
        stored,
        received_at=before.received_at,
        sender=before.sender,
        delivered_at=before.delivered_at,
    )


def _revived(stored: StoredInstance, before: StoredInstance) -> StoredInstance:
    """Take in again what was gone: in conflict if another content is known of it already.

    The archive has, or had, the content that was delivered: only then has it kept its course. Of
    what differed before, nobody has decided.
    """
    was_delivered = before.delivered_at is not None or before.course_id is not None
    if before.sha256 != stored.sha256 and (was_delivered or before.differs):
        return _conflict(stored, before)
    if before.differs:
        return replace(
            _first_came(stored, before), state=InstanceState.CONFLICT, differs=before.differs
        )
    return _first_came(stored, before)


def _conflict(stored: StoredInstance, before: StoredInstance) -> StoredInstance:
    return replace(
        _first_came(stored, before),
        state=InstanceState.CONFLICT,
        differs=differing(before.instance, stored.instance, before.size_bytes, stored.size_bytes),
    )
