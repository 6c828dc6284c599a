"""Storing what the archive makes of a course: beside the originals, replaced when made anew.

An object is entered in the tables before it is stored and shown to readers after it was read back,
so that whenever the service is killed nothing strange stays in the store and nothing unfinished is
seen. What was made before of the same kind is deleted then. Centres and their receipts know nothing
of these objects.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final, Protocol

from harmonizer.domain.studies import DerivedKind, DerivedObject, InstanceKey
from harmonizer.errors import HarmonizerError, RetryError
from harmonizer.ports import ArchiveStore, Clock, Task, Work
from harmonizer.services.pauses import pause_after

logger = logging.getLogger(__name__)

DERIVE: Final = "derive"
LEASE: Final = timedelta(minutes=15)
ATTEMPTS: Final = 6

Maker = Callable[[str], bytes | None]
"""Makes an object of a course in DICOM file format; None if there is nothing to make it of.

The same results must give the same bytes, and other bytes another SOP Instance UID.
"""


class DerivedRecords(Protocol):
    """Which objects were made of which course."""

    def begin(self, course_uid: str, made: DerivedObject) -> bool:
        """Enter an object that will be stored; False if its course or patient is not here.

        Raises
        ------
        DataError
            `DERIVED-ELSEWHERE` if it names a study of another patient or an object of a centre.
        """
        ...

    def is_stored(self, made: DerivedObject) -> bool: ...

    def show(self, course_uid: str, kind: str, made: DerivedObject) -> bool:
        """Show readers an object that was read back; False if it must not be here any more."""
        ...

    def superseded(self, course_uid: str, kind: str, kept: str | None) -> Sequence[InstanceKey]:
        """Hide what else was made of this kind; return what nothing needs any more."""
        ...

    def forget(self, key: InstanceKey) -> None: ...

    def missing(self, kind: str) -> Sequence[str]:
        """Return the harmonized courses that have no stored object of a kind."""
        ...


class DerivedService:
    """Makes and stores the derived objects of courses, one course at a time."""

    def __init__(
        self,
        records: DerivedRecords,
        store: ArchiveStore,
        described: Callable[[bytes], DerivedObject],
        makers: Mapping[DerivedKind, Maker],
        work: Work,
        clock: Clock,
    ) -> None:
        self._records = records
        self._store = store
        self._described = described
        self._makers = makers
        self._work = work
        self._clock = clock
        self._nothing: set[tuple[str, str]] = set()

    def order(self, course_uids: Sequence[str]) -> None:
        """Have the objects of these courses made anew."""
        self._work.add(DERIVE, course_uids, self._clock.now())

    def reconcile(self) -> int:
        """Order what is missing: never made, or lost by the store. Returns for how many courses."""
        courses = {
            course
            for kind in self._makers
            for course in self._records.missing(kind)
            if (course, kind) not in self._nothing
        }
        self.order(sorted(courses))
        return len(courses)

    def step(self) -> bool:
        """Make the objects of one course that is due. Returns whether there was one."""
        task = self._work.claim(self._clock.now(), LEASE, DERIVE)
        if task is None:
            return False
        try:
            for kind, make in self._makers.items():
                self.keep(task.subject, kind, make(task.subject))
        except Exception as error:  # noqa: BLE001 - one course must not stop the others
            text = str(error) if isinstance(error, HarmonizerError) else type(error).__name__
            logger.warning("an object was not derived: %s", type(error).__name__)
            self._later(task, text, is_worse=not isinstance(error, RetryError))
        else:
            self._work.done(task, self._clock.now())
        return True

    def keep(self, course_uid: str, kind: DerivedKind, data: bytes | None) -> None:
        """Store the one object of a kind that a course has now; None takes it away.

        Raises
        ------
        RetryError
            If the store does not answer or does not give it back as it was put.
        RefusedError
            If the store never takes it.
        DataError
            `DERIVED-ELSEWHERE`, `NOT-DICOM`.
        """
        made = self._described(data) if data is not None else None
        shown = None
        if made and data is not None and self._records.begin(course_uid, made):
            if not self._records.is_stored(made):
                self._put(made, data)
            if not self._records.show(course_uid, kind, made):
                self._store.delete(made.key)  # its patient withdrew meanwhile
                return
            shown = made.key.sop_instance_uid
        (self._nothing.discard if shown else self._nothing.add)((course_uid, kind))
        for key in self._records.superseded(course_uid, kind, shown):
            self._store.delete(key)
            self._records.forget(key)

    def _put(self, made: DerivedObject, data: bytes) -> None:
        self._store.put(made.key, data)
        stored = self._store.read(made.key)
        if stored is None or sha256(stored).hexdigest() != made.sha256:
            raise RetryError("the archive's store did not keep a derived object as it was")

    def _later(self, task: Task, reason: str, is_worse: bool) -> None:
        if is_worse and task.attempts >= ATTEMPTS:
            self._work.give_up(task, self._clock.now(), reason)
            return
        self._work.retry(task, self._clock.now() + pause_after(task.attempts), reason)
