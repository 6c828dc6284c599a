"""The DICOM byte stream (PS3.5, PS3.10): element headers, file meta, transfer syntaxes.

Pure. Positions are byte offsets into one buffer. Every length is checked before it is used, and
no error text quotes a byte of the object.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.contract.dimse import DimseStatus
from gateway.errors import RejectError

UNDEFINED: Final = 0xFFFFFFFF
ITEM: Final = 0xFFFEE000
ITEM_END: Final = 0xFFFEE00D
SEQUENCE_END: Final = 0xFFFEE0DD
PIXEL_DATA: Final = 0x7FE00010
DEEPEST: Final = 16
"""Nesting that no RT object needs and that some readers survive no better than a stack does."""

LARGEST_INFLATED: Final = 512 * 2**20
SMALL_INFLATED: Final = 64 * 2**20
LARGEST_RATIO: Final = 100
"""An object that grows beyond `SMALL_INFLATED` may grow by this factor; empty dose grids do."""

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
ENCAPSULATED: Final = ("1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5")

LONG_VRS: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
SHORT_VRS: Final = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
)

IMPLEMENTATION_CLASS_UID: Final = "2.25.240184271532119174120561301914583187716"
IMPLEMENTATION_VERSION: Final = "KASARI_1"

Header = tuple[int, bytes, int, int]
"""Tag, value representation (empty when implicit), start of the value, its length."""
HeaderReader = Callable[[bytes, int, int], Header]

_EXPLICIT = struct.Struct("<HH2sH")
_IMPLICIT = struct.Struct("<HHL")
_LENGTH = struct.Struct("<L")


@dataclass(frozen=True)
class Part10:
    """A file taken apart: the data set's bytes, inflated, and what is needed to write it again."""

    body: bytes
    start: int
    """Where the data set begins in `body`."""
    transfer_syntax: str
    """Of `body`, and of what will be written."""
    sop_class_uid: str

    @property
    def explicit(self) -> bool:
        return self.transfer_syntax != IMPLICIT_LITTLE

    @property
    def read_header(self) -> HeaderReader:
        return explicit_header if self.explicit else implicit_header


def explicit_header(data: bytes, at: int, end: int) -> Header:
    """Read an explicit VR header. A VR that does not exist or a length past the end refuses."""
    if at + 8 > end:
        raise truncated()
    group, element, vr, length = _EXPLICIT.unpack_from(data, at)
    if vr in SHORT_VRS:
        start = at + 8
    elif vr in LONG_VRS:
        if at + 12 > end:
            raise truncated()
        (length,) = _LENGTH.unpack_from(data, at + 8)
        start = at + 12
    elif group == 0xFFFE:
        (length,) = _LENGTH.unpack_from(data, at + 4)
        start, vr = at + 8, b""
    else:
        raise RejectError("unknown-vr", "An element has an unknown value representation.")
    if length != UNDEFINED and start + length > end:
        raise lying()
    return group << 16 | element, vr, start, length


def implicit_header(data: bytes, at: int, end: int) -> Header:
    """Read an implicit VR header."""
    if at + 8 > end:
        raise truncated()
    group, element, length = _IMPLICIT.unpack_from(data, at)
    if length != UNDEFINED and at + 8 + length > end:
        raise lying()
    return group << 16 | element, b"", at + 8, length


def truncated() -> RejectError:
    return RejectError("truncated", "The object ends in the middle of an element. Send it again.")


def lying() -> RejectError:
    return RejectError("lying-length", "An element is longer than the object. Send it again.")


def too_deep() -> RejectError:
    return RejectError("too-deep", f"Sequences are nested more than {DEEPEST} deep.")


def skip_sequence(read: HeaderReader, data: bytes, at: int, end: int, depth: int) -> int:
    """The position after a sequence of undefined length whose items begin at `at`."""
    if depth > DEEPEST:
        raise too_deep()
    while True:
        tag, _, start, length = implicit_header(data, at, end)
        if tag == SEQUENCE_END:
            return start
        if tag != ITEM:
            raise RejectError("not-an-item", "A sequence holds something that is not an item.")
        at = start + length
        if length == UNDEFINED:
            at = _skip_item(read, data, start, end, depth)


def _skip_item(read: HeaderReader, data: bytes, at: int, end: int, depth: int) -> int:
    while True:
        tag, vr, start, length = read(data, at, end)
        if tag == ITEM_END:
            return start
        at = start + length
        if length == UNDEFINED:
            inner = implicit_header if vr == b"UN" else read
            at = skip_sequence(inner, data, start, end, depth + 1)


