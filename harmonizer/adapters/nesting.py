"""How deep sequences are nested in a DICOM file, and whose it is, told from its bytes alone.

Orthanc's parser calls itself for every level: a file of 3 KB with some fifty levels ends the
process. So no object is handed on before its depth is known. Nothing here calls itself; values,
pixels among them, are skipped by their length (PS3.5 7.1, 7.5, A.4).
"""

import zlib
from dataclasses import dataclass, field
from struct import Struct, error
from typing import Final

PREAMBLE: Final = 132
UNDEFINED: Final = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
TRANSFER_SYNTAX: Final = 0x00020010
IDENTITY: Final = (0x00100020, 0x0020000D, 0x0020000E, 0x00080018)
"""Patient, study, series, instance: what a store files an object under."""
PIXELS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
IMPLICIT, BIG_ENDIAN, DEFLATED = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
)
LONG_FORM: Final = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW"}) | frozenset(
    {b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
MOST_INFLATED: Final = 1 << 30


class UnreadableError(ValueError):
    """The bytes are no DICOM file, or one that ends in the middle of something."""


@dataclass
class _Open:
    """A sequence or an item whose end has not come."""

    end: int | None
    """None until a delimiter says so."""
    is_sequence: bool
    implicit: bool
    fragments: bool = False
    """Its items hold bytes, no elements (PS3.5 A.4)."""


@dataclass(frozen=True)
class Outline:
    """`depth`: how many sequences lie within each other at the deepest place.

    `identity`: PatientID and the UIDs of study, series and instance; empty what is not there.
    """

    depth: int
    identity: tuple[str, str, str, str]


def outline(data: bytes) -> Outline:
    """Follow the bytes of a DICOM file to their end.

    Raises
    ------
    UnreadableError
        If that cannot be done, or the file says twice whose it is.
    """
    try:
        scan = _Scan(*_dataset(data))
        return Outline(scan.run(), scan.identity())
    except (error, IndexError, zlib.error):
        raise UnreadableError("the object ends in the middle of an element") from None


def _dataset(data: bytes) -> tuple[bytes, int, bool, bool]:
    """Return bytes, where the dataset begins, and whether it is implicit and big-endian."""
    if data[PREAMBLE - 4 : PREAMBLE] != b"DICM":
        raise UnreadableError("the object is no DICOM file")
    syntax, place = "", PREAMBLE
    meta = _Scan(data, place, implicit=False, big=False)
    while place < len(data) and data[place : place + 2] == b"\x02\x00":
        tag, vr, length, start = meta.element(place, implicit=False)
        if vr in {b"SQ", b"UN"}:
            raise UnreadableError("the file meta information holds a sequence")
        if tag == TRANSFER_SYNTAX:
            syntax = data[start : start + length].rstrip(b"\0 ").decode("ascii", "replace")
        place = start + length
    if syntax == DEFLATED:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        data, place = inflate.decompress(data[place:], MOST_INFLATED), 0
        if inflate.unconsumed_tail:
            raise UnreadableError("the object is too large once inflated")
    return data, place, syntax == IMPLICIT, syntax == BIG_ENDIAN


@dataclass
class _Scan:
    """One walk over a dataset."""

    data: bytes
    place: int
    implicit: bool
    big: bool
    stack: list[_Open] = field(default_factory=list)
    depth: int = 0
    deepest: int = 0
    own: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        order = ">" if self.big else "<"
        self._tag, self._long, self._short = (
            Struct(order + "HH"),
            Struct(order + "L"),
            Struct(order + "H"),
        )

    def run(self) -> int:
        """Walk to the end of the bytes."""
        while True:
            self._leave_what_ended()
            if self.place >= len(self.data):
                break
            self._step()
        if self.stack or self.place != len(self.data):
            raise UnreadableError("the object ends in the middle of an element")
        return self.deepest

    def identity(self) -> tuple[str, str, str, str]:
        """Return what stands outside of every sequence."""
        patient, study, series, instance = (
            self.own.get(tag, b"").rstrip(b"\0 ").decode("latin-1") for tag in IDENTITY
        )
        return patient, study, series, instance

    def element(self, place: int, *, implicit: bool) -> tuple[int, bytes, int, int]:
        """Return tag, VR, length and where the value begins of the element at a place."""
        group, number = self._tag.unpack_from(self.data, place)
        tag = group << 16 | number
        if implicit or group == 0xFFFE:
            return tag, b"", self._long.unpack_from(self.data, place + 4)[0], place + 8
        vr = self.data[place + 4 : place + 6]
        if vr in LONG_FORM:
            return tag, vr, self._long.unpack_from(self.data, place + 8)[0], place + 12
        return tag, vr, self._short.unpack_from(self.data, place + 6)[0], place + 8

    def _step(self) -> None:
        inner = self.stack[-1] if self.stack else None
        implicit = inner.implicit if inner else self.implicit
        tag, vr, length, start = self.element(self.place, implicit=implicit)
        self.place = start
        if tag in {ITEM_END, SEQUENCE_END}:
            self._leave(tag)
        elif inner is not None and inner.is_sequence:
            self._enter_item(tag, length, inner)
        elif length == UNDEFINED or self._is_sequence(vr, tag, length):
            self._enter_sequence(vr, tag, length, implicit)
        else:
            if not self.stack and tag in IDENTITY:
                self._keep(tag, self.data[start : start + length])
            self.place += length

    def _keep(self, tag: int, value: bytes) -> None:
        if tag in self.own:
            raise UnreadableError("the object says twice whose it is")
        self.own[tag] = value

    def _is_sequence(self, vr: bytes, tag: int, length: int) -> bool:
        """A value that could be a sequence for some reader counts as one."""
        if vr == b"SQ":
            return True
        if vr not in {b"", b"UN"} or length < 8 or tag in PIXELS:
            return False
        group, number = self._tag.unpack_from(self.data, self.place)
        return bool(group << 16 | number == ITEM)

    def _enter_sequence(self, vr: bytes, tag: int, length: int, implicit: bool) -> None:
        pixels = tag in PIXELS or vr in {b"OB", b"OW"}
        end = None if length == UNDEFINED else self.place + length
        inside_implicit = implicit or vr == b"UN"  # PS3.5 6.2.2, note 2
        self.stack.append(_Open(end, True, inside_implicit, pixels))
        if not pixels:
            self.depth += 1
            self.deepest = max(self.deepest, self.depth)

    def _enter_item(self, tag: int, length: int, inner: _Open) -> None:
        if tag != ITEM:
            raise UnreadableError("a sequence holds something that is no item")
        if inner.fragments:
            self.place += length
        else:
            end = None if length == UNDEFINED else self.place + length
            self.stack.append(_Open(end, False, inner.implicit))

    def _leave(self, tag: int) -> None:
        inner = self.stack.pop() if self.stack else None
        if inner is None or inner.end is not None or inner.is_sequence != (tag == SEQUENCE_END):
            raise UnreadableError("a delimiter ends what was not begun")
        self._count_out(inner)

    def _leave_what_ended(self) -> None:
        while self.stack and self.stack[-1].end is not None and self.place >= self.stack[-1].end:
            inner = self.stack.pop()
            if self.place != inner.end:
                raise UnreadableError("an element reaches beyond what it lies in")
            self._count_out(inner)

    def _count_out(self, inner: _Open) -> None:
        if inner.is_sequence and not inner.fragments:
            self.depth -= 1
