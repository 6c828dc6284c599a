"""Preparing one version of a course: second stage to the spool, checked object by object."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Condition

from gateway.domain.consent import Person
from gateway.domain.courses import INSTANCE_GONE
from gateway.errors import HoldError
from gateway.ports import (
    Clock,
    SecondStage,
    SiteStore,
    Spool,
    Spooled,
    StoredInstance,
)

KEEP_EVERY = 25
"""Instances between two prolongations of the lease."""
EARLY_S = 600.0
"""How long a prepared copy may wait in the spool for its course."""
EARLY_BYTES = 2 * 2**30
"""How much of the disk such copies may take."""
PENDING_BYTES = 64 * 2**20
"""How much memory objects may take that wait to be prepared early."""


@dataclass(frozen=True)
class Prepared:
    """One instance in the spool, ready to leave."""

    stored: StoredInstance
    spooled: Spooled
    actions: Mapping[str, int]
    compared: int
    references: frozenset[str]

    @property
    def size_bytes(self) -> int:
        return self.spooled.size_bytes


class Preparer:
    """Rewrites a course's members.

    Nobody else writes to the spool, so that an erasure knows every copy that lies there.
    """

    def __init__(
        self,
        store: SiteStore,
        stage: SecondStage,
        spool: Spool,
        pool: ThreadPoolExecutor,
        clock: Clock,
        person: Callable[[str], Person | None],
        on_rewritten: Callable[[StoredInstance, bytes], None] = lambda _stored, _leaves: None,
    ) -> None:
        self._store = store
        self._stage = stage
        self._spool = spool
        self._pool = pool
        self._clock = clock
        self._person = person
        self._on_rewritten = on_rewritten
        self._early: dict[str, tuple[datetime, Prepared]] = {}
        self._pending = 0
        self._round = 0
        """Counts how often the way of rewriting was changed."""
        self._spooled: dict[str, str] = {}
        """The national UID of each copy in the spool, and whose it is."""
        self._erasures: Counter[str] = Counter()
        """Counts how often a patient was erased: what was begun before is not written any more."""
        self._writing: Counter[str] = Counter()
        self._lock = Condition()

    def prepare(
        self,
        members: Sequence[StoredInstance],
        still_mine: Callable[[], None],
    ) -> list[Prepared]:
        """Rewrite every member to the spool that is not there yet, several at a time.

        Raises
        ------
        HoldError
            If the checker objects to an object, or an object is not what was indexed.
        """

        pseudonym = members[0].instance.pseudonym
        began, person = self._erasures[pseudonym], self._person(pseudonym)

        def one(numbered: tuple[int, StoredInstance]) -> Prepared:
            place, stored = numbered
            if place % KEEP_EVERY == 0:
                still_mine()
            taken = self._taken(stored)
            if taken is not None:
                return taken
            with self._at_work(pseudonym, began):
                return self._one(stored, person)

        jobs = [self._pool.submit(one, numbered) for numbered in enumerate(members)]
        try:
            return [job.result() for job in jobs]
        except BaseException:
            # nobody gets the list of what was written: none of it may stay behind
            wait([job for job in jobs if not job.cancel()])
            self._remove([self._stage.uid(one.instance.sop_instance_uid) for one in members])
            raise

    def forget(self, pseudonym: str) -> int:
        """Remove every copy of an erased patient. Returns how many there were.

        What is being written is waited for, and what was begun before is not written after.
        """
        with self._lock:
            self._erasures[pseudonym] += 1
            self._lock.wait_for(lambda: not self._writing[pseudonym])
            theirs = [uid for uid, whose in self._spooled.items() if whose == pseudonym]
        self._remove(theirs)
        return len(theirs)

    @contextmanager
    def _at_work(self, pseudonym: str, began: int) -> Iterator[None]:
        """Write a patient's copies, unless an erasure has come between."""
        with self._lock:
            if self._erasures[pseudonym] != began:
                raise HoldError("no-consent", "consent is not in force any more")
            self._writing[pseudonym] += 1
        try:
            yield
        finally:
            with self._lock:
                self._writing[pseudonym] -= 1
                self._lock.notify_all()

    def begin(self, stored: StoredInstance, data: bytes) -> None:
        """Prepare an instance while the rest of its course still comes in.

        Nothing leaves by this. Whatever goes wrong goes wrong again, and is told, in `prepare`.
        """
        with self._lock:
            if self._pending + len(data) > PENDING_BYTES:
                return
            self._pending += len(data)
            began = self._erasures[stored.instance.pseudonym]
        self._pool.submit(self._begin, stored, data, began)

    def _begin(self, stored: StoredInstance, data: bytes, began: int) -> None:
        try:
            way, pseudonym = self._round, stored.instance.pseudonym
            person = self._person(pseudonym)
            if person is None:  # held: whoever it is may be named when consent comes
                return
            with self._at_work(pseudonym, began):
                prepared = self._rewrite(stored, data, person)
                with self._lock:
                    if is_current := way == self._round:
                        self._early[stored.orthanc_id] = (self._clock.now(), prepared)
            if not is_current:
                self._remove([prepared.spooled.sop_instance_uid])
        except HoldError:
            pass
        finally:
            with self._lock:
                self._pending -= len(data)
            self.tidy()

    def begin_again(self) -> None:
        """Throw away what was prepared early, because objects are rewritten otherwise from now."""
        with self._lock:
            self._round += 1
            stale = [prepared.spooled.sop_instance_uid for _, prepared in self._early.values()]
        self._remove(stale)

    def _taken(self, stored: StoredInstance) -> Prepared | None:
        """Return what was prepared early of exactly these bytes: its course's from now on."""
        with self._lock:
            _, prepared = self._early.pop(stored.orthanc_id, (None, None))
        same = prepared is not None and prepared.stored.sha256 == stored.sha256
        return prepared if same else None

    def tidy(self) -> None:
        """Remove early copies that are old, and the oldest ones beyond the limit of the disk."""
        oldest, stale = self._clock.now() - timedelta(seconds=EARLY_S), []
        with self._lock:
            total = sum(prepared.size_bytes for _, prepared in self._early.values())
            for at, prepared in self._early.values():
                if at >= oldest and total <= EARLY_BYTES:
                    break
                total -= prepared.size_bytes
                stale.append(prepared.spooled.sop_instance_uid)
        self._remove(stale)

    def discard(self, prepared: Sequence[Prepared]) -> None:
        """Remove copies that are not needed any more."""
        self._remove([one.spooled.sop_instance_uid for one in prepared])

    def _remove(self, uids: Collection[str]) -> None:
        if not uids:
            return
        gone = set(uids)
        with self._lock:
            for orthanc_id, (_, prepared) in list(self._early.items()):
                if prepared.spooled.sop_instance_uid in gone:
                    del self._early[orthanc_id]
            for uid in gone:
                self._spooled.pop(uid, None)
        self._spool.remove(gone)

    def _one(self, stored: StoredInstance, person: Person | None) -> Prepared:
        data = self._store.read(stored.orthanc_id)
        if data is None:
            raise HoldError(INSTANCE_GONE.code, INSTANCE_GONE.text)
        if sha256(data).hexdigest() != stored.sha256:
            raise HoldError(
                "content-changed", "an instance's bytes differ from those that were indexed"
            )
        return self._rewrite(stored, data, person)

    def _rewrite(self, stored: StoredInstance, data: bytes, person: Person | None) -> Prepared:
        written = self._stage.rewrite(data, stored.instance.pseudonym, person)
        if written.problems:
            raise HoldError("checker", f"the checker objects: {written.problems[0]}")
        self._on_rewritten(stored, written.data)
        uid = self._stage.uid(stored.instance.sop_instance_uid)
        with self._lock:
            self._spooled[uid] = stored.instance.pseudonym
        spooled = self._spool.write(uid, written.data)
        return Prepared(stored, spooled, written.actions, written.compared, written.references)
