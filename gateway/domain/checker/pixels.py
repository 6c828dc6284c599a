"""What stands in pixels besides an image: compressed ones, and the tables of their colours.

A second reader of the compressed formats, apart from the engine's. It knows the few segments that
decoding needs; a comment, an application's segment or bytes behind an image are objections.
"""

import re
from collections.abc import Iterator
from struct import Struct, error
from typing import Final

from gateway.domain.checker.elements import Element, Elements

_PIXELS, _FRAMES, _ROWS, _COLUMNS = 0x7FE00010, 0x00280008, 0x00280010, 0x00280011
_LUT_PAIRS: Final = (
    (0x00281101, 0x00281201),
    (0x00281102, 0x00281202),
    (0x00281103, 0x00281203),
    (0x00283002, 0x00283006),
)
_WORDS, _THREE, _SEGMENT, _PART = Struct("<16L"), Struct("<3H"), Struct(">2H"), Struct(">HL")
_RLE: Final = b"1.2.840.10008.1.2.5"
_JPEG: Final = re.compile(rb"1\.2\.840\.10008\.1\.2\.4\.([567]\d|8[01])")
_JPEG_2000: Final = re.compile(rb"1\.2\.840\.10008\.1\.2\.4\.(9[0-3]|20[1-3])")
_NEEDED: Final = frozenset((*range(0xC0, 0xCC), 0xCD, 0xDA, 0xDB, 0xDC, 0xDD, 0xF7))
_LONGEST: Final = {0xFFC4: 2 + 8 * 273, 0xFFDB: 2 + 4 * 129}
_SHORT: Final = 26
"""No other segment is longer than four components take; tables are, and end as well."""
_SIGNED: Final = re.compile(
    rb"\xff\xe0\0\x10JFIF\0.{7}\0\0|\xff\xee\0[\x0c\x0e]Adobe.{5,7}|\xff\xf8\0\x0d\x01.{10}", re.S
)
"""Segments that hold nothing but numbers of a fixed length."""
_SCANNED: Final = re.compile(rb"(?:[^\xff]|\xff[\0\xd0-\xd7])*+")
_SCANNED_LS: Final = re.compile(rb"(?:[^\xff]|\xff[\0-\x7f\xd0-\xd7])*+")
_ENCODED_BY: Final = re.compile(
    rb"\0\x01((created by|creator:) )?((gdcm|dcm4che)/)?(openjpeg|kakadu|jasper)[ -]?(version )?"
    rb"v?[\d.]{0,12}\0?|\0\x01kdu-layer-info: [a-z0-9_{}().,/+\s-]{0,90}\(bytes\)[\d.,e+\s-]*\0?",
    re.I,
)
_FILL: Final = re.compile(rb"\0+|\xff+\Z|\xff(?=\0)")


class _FoundError(Exception):
    """Something that is no image."""


def hidden_in_pixels(written: Elements) -> Iterator[int]:
    """Yield the attributes whose values hold more than an image needs."""
    for element in written.found:
        if (
            element.tag == _PIXELS
            and written.body[element.start - 4 : element.start] == b"\xff" * 4
        ):
            try:
                _look_through(written, element)
            except (_FoundError, IndexError, error):
                yield element.tag
    yield from _long_tables(written)


def _long_tables(written: Elements) -> Iterator[int]:
    values = {
        (one.item, one.tag): one for one in written.found if one.tag >> 16 == 0x0028 and one.length
    }
    for descriptor, table in _LUT_PAIRS:
        for (item, tag), element in values.items():
            if tag == table and not _fits(written, values.get((item, descriptor)), element.length):
                yield tag


def _fits(written: Elements, descriptor: Element | None, length: int) -> bool:
    if descriptor is None or descriptor.length != _THREE.size:
        return False
    count, _, bits = _THREE.unpack(written.value(descriptor))
    count = count or 65536
    return length == count * 2 or (bits <= 8 and length in (count, count + 1))


