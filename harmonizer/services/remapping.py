"""New rules over the whole archive: names at once, dose and quality after.

A release would wait for days until every course that it changes was harmonized. So the kept names
are gone through first, by rules only, which takes minutes; originals are not touched or read. The
pass may be killed and begun again: what is right already does not change.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from harmonizer.domain.nomenclature import Context, KeptName, Mapper, Renaming, renamings
from harmonizer.ports import Clock, Work
from harmonizer.services.derived import DERIVE

logger = logging.getLogger(__name__)

REMAP: Final = "remap"
ARCHIVE: Final = "archive"
AT_ONCE: Final = 500
LEASE: Final = timedelta(minutes=15)
PAUSE: Final = timedelta(seconds=30)


class KeptNames(Protocol):
    """The names that harmonized courses have."""

    def courses(self, after: str, most: int) -> Sequence[tuple[str, str, str | None]]:
        """Return harmonized courses behind this one by UID: UID, centre, site."""
        ...

    def names(self, course_uids: Sequence[str]) -> Mapping[str, Sequence[KeptName]]: ...

    def rename(
        self,
        changes: Mapping[str, Sequence[Renaming]],
        rules_version: int,
        then: str,
        at: datetime,
    ) -> None:
        """Change names, also of the metrics, by course, and enter work of the kind `then` for
        each; all or nothing."""
        ...


class RemappingService:
    """Goes through the archive's names when rules were released."""

    def __init__(
        self, names: KeptNames, mapper: Callable[[], Mapper], work: Work, clock: Clock
    ) -> None:
        self._names = names
        self._mapper = mapper
        self._work = work
        self._clock = clock

    def step(self) -> bool:
        """Go through the archive if that is due. Returns whether it was."""
        task = self._work.claim(self._clock.now(), LEASE, REMAP)
        if task is None:
            return False
        try:
            self.remap()
        except Exception as error:  # noqa: BLE001 - tried again until it is done
            logger.warning("names were not gone through: %s", type(error).__name__)
            self._work.retry(task, self._clock.now() + PAUSE, type(error).__name__)
        else:
            self._work.done(task, self._clock.now())
        return True

    def remap(self) -> int:
        """Apply the rules in force to every kept name. Returns how many structures changed."""
        mapper, after, changed = self._mapper(), "", 0
        while page := self._names.courses(after, AT_ONCE):
            after = page[-1][0]
            names = self._names.names([course_uid for course_uid, _, _ in page])
            changes = {
                course_uid: found
                for course_uid, centre, site in page
                if (found := renamings(mapper, names[course_uid], Context(site, centre=centre)))
            }
            if changes:
                now = self._clock.now()
                self._names.rename(changes, mapper.rules.version, DERIVE, now)
                changed += sum(map(len, changes.values()))
        return changed
