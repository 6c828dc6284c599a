"""Every element of a DICOM file, at every depth, with the place of its value (PS3.5, PS3.10).

A second, deliberately separate reader. It is strict: whatever it does not understand is an
error, because what it cannot read it cannot vouch for.
"""

import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from pydicom.datadict import dictionary_VR

_NO_LENGTH = 0xFFFFFFFF
_ITEM, _ITEM_DELIMITER, _SEQUENCE_DELIMITER = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXELS = 0x7FE00010
_TWO_BYTE_LENGTH = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
)
_FOUR_BYTE_LENGTH = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_IMPLICIT = "1.2.840.10008.1.2"
_DEFLATED = "1.2.840.10008.1.2.1.99"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_INFLATED_MAXIMUM = 1 << 29
_DEPTH_MAXIMUM = 16
_HEAD = Struct("<HH4s")
_LONG = Struct("<I")


class UnreadableError(Exception):
    """The bytes are not a DICOM file that this reader understands to its end."""


class Element(NamedTuple):
    depth: int
    """0 at the top; 1 inside the items of a top sequence."""
    tag: int
    vr: bytes
    start: int
    length: int
    """Of the value in bytes; 0 for a sequence, whose content follows as elements of its own."""
    item: int = 0
    """Where the data set or item begins that it stands in: the same for its neighbours only."""


Walk = Generator[Element, None, int]
"""Yields elements and returns the position after them."""


@dataclass(frozen=True)
class Elements:
    """A file taken apart. `body` is the data set's bytes (inflated), which starts refer to."""

    body: bytes = field(repr=False)
    meta: dict[int, bytes] = field(repr=False)
    """File meta information: tag to value."""
    preamble: bytes = field(repr=False)
    found: list[Element] = field(repr=False)

    def value(self, element: Element) -> bytes:
        return self.body[element.start : element.start + element.length]

    def holds(self, element: Element, value: bytes) -> bool:
        """Tell whether an element has this value, without copying it."""
        return element.length == len(value) and self.body.startswith(value, element.start)

    def first(self, tag: int) -> bytes | None:
        """Return the value of a top-level element, or None."""
        for element in self.found:
            if element.depth == 0 and element.tag == tag:
                return self.value(element)
        return None


def read_elements(data: bytes) -> Elements:
    """Take a whole file apart.

    Raises
    ------
    UnreadableError
        With what is wrong, never with a value.
    """
    if data[128:132] != b"DICM":
        raise UnreadableError("no DICM prefix")
    meta, start = _read_meta(data)
    syntax = meta.get(0x00020010, b"").rstrip(b"\0 ").decode("ascii", "replace")
    if syntax == _BIG_ENDIAN or not syntax:
        raise UnreadableError("a transfer syntax that is not read")
    body = data
    if syntax == _DEFLATED:
        body, start = _inflate(data[start:]), 0
    reader = _Reader(body, explicit=syntax != _IMPLICIT)
    return Elements(body, meta, data[:128], list(reader.dataset(start, len(body), 0)))


def _read_meta(data: bytes) -> tuple[dict[int, bytes], int]:
    meta: dict[int, bytes] = {}
    reader = _Reader(data, explicit=True)
    at = 132
    while data[at : at + 2] == b"\x02\x00":
        tag, _, start, length = reader.header(at, len(data))
        meta[tag] = data[start : start + length]
        at = start + length
    return meta, at


def _inflate(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(-15)
    try:
        body = unpacker.decompress(packed, _INFLATED_MAXIMUM)
    except zlib.error:
        raise UnreadableError("damaged deflate stream") from None
    if unpacker.unconsumed_tail:
        raise UnreadableError("deflate stream grows without end")
    return body


class _Reader:
    def __init__(self, body: bytes, *, explicit: bool) -> None:
        self._body = body
        self._explicit = explicit

    def header(self, at: int, end: int) -> tuple[int, bytes, int, int]:
        """Return tag, VR, start of the value and its length (`_NO_LENGTH` if undefined)."""
        if at + 8 > end:
            raise UnreadableError("an element is cut")
        group, number, rest = _HEAD.unpack_from(self._body, at)
        tag, start = group << 16 | number, at + 8
        if not self._explicit or group == 0xFFFE:
            vr = b"" if group == 0xFFFE else _implicit_vr(tag)
            (length,) = _LONG.unpack(rest)
        elif (vr := rest[:2]) in _TWO_BYTE_LENGTH:
            length = rest[2] | rest[3] << 8
        elif vr in _FOUR_BYTE_LENGTH and at + 12 <= end:
            (length,) = _LONG.unpack_from(self._body, start)
            start += 4
        else:
            raise UnreadableError("an unknown value representation")
        if length != _NO_LENGTH and start + length > end:
            raise UnreadableError("a length beyond the end")
        return tag, vr, start, length

    def dataset(self, at: int, end: int, depth: int) -> Iterator[Element]:
        """Yield the elements between two positions, which must be used up exactly."""
        item = at
        while at < end:
            head = self.header(at, end)
            if head[0] >> 16 == 0xFFFE:
                raise UnreadableError("an item outside a sequence")
            at = yield from self._element(*head, end, depth, item)

    def _element(
        self, tag: int, vr: bytes, start: int, length: int, end: int, depth: int, item: int
    ) -> Walk:
        if vr == b"SQ" or (length == _NO_LENGTH and tag != _PIXELS):
            yield Element(depth, tag, vr, start, 0, item)
            reader = self if vr == b"SQ" else _Reader(self._body, explicit=False)
            return (yield from reader.items(start, length, end, depth + 1))
        if length == _NO_LENGTH:
            after = self._fragments(start, end)
            yield Element(depth, tag, vr, start, after - start, item)
            return after
        yield Element(depth, tag, vr, start, length, item)
        return start + length

    def items(self, at: int, length: int, end: int, depth: int) -> Walk:
        if depth > _DEPTH_MAXIMUM:
            raise UnreadableError("sequences nested too deep")
        stop = end if length == _NO_LENGTH else at + length
        while at < stop:
            tag, _, start, size = self.header(at, stop)
            if tag == _SEQUENCE_DELIMITER and length == _NO_LENGTH:
                return start
            if tag != _ITEM:
                raise UnreadableError("a sequence holds something else than items")
            if size == _NO_LENGTH:
                at = yield from self._open_item(start, stop, depth)
            else:
                yield from self.dataset(start, start + size, depth)
                at = start + size
        if length == _NO_LENGTH:
            raise UnreadableError("a sequence without its end")
        return at

    def _open_item(self, at: int, end: int, depth: int) -> Walk:
        item = at
        while True:
            tag, vr, start, length = self.header(at, end)
            if tag == _ITEM_DELIMITER:
                return start
            at = yield from self._element(tag, vr, start, length, end, depth, item)

    def _fragments(self, at: int, end: int) -> int:
        while True:
            tag, _, start, length = self.header(at, end)
            if tag == _SEQUENCE_DELIMITER:
                return start
            if tag != _ITEM or length == _NO_LENGTH:
                raise UnreadableError("damaged compressed pixel data")
            at = start + length


@lru_cache(maxsize=4096)
def _implicit_vr(tag: int) -> bytes:
    try:
        return dictionary_VR(tag)[:2].encode()
    except KeyError:
        return b"UN"
