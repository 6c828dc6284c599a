"""Compressed pixels (PS3.5 A.4): images and nothing else, one for each frame.

Pure. Every format of them has places for a text: comments, segments of applications, bytes behind
an image, fragments that belong to none, an offset table that is none. Images are not decoded; each
of those places must be empty, or hold what an encoder writes of itself.
"""

import re
from collections.abc import Callable
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is a class
from typing import Final

from gateway.domain.deid.stream import SEQUENCE_END, implicit_header
from gateway.domain.deid.values import ImageSize
from gateway.errors import RejectError

_SHORT, _LONG = Struct(">H"), Struct(">L")
_LITTLE = Struct("<L")
_SCAN: Final = 0xDA
_JPEG_FRAMES: Final = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), 0xCD))
_APPLICATION: Final = {
    0xE0: re.compile(rb"JFIF\0.{7}\0\0", re.DOTALL),  # without a thumbnail
    0xEE: re.compile(rb"Adobe.{5}(?:..)?", re.DOTALL),
}
_LARGEST_TABLES: Final = 8 * (17 + 256)
"""All Huffman tables that a JPEG may use, in one segment."""
_AFTER_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_AFTER_SCAN_LS: Final = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")
_PADDING: Final = re.compile(rb"(?:\0|\xff(?![\xd8\x4f]))*")
_LIBRARY: Final = (
    r"(?:creat(?:ed by|or):? )?(?:(?:gdcm|dcm4che)/)?(?:openjpeg|kakadu|jasper)"
    r"(?:[ -]?(?:version )?v?\d{1,4}(?:\.\d{1,4}){0,3})?"
)
_RATES: Final = (
    r"kdu-layer-info: log_2\{delta-d\([a-z-]+\)/delta-l\(bytes\)\}, l\(bytes\)[\d\s.,e+-]*"
)
_ENCODERS: Final = re.compile(rf"\0\x01(?:{_LIBRARY}|{_RATES})\0?\s?".encode(), re.IGNORECASE)
"""What the usual JPEG 2000 libraries write of themselves."""
_SOT, _SOD, _EOC, _COMMENT = 0xFF90, 0xFF93, 0xFFD9, 0xFF64
_MAIN: Final = frozenset((0xFF50, 0xFF51, 0xFF52, 0xFF53, 0xFF55, 0xFF57, 0xFF58, 0xFF59))
_MAIN_2000: Final = _MAIN | {*range(0xFF5C, 0xFF62), 0xFF63, _COMMENT}
_RLE_HEAD: Final = 64


class _HiddenError(Exception):
    """There is something else than an image."""


def require_images_only(data: bytes, at: int, end: int, syntax: str, image: ImageSize) -> int:
    """Look through the fragments that begin at `at`; the position after them.

    Raises
    ------
    RejectError
        `pixel-comment` for anything but images, `transfer-syntax` for a format that is not read.
    """
    items = []
    while True:
        tag, _, start, length = implicit_header(data, at, end)
        if tag == SEQUENCE_END:
            break
        if tag != 0xFFFEE000 or start + length > end:
            raise RejectError("bad-fragment", "Compressed pixel data are damaged.")
        items.append((start, length))
        at = start + length
    try:
        _require_images(data, items, syntax, image)
    except (_HiddenError, IndexError, ValueError, StructError):
        text = (
            "There is something else in the compressed pixel data than images, such as a comment."
        )
        raise RejectError("pixel-comment", text) from None
    return start


def _require_images(
    data: bytes, items: list[tuple[int, int]], syntax: str, image: ImageSize
) -> None:
    _require(bool(items))
    table, fragments = items[0], items[1:]
    _require_offsets(data, table, [start for start, _ in fragments], image.frames)
    if syntax == "1.2.840.10008.1.2.5":
        _require(image.frames in (None, len(fragments)))
        for start, length in fragments:
            _require_runs(data[start : start + length], image.plane_pixels)
        return
    after = _reader(syntax)
    stream = b"".join(data[start : start + length] for start, length in fragments)
    at = frames = 0
    while at < len(stream):
        at = _after_padding(stream, after(stream, at))
        frames += 1
    _require(image.frames in (None, frames))


def _reader(syntax: str) -> Callable[[bytes, int], int]:
    number = syntax.removeprefix("1.2.840.10008.1.2.4.")
    if re.fullmatch("5[0-9]|6[0-6]|70", number):
        return _after_jpeg
    if number in ("80", "81"):
        return _after_jpeg_ls
    if number in ("90", "91", "92", "93", "201", "202", "203"):
        return _after_jpeg_2000
    raise RejectError("transfer-syntax", "Pixels compressed in this way are not accepted.")


def _require(good: bool) -> None:
    if not good:
        raise _HiddenError


