"""Searching every value of a written object for whoever must not be found in it.

Three kinds of value are not free text, and what is found there by chance is nobody: numbers (only
a whole number can be an identifier), times of day, and UIDs that are keyed or the standard's own.
"""

from collections.abc import Iterator
from typing import Final

from pydicom.uid import UID_dictionary  # type: ignore[attr-defined]

from gateway.contract.marks import UID_ROOT
from gateway.domain.checker.elements import Element, Elements
from gateway.domain.checker.needles import KnownIdentity, stands_alone

STANDARD_UIDS: Final = frozenset(UID_dictionary)
"""The UIDs that PS3.6 registers."""
SHORTEST_KEYED_UID: Final = 30
"""128 random bits have fewer decimal digits once in a million million times."""

_BULK = frozenset((b"OB", b"OW", b"OD", b"OF", b"OL", b"OV"))
_BULK_SIZE = 4096
_NUMBERS = frozenset((b"DS", b"IS", b"DA", b"DT"))
_NUMBER_SIGNS = b"0123456789+-.eE\\ \0"
_TIME_SIGNS = b"0123456789.:\\ \0"
_BETWEEN_NUMBERS = b"\\ \0"


def is_bulk(element: Element) -> bool:
    return element.vr in _BULK and element.length > _BULK_SIZE


def found_in(written: Elements, known: KnownIdentity) -> Iterator[int]:
    """Yield the attributes that hold an identifier; each needle is told once."""
    text, numbers = _Haystack(), _Haystack()
    for element in written.found:
        if element.length and not is_bulk(element):
            value = written.value(element)
            where = _where(element, value)
            if where:
                (numbers if where == "numbers" else text).add(value, element.tag)
    yield from _words_in(text, known)
    yield from _numbers_in(numbers, known)
    for element in written.found:
        if is_bulk(element):
            start, stop = element.start, element.start + element.length
            if any(written.body.find(word, start, stop) >= 0 for word in known.bulk_needles):
                yield element.tag


class _Haystack:
    """Values side by side, in small letters, and whose they are."""

    def __init__(self) -> None:
        self._values: list[bytes] = []
        self._owners: list[tuple[int, int]] = []
        self._size = 0

    def add(self, value: bytes, tag: int) -> None:
        self._values.append(value)
        self._owners.append((self._size, tag))
        self._size += len(value) + 1

    def joined(self) -> bytes:
        return b"\0".join(self._values).lower()

    def owner(self, at: int) -> int:
        return next(tag for start, tag in reversed(self._owners) if start <= at)


def _where(element: Element, value: bytes) -> str:
    """Return among what a value is sought: text, numbers, or nothing."""
    if element.vr == b"UI":
        return "" if all(_is_ours(part) for part in value.split(b"\\")) else "text"
    if element.vr in _NUMBERS and not value.translate(None, _NUMBER_SIGNS):
        return "numbers"
    if element.vr == b"TM" and not value.translate(None, _TIME_SIGNS):
        return ""
    return "text"


def _is_ours(raw: bytes) -> bool:
    uid = raw.rstrip(b"\0 ").decode("latin-1")
    return uid in STANDARD_UIDS or (uid.startswith(UID_ROOT) and len(uid) >= SHORTEST_KEYED_UID)


def _words_in(haystack: _Haystack, known: KnownIdentity) -> Iterator[int]:
    text = haystack.joined()
    for needle, as_word in known.needles:
        at = text.find(needle)
        while at >= 0:
            if not as_word or stands_alone(text, at, len(needle)):
                yield haystack.owner(at)
                break
            at = text.find(needle, at + 1)


def _numbers_in(haystack: _Haystack, known: KnownIdentity) -> Iterator[int]:
    text = haystack.joined()
    for needle in known.numbers:
        at = text.find(needle)
        while at >= 0:
            ends = text[at - 1 : at] + text[at + len(needle) : at + len(needle) + 1]
            if not ends.translate(None, _BETWEEN_NUMBERS):
                yield haystack.owner(at)
                break
            at = text.find(needle, at + 1)