def top_elements(source: Part10, last: int) -> Iterator[Header]:
    """The elements of the top level that have a length, up to the tag `last` before the pixels."""
    data, read, end, at = source.body, source.read_header, len(source.body), source.start
    while at < end:
        header = tag, vr, start, length = read(data, at, end)
        if tag > last:
            return
        if length == UNDEFINED:
            inner = implicit_header if vr == b"UN" else read
            at = skip_sequence(inner, data, start, end, 1)
            continue
        yield header
        at = start + length


def skip_fragments(data: bytes, at: int, end: int) -> int:
    """The position after encapsulated pixel data whose fragments begin at `at`."""
    while True:
        tag, _, start, length = implicit_header(data, at, end)
        if tag == SEQUENCE_END:
            return start
        if tag != ITEM or length == UNDEFINED:
            raise RejectError("bad-fragment", "Compressed pixel data are damaged.")
        at = start + length


def open_part10(data: bytes) -> Part10:
    """Read the file meta information and, when deflated, inflate the data set.

    Raises
    ------
    RejectError
        When it is no DICOM file, or in a transfer syntax that this profile does not rewrite.
    """
    if len(data) < 144 or data[128:132] != b"DICM":
        raise RejectError("not-dicom", "This is not a DICOM file.")
    meta, at = _file_meta(data)
    syntax = meta.get(0x00020010, "")
    if syntax == DEFLATED:
        return Part10(_inflate(data[at:]), 0, EXPLICIT_LITTLE, meta.get(0x00020002, ""))
    known = syntax in (IMPLICIT_LITTLE, EXPLICIT_LITTLE) or syntax.startswith(ENCAPSULATED)
    if not known:
        raise RejectError(
            "transfer-syntax",
            "The transfer syntax is not accepted. Send little endian, explicit or implicit.",
            DimseStatus.SOP_CLASS_NOT_SUPPORTED,
        )
    return Part10(data, at, syntax, meta.get(0x00020002, ""))


def _file_meta(data: bytes) -> tuple[dict[int, str], int]:
    values: dict[int, str] = {}
    at = 132
    while data[at : at + 2] == b"\x02\x00":
        tag, vr, start, length = explicit_header(data, at, len(data))
        if length == UNDEFINED:
            raise lying()
        if vr == b"UI":
            values[tag] = data[start : start + length].rstrip(b"\0 ").decode("ascii", "replace")
        at = start + length
    return values, at


def _inflate(packed: bytes) -> bytes:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        grown = max(SMALL_INFLATED, LARGEST_RATIO * len(packed))
        body = engine.decompress(packed, min(grown, LARGEST_INFLATED))
    except zlib.error as error:
        raise RejectError("bad-deflate", "The deflated data set is damaged.") from error
    if engine.unconsumed_tail:
        raise RejectError("deflate-bomb", "The deflated data set grows beyond every RT object.")
    return body


def write_element(tag: int, vr: bytes, value: bytes, explicit: bool) -> bytes:
    """One element; the value must have an even length."""
    group, element = tag >> 16, tag & 0xFFFF
    if not explicit:
        return _IMPLICIT.pack(group, element, len(value)) + value
    if vr in LONG_VRS:
        return _EXPLICIT.pack(group, element, vr, 0) + _LENGTH.pack(len(value)) + value
    return _EXPLICIT.pack(group, element, vr, len(value)) + value


def write_head(sop_class_uid: str, sop_instance_uid: str, transfer_syntax: str) -> bytes:
    """Preamble of zeros, `DICM` and fresh file meta information (PS3.10 7.1)."""
    rows = (
        (0x00020001, b"OB", b"\x00\x01"),
        (0x00020002, b"UI", _uid(sop_class_uid)),
        (0x00020003, b"UI", _uid(sop_instance_uid)),
        (0x00020010, b"UI", _uid(transfer_syntax)),
        (0x00020012, b"UI", _uid(IMPLEMENTATION_CLASS_UID)),
        (0x00020013, b"SH", IMPLEMENTATION_VERSION.encode()),
    )
    meta = b"".join(write_element(tag, vr, value, explicit=True) for tag, vr, value in rows)
    length = write_element(0x00020000, b"UL", _LENGTH.pack(len(meta)), explicit=True)
    return bytes(128) + b"DICM" + length + meta


def _uid(text: str) -> bytes:
    value = text.encode("ascii")
    return value + b"\0" * (len(value) % 2)
