"""Contours straight from a structure set's bytes.

A data set object per contour costs more than everything else in reading a structure set. This walks
the encoded ROI Contour Sequence (PS3.5 section 7.5; little endian, lengths given or not) and leaves
the rest of the object to pydicom. Anything unusual raises, and the caller reads the usual way.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import unpack_from
from typing import Final

ROI_CONTOUR_SEQUENCE: Final = 0x30060039
CONTOUR_SEQUENCE: Final = 0x30060040
CONTOUR_IMAGE_SEQUENCE: Final = 0x30060016
GEOMETRIC_TYPE: Final = 0x30060042
CONTOUR_DATA: Final = 0x30060050
REFERENCED_ROI: Final = 0x30060084
REFERENCED_UID: Final = 0x00081155
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED: Final = 0xFFFFFFFF
LONG: Final = {
    b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV",
}  # fmt: skip

Element = tuple[int, int, int]
"""Tag, where the value begins, where it ends."""


@dataclass
class RawContour:
    """One contour, undecoded."""

    data: bytes = b""
    geometric_type: str = ""
    image_uid: str = ""


@dataclass
class RawRoi:
    """One item of the ROI Contour Sequence."""

    number: int | None = None
    contours: list[RawContour] = field(default_factory=list)


class UnusualError(ValueError):
    """The encoding is not one that this module walks."""


def split_contours(data: bytes) -> tuple[bytes, list[RawRoi]]:
    """Return the object without its ROI Contour Sequence, and that sequence's contents.

    Raises
    ------
    UnusualError
        If the bytes are not a plain little-endian DICOM file.
    """
    try:
        start, explicit = _data_set(data)
        walker = Walker(data, explicit)
        for tag, value, end, begin in walker.elements(start, len(data)):
            if tag == ROI_CONTOUR_SEQUENCE:
                return data[:begin] + data[end:], list(walker.rois(value, end))
    except (struct.error, IndexError, ValueError, UnicodeDecodeError) as error:
        raise UnusualError(type(error).__name__) from error
    return data, []


def _data_set(data: bytes) -> tuple[int, bool]:
    """Return where the data set begins and whether its VRs are explicit."""
    if data[128:132] != b"DICM" or data[132:138] != b"\2\0\0\0UL":
        raise UnusualError("no file meta information")
    start = 144 + int(unpack_from("<I", data, 140)[0])
    meta = Walker(data, explicit=True)
    for tag, value, end, _ in meta.elements(144, start):
        if tag == 0x00020010:
            syntax = data[value:end].rstrip(b"\0 ")
            if syntax in (b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1"):
                return start, syntax.endswith(b"1.2.1")
    raise UnusualError("transfer syntax")


class Walker:
    """Walks encoded elements without decoding them."""

    def __init__(self, data: bytes, explicit: bool) -> None:
        self._data = data
        self._explicit = explicit

    def elements(self, position: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield (tag, value, end, begin) of elements up to `stop` or an item's end."""
        while position < stop:
            tag, length, value = self._header(position)
            if tag == ITEM_END:
                return
            end = value + length if length != UNDEFINED else self._end_of_sequence(value)
            if end > stop:
                raise UnusualError("an element is longer than what holds it")
            yield tag, value, end, position
            position = end

    def _header(self, position: int) -> tuple[int, int, int]:
        """Return tag, length and where the value begins."""
        data = self._data
        group, element = unpack_from("<HH", data, position)
        tag = group << 16 | element
        if group == 0xFFFE or not self._explicit:
            return tag, int(unpack_from("<I", data, position + 4)[0]), position + 8
        representation = data[position + 4 : position + 6]
        if representation in LONG:
            length = int(unpack_from("<I", data, position + 8)[0])
            if representation == b"UN" and length == UNDEFINED:
                raise UnusualError("unknown sequence")
            return tag, length, position + 12
        return tag, int(unpack_from("<H", data, position + 6)[0]), position + 8

    def items(self, position: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield (begin, end) of a sequence's items."""
        while position < stop:
            tag, length, value = self._header(position)
            if tag == SEQUENCE_END:
                return
            if tag != ITEM:
                raise UnusualError("a sequence holds something else than items")
            end = value + length if length != UNDEFINED else self._end_of_item(value)
            yield value, end
            position = end if length != UNDEFINED else end + 8

    def _end_of_item(self, position: int) -> int:
        """Return where the content of an item without length ends."""
        for _ in range(1_000_000):
            tag, length, value = self._header(position)
            if tag == ITEM_END:
                return position
            position = value + length if length != UNDEFINED else self._end_of_sequence(value)
        raise UnusualError("no end")

    def _end_of_sequence(self, position: int) -> int:
        """Return where a sequence without length ends, its end mark included."""
        for _ in range(1_000_000):
            tag, length, value = self._header(position)
            if tag == SEQUENCE_END:
                return value
            if tag != ITEM:
                raise UnusualError("a sequence holds something else than items")
            position = value + length if length != UNDEFINED else self._end_of_item(value) + 8
        raise UnusualError("no end")

    def rois(self, position: int, stop: int) -> Iterator[RawRoi]:
        """Yield the items of the ROI Contour Sequence."""
        for begin, end in self.items(position, stop):
            roi = RawRoi()
            for tag, value, value_end, _ in self.elements(begin, end):
                if tag == REFERENCED_ROI:
                    roi.number = int(self._text(value, value_end))
                elif tag == CONTOUR_SEQUENCE:
                    roi.contours = [self._contour(*item) for item in self.items(value, value_end)]
            yield roi

    def _contour(self, begin: int, end: int) -> RawContour:
        contour = RawContour()
        for tag, value, value_end, _ in self.elements(begin, end):
            if tag == CONTOUR_DATA:
                contour.data = self._data[value:value_end]
            elif tag == GEOMETRIC_TYPE:
                contour.geometric_type = self._text(value, value_end)
            elif tag == CONTOUR_IMAGE_SEQUENCE:
                contour.image_uid = self._image(value, value_end)
        return contour

    def _image(self, position: int, stop: int) -> str:
        for begin, end in self.items(position, stop):
            for tag, value, value_end, _ in self.elements(begin, end):
                if tag == REFERENCED_UID:
                    return self._text(value, value_end)
        return ""

    def _text(self, value: int, end: int) -> str:
        return self._data[value:end].decode("ascii").strip(" \0")
