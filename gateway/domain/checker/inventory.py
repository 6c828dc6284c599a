"""Every distinct text that leaves, by the place where it stands: what a person reads beforehand."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.datadict import keyword_for_tag

from gateway.contract.marks import REDACTED
from gateway.domain.checker.elements import Elements, read_elements

_TEXT = frozenset(b"AE CS LO LT PN SH ST UC UR UT".split())
_WHO = frozenset((0x00100010, 0x00100020))
REDACTED_TEXT = f"{REDACTED}..."
"""Stands for all texts of one place that are nothing but a keyed hash."""


@dataclass(frozen=True)
class TextValue:
    """One text at one place."""

    path: str
    """Keywords from the top, e.g. `BeamSequence > BeamName`."""
    vr: str
    text: str
    instances: int
    patients: int


@dataclass
class _Count:
    instances: int = 0
    patients: set[str] = field(default_factory=set)


class TextInventory:
    """Collects the texts of many objects; `rows` has each once, the rarest of a place first.

    A text that is frequent names nobody; one that stands in a single patient's objects may.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], _Count] = {}

    def add(self, data: bytes) -> None:
        """Count the texts of one whole DICOM file.

        Raises
        ------
        UnreadableError
            When it cannot be read to its end.
        """
        elements = read_elements(data)
        patient = (elements.first(0x00100020) or b"").decode("latin-1").strip(" \0")
        for key in texts_of(elements):
            count = self._counts.setdefault(key, _Count())
            count.instances += 1
            count.patients.add(patient)

    def rows(self) -> list[TextValue]:
        found = [
            TextValue(*key, count.instances, len(count.patients))
            for key, count in self._counts.items()
        ]
        return sorted(found, key=lambda row: (row.path, row.patients, row.instances, row.text))


def texts_of(elements: Elements) -> frozenset[tuple[str, str, str]]:
    """Return each distinct text of one object with its path and VR."""
    return frozenset(_texts(elements))


def _texts(elements: Elements) -> Iterator[tuple[str, str, str]]:
    above: list[str] = []
    for element in elements.found:
        del above[element.depth :]
        above.append(keyword_for_tag(element.tag) or f"{element.tag:08X}")
        if element.vr in _TEXT and element.length and element.tag not in _WHO:
            path, vr = " > ".join(above), element.vr.decode("ascii")
            for text in _decoded(elements.value(element)).split("\\"):
                redacted = text.startswith(REDACTED) and " " not in text.strip()
                yield path, vr, REDACTED_TEXT if redacted else text.strip(" \0")


def _decoded(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
