"""Distinct texts of what leaves."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Protocol

MANY: Final = 3
"""Patients; a text that stands in so many or more people's objects is counted no further."""
TextPlace = tuple[str, str, str]
"""Attribute path, VR and text."""


@dataclass(frozen=True)
class LeavingText:
    path: str
    vr: str
    text: str
    patients: int
    """1, 2, or `MANY` for that many and more."""


class Values(Protocol):
    def note(self, places: Collection[TextPlace], pseudonym: str) -> None: ...

    def find(self, at_most: int) -> list[LeavingText]:
        """Return the texts that stand in at most so many patients' objects."""
        ...

    def forget(self, pseudonym: str) -> None: ...