def _look_through(written: Elements, element: Element) -> None:
    syntax = written.meta.get(0x00020010, b"").rstrip(b"\0 ")
    table, *pieces = _items(written.value(element))
    said = (written.first(_FRAMES) or b"1").strip(b" \0")
    frames = int(said) if said.isdigit() else len(pieces)
    _need(len(table) in (0, 4 * frames))
    if syntax == _RLE:
        _need(len(pieces) == frames)
        size = _number(written, _ROWS) * _number(written, _COLUMNS)
        for piece in pieces:
            _look_at_runs(piece, size)
        return
    stream, at, seen = b"".join(pieces), 0, 0
    while at < len(stream):
        if fill := _FILL.match(stream, at):
            at = fill.end()
        elif _JPEG.fullmatch(syntax):
            at, seen = _behind_jpeg(stream, at), seen + 1
        else:
            _need(_JPEG_2000.fullmatch(syntax) is not None)
            at, seen = _behind_jpeg_2000(stream, at), seen + 1
    _need(seen == frames)


def _number(written: Elements, tag: int) -> int:
    return int.from_bytes(written.first(tag) or b"", "little")


def _need(holds: bool) -> None:
    if not holds:
        raise _FoundError


def _items(value: bytes) -> list[bytes]:
    """The fragments, of which the reader has seen that they are whole."""
    found, at = [], 0
    while value[at : at + 4] == b"\xfe\xff\x00\xe0":
        length = int.from_bytes(value[at + 4 : at + 8], "little")
        found.append(value[at + 8 : at + 8 + length])
        at += 8 + length
    _need(bool(found))
    return found


def _behind_jpeg(stream: bytes, at: int) -> int:
    _need(stream.startswith(b"\xff\xd8", at))
    at, scanned = at + 2, _SCANNED
    while True:
        while stream.startswith(b"\xff\xff", at):
            at += 1
        if stream.startswith(b"\xff\xd9", at):
            return at + 2
        marker, length = _SEGMENT.unpack_from(stream, at)
        signed = _SIGNED.match(stream, at)
        _need(marker >> 8 == 0xFF and length > 1)
        if signed is None:
            _need(marker & 0xFF in _NEEDED and length <= _LONGEST.get(marker, _SHORT))
        else:
            _need(signed.end() == at + 2 + length)
        at += 2 + length
        if marker == 0xFFF7:
            scanned = _SCANNED_LS
        if marker == 0xFFDA and (data := scanned.match(stream, at)):
            at = data.end()


def _behind_jpeg_2000(stream: bytes, at: int) -> int:
    _need(stream.startswith(b"\xff\x4f", at))
    at = _behind_segments(stream, at + 2)
    while stream.startswith(b"\xff\x90\0\x0a", at):
        _, length = _PART.unpack_from(stream, at + 4)
        inside = _behind_segments(stream, at + 12)
        _need(stream.startswith(b"\xff\x93", inside))
        at = at + length if length else stream.find(b"\xff\xd9", inside)
        _need(at > inside)
    _need(stream.startswith(b"\xff\xd9", at))
    return at + 2


def _behind_segments(stream: bytes, at: int) -> int:
    """The position of the next marker that begins or ends a part."""
    while True:
        marker, length = _SEGMENT.unpack_from(stream, at)
        if marker in (0xFF90, 0xFF93):
            return at
        stop = at + 2 + length
        _need(0xFF50 <= marker <= 0xFF64 and length > 1 and stop <= len(stream))
        if marker == 0xFF64:
            value = stream[at + 4 : stop].rstrip()
            _need(_ENCODED_BY.fullmatch(value) is not None)
        at = stop


def _look_at_runs(piece: bytes, size: int) -> None:
    count, *offsets = _WORDS.unpack_from(piece)
    _need(0 < count < 16 and offsets[0] == 64 and not any(offsets[count:]))
    for number, at in enumerate(offsets[:count]):
        stop = offsets[number + 1] if number + 1 < count else len(piece)
        left = size
        while left > 0:
            head = piece[at]
            left -= 0 if head == 128 else 1 + head if head < 128 else 257 - head
            at += 1 if head == 128 else 2 + head if head < 128 else 2
        _need(left == 0 and at <= stop and not piece[at:stop].strip(b"\0"))