def _require_offsets(
    data: bytes, table: tuple[int, int], starts: list[int], frames: int | None
) -> None:
    """The table is empty, or says of each frame with which fragment it begins."""
    start, length = table
    if not length:
        return
    _require(length % 4 == 0 and frames in (None, length // 4) and bool(starts))
    offsets = [offset for (offset,) in _LITTLE.iter_unpack(data[start : start + length])]
    begun = {one - starts[0] for one in starts}
    _require(offsets == sorted(set(offsets)) and begun.issuperset(offsets) and not offsets[0])


def _after_padding(stream: bytes, at: int) -> int:
    """Bytes that fill a fragment say nothing, however many they are."""
    found = _PADDING.match(stream, at)
    return found.end() if found else at


def _after_jpeg(data: bytes, at: int, after_scan: re.Pattern[bytes] = _AFTER_SCAN) -> int:
    _require(data[at : at + 2] == b"\xff\xd8")
    at += 2
    while True:
        while data[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        _require(data[at] == 0xFF)
        marker = data[at + 1]
        if marker == 0xD9:
            return at + 2
        value, at = _segment(data, at)
        _require(_is_plain(marker, value))
        if marker == _SCAN:
            found = after_scan.search(data, at)
            _require(found is not None)
            at = found.start() if found else at


def _after_jpeg_ls(data: bytes, at: int) -> int:
    return _after_jpeg(data, at, _AFTER_SCAN_LS)


def _segment(data: bytes, at: int) -> tuple[bytes, int]:
    """The value of the segment whose marker is at `at`, and the position after it."""
    length = int.from_bytes(data[at + 2 : at + 4])
    stop = at + 2 + length
    _require(length >= 2 and stop <= len(data))
    return data[at + 4 : stop], stop


def _is_plain(marker: int, value: bytes) -> bool:
    """Whether a JPEG segment is one that decoding needs, and as long as its content."""
    size = len(value)
    if marker in _JPEG_FRAMES or marker == 0xF7:
        return size == 6 + 3 * value[5]
    if marker == _SCAN:
        return size == 4 + 2 * value[0]
    if marker == 0xC4:
        return _tables(value, lambda rest: 17 + sum(rest[1:17]))
    if marker == 0xDB:
        return _tables(value, lambda rest: 129 if rest[0] >> 4 else 65)
    if marker in _APPLICATION:
        return _APPLICATION[marker].fullmatch(value) is not None
    return (marker, size) in ((0xDC, 2), (0xDD, 2)) or (marker == 0xF8 and _is_preset(value))


def _is_preset(value: bytes) -> bool:
    """JPEG-LS: thresholds; its tables of colours have room for a text."""
    return len(value) == 11 and value[0] == 1


def _tables(value: bytes, size: Callable[[bytes], int]) -> bool:
    if len(value) > _LARGEST_TABLES:
        return False
    while value:
        length = size(value)
        if length > len(value):
            return False
        value = value[length:]
    return True


def _after_jpeg_2000(data: bytes, at: int) -> int:
    _require(data[at : at + 4] == b"\xff\x4f\xff\x51")
    at = _after_header(data, at + 2, _SOT)
    while data[at : at + 2] == b"\xff\x90":
        part, inside = at, _segment(data, at)[1]
        _require(inside == part + 12)
        (length,) = _LONG.unpack_from(data, at + 6)
        at = _after_header(data, inside, _SOD)
        # the last part of a tile may say 0: then it goes on to the end
        stop = part + length if length else data.find(b"\xff\xd9", at)
        _require(at <= stop <= len(data))
        at = stop
    _require(data[at : at + 2] == b"\xff\xd9")
    return at + 2


def _after_header(data: bytes, at: int, last: int) -> int:
    while (marker := int.from_bytes(data[at : at + 2])) != last:
        value, at = _segment(data, at)
        _require(marker in _MAIN_2000)
        _require(marker != _COMMENT or _ENCODERS.fullmatch(value) is not None)
    return at


def _require_runs(data: bytes, plane: int | None) -> None:
    """RLE (PS3.5 G): segments side by side, each as long as its runs, which fill a plane."""
    count, *offsets = (number for (number,) in _LITTLE.iter_unpack(data[:_RLE_HEAD]))
    _require(1 <= count <= 15 and not any(offsets[count:]) and offsets[0] == _RLE_HEAD)
    stops = [*offsets[1:count], len(data)]
    for start, stop in zip(offsets[:count], stops, strict=True):
        _require(start < stop <= len(data))
        at, made = start, 0
        while at < stop and (plane is None or made < plane):
            control = data[at]
            if control < 128:
                made, at = made + control + 1, at + control + 2
            elif control > 128:
                made, at = made + 257 - control, at + 2
            else:
                at += 1
        _require(at <= stop and plane in (None, made) and not any(data[at:stop]))
