"""Unique values per attribute path: every distinct text of what leaves, for a person to read."""

from collections import Counter
from collections.abc import Callable, Collection
from threading import Lock
from typing import Any, Final

from gateway.contract.manifest import Role
from gateway.ports import MANY, Audit, StoredInstance, TextPlace, Values

MOST_SERIES: Final = 10_000
MOST_SHOWN: Final = 2_000


class ValueService:
    """Notes texts while objects are prepared; `view` shows them to a steward."""

    def __init__(
        self, values: Values, read: Callable[[bytes], Collection[TextPlace]], audit: Audit
    ) -> None:
        self._values = values
        self._read = read
        self._audit = audit
        self._seen: set[str] = set()
        self._lock = Lock()

    def note(self, stored: StoredInstance, leaves: bytes) -> None:
        """Note what an object says as it leaves. Of an image series, the first object is read."""
        series = stored.instance.series_instance_uid
        if stored.instance.role is Role.PLANNING_IMAGE:
            with self._lock:
                if series in self._seen:
                    return
                if len(self._seen) >= MOST_SERIES:
                    self._seen.clear()
                self._seen.add(series)
        self._values.note(self._read(leaves), stored.instance.pseudonym)

    def view(self, path: str | None, at_most: int, caller: str) -> dict[str, Any]:
        """Return texts, and how many there are by path; that it was looked at is in the audit."""
        everywhere = self._values.find(at_most)
        found = [one for one in everywhere if path is None or one.path == path]
        self._audit.record("values-view", caller, "-", f"{len(found)} texts")
        counts = Counter(one.path for one in everywhere)
        return {
            "paths": [{"path": name, "texts": count} for name, count in sorted(counts.items())],
            "texts": [vars(one) for one in found[:MOST_SHOWN]],
            "more": max(0, len(found) - MOST_SHOWN),
            "many": MANY,
        }

    def forget(self, pseudonym: str) -> None:
        self._values.forget(pseudonym)
