"""Compressed pixels and lookup tables: the image passes, whatever else can stand there does not.

Engine and checker are asked apart: neither may know less than the other.
"""

import struct
from collections.abc import Callable

import pytest
from pydicom import Dataset
from pydicom.uid import (
    HEVCMP51,
    JPEG2000,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from gateway.domain.checker import read_elements
from gateway.domain.checker.pixels import hidden_in_pixels
from gateway.errors import RejectError
from tests.factories import compressed, engine, sent_objects
from tests.factories import site_objects as make

NAME = b"Dr Laine Jaakko, 040 1234567"
JPEG, J2K, LS, RLE = JPEGBaseline8Bit, JPEG2000, JPEGLSLossless, RLELossless
PIXELS = 0x7FE00010


def refused(data: bytes) -> str:
    with pytest.raises(RejectError) as error:
        engine.site_bytes(data)
    assert "Laine" not in str(error.value)
    return error.value.code


def found(data: bytes) -> list[int]:
    return list(hidden_in_pixels(read_elements(data)))


def segment(marker: int, value: bytes) -> bytes:
    return struct.pack(">HH", marker, len(value) + 2) + value


def behind_start(frame: bytes, *more: bytes) -> bytes:
    return frame[:2] + b"".join(more) + frame[2:]


def before_tiles(frame: bytes, *more: bytes) -> bytes:
    at = frame.index(b"\xff\x90\0\x0a")
    return frame[:at] + b"".join(more) + frame[at:]


def in_scan(frame: bytes, text: bytes) -> bytes:
    """Behind the image's own data, before its end."""
    return frame[:-2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + frame[-2:]


def run_behind(frame: bytes) -> bytes:
    """An RLE image with a text where its last segment is done."""
    return frame + bytes([len(NAME) - 1]) + NAME


def head_with(frame: bytes) -> bytes:
    return frame[:36] + NAME + frame[64:]


@pytest.mark.parametrize("syntax", compressed.FORMS)
def test_an_image_passes_as_it_is(syntax: str) -> None:
    for data in (compressed.as_sent(syntax), compressed.as_sent(syntax, table=False)):
        written = engine.after_both(data)
        assert written.PixelData in data
        assert engine.objections(data, engine.national_bytes(data)) == []


@pytest.mark.parametrize("syntax", [JPEG, J2K, LS])
def test_frames_in_several_fragments_pass(syntax: str) -> None:
    frame = compressed.frame(syntax)
    for parts in ([frame, frame], [frame[:40], frame[40:], frame]):
        data = compressed.as_sent(syntax, *parts, frames=2, table=len(parts) == 2, kind="dose")
        assert engine.site_bytes(data)
        assert found(data) == []


HIDDEN: dict[str, tuple[str, Callable[[bytes], list[bytes]]]] = {
    "a JPEG comment": (JPEG, lambda f: [behind_start(f, segment(0xFFFE, NAME))]),
    "a comment behind the scan": (JPEG, lambda f: [in_scan(f, NAME)]),
    "Exif": (JPEG, lambda f: [behind_start(f, segment(0xFFE1, b"Exif\0\0" + NAME))]),
    "a long JFIF": (JPEG, lambda f: [behind_start(f, segment(0xFFE0, b"JFIF\0" + NAME))]),
    "a long Adobe": (JPEG, lambda f: [behind_start(f, segment(0xFFEE, b"Adobe" + NAME))]),
    "a segment of no kind": (JPEG, lambda f: [behind_start(f, segment(0xFFF0, NAME))]),
    "bytes behind JPEG": (JPEG, lambda f: [f + NAME]),
    "a fragment behind JPEG": (JPEG, lambda f: [f, NAME]),
    "one image too many": (JPEG, lambda f: [f, f]),
    "no image": (JPEG, lambda f: [NAME]),
    "an empty fragment": (JPEG, lambda f: [b"\0\0"]),
    "half an image": (JPEG, lambda f: [f[: len(f) // 2]]),
    "a JPEG 2000 comment": (J2K, lambda f: [before_tiles(f, segment(0xFF64, b"\0\1" + NAME))]),
    "a name behind Kakadu's": (
        J2K,
        lambda f: [before_tiles(f, segment(0xFF64, b"\0\1Kakadu-6.1 " + NAME))],
    ),
    "a comment of bytes": (J2K, lambda f: [before_tiles(f, segment(0xFF64, b"\0\0OpenJPEG"))]),
    "bytes behind JPEG 2000": (J2K, lambda f: [f + NAME]),
    "boxes": (J2K, lambda f: [b"\0\0\0\x0cjP  \r\n\x87\n" + f]),
    "a JPEG-LS comment": (LS, lambda f: [behind_start(f, segment(0xFFFE, NAME))]),
    "a JPEG-LS table": (LS, lambda f: [behind_start(f, segment(0xFFF8, b"\2\1\1" + NAME))]),
    "bytes behind JPEG-LS": (LS, lambda f: [f + NAME]),
    "a run behind RLE": (RLE, lambda f: [run_behind(f)]),
    "a text in the RLE header": (RLE, lambda f: [head_with(f)]),
    "an RLE header cut short": (RLE, lambda f: [f[:10]]),
    "a tile part that ends at once": (J2K, lambda f: [f[: f.index(b"\xff\x90")] + b"\xff\x90\0\2"]),
    "tables without end": (JPEG, lambda f: [behind_start(f, segment(0xFFC4, bytes(17 * 999)))]),
    "a fragment behind RLE": (RLE, lambda f: [f, NAME]),
    "a video": (HEVCMP51, lambda f: [f]),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_what_is_no_image_is_refused_and_found(case: str) -> None:
    syntax, plant = HIDDEN[case]
    frame = compressed.frame(JPEG if syntax == HEVCMP51 else syntax)
    data = compressed.as_sent(syntax, *(part + b"\0" * (len(part) % 2) for part in plant(frame)))
    assert refused(data) == ("transfer-syntax" if syntax == HEVCMP51 else "pixel-comment")
    assert found(data) == [PIXELS]


@pytest.mark.parametrize(
    "words",
    [
        b"Created by OpenJPEG version 2.5.0",
        b"Created by GDCM/OpenJPEG version 2.0",
        b"Kakadu-v6.4.1",
        b"Creator: JasPer Version 1.900.1",
        b"Kdu-Layer-Info: log_2{Delta-D(squared-error)/Delta-L(bytes)}, L(bytes)\n-32.0, 3e+04\n",
    ],
)
def test_an_encoder_may_say_its_name(words: bytes) -> None:
    frame = before_tiles(compressed.frame(J2K), segment(0xFF64, b"\0\1" + words))
    data = compressed.as_sent(J2K, frame + b"\0" * (len(frame) % 2))
    assert engine.site_bytes(data)
    assert found(data) == []


def test_an_offset_table_holds_offsets_and_nothing_else() -> None:
    data = compressed.as_sent(JPEG)
    item = b"\xfe\xff\x00\xe0"
    at = data.index(item)
    assert data[at : at + 12] == item + b"\4\0\0\0\0\0\0\0"[:8]
    for table in (NAME, b"Jaak"):
        planted = data[:at] + item + struct.pack("<L", len(table)) + table + data[at + 12 :]
        assert refused(planted) == "pixel-comment"
    assert found(data[:at] + item + struct.pack("<L", len(NAME)) + NAME + data[at + 12 :])


def test_fragments_in_an_uncompressed_syntax_are_refused() -> None:
    data = compressed.as_sent(JPEG, NAME)
    plain = str(ExplicitVRLittleEndian).encode().ljust(len(JPEG), b"\0")
    assert refused(data.replace(JPEG.encode(), plain)) == "transfer-syntax"
    assert found(data.replace(JPEG.encode(), plain)) == [PIXELS]


def coloured(length: int, bits: int = 8, entries: int = 256, text: bytes = b"") -> Dataset:
    image = sent_objects.sent(make.ct(1, 0.0))
    for colour in ("Red", "Green", "Blue"):
        setattr(image, f"{colour}PaletteColorLookupTableDescriptor", [entries, 0, bits])
        value = text.ljust(length, b"\1") if colour == "Red" else b"\1" * length
        setattr(image, f"{colour}PaletteColorLookupTableData", value)
    return image


def test_a_palette_is_as_long_as_its_descriptor_says() -> None:
    for length, bits, entries in ((256, 8, 256), (512, 16, 256), (512, 8, 256), (131072, 16, 0)):
        data = sent_objects.as_bytes(coloured(length, bits, entries))
        assert engine.site_bytes(data)
        assert found(data) == []
    for length, bits, entries in ((300, 8, 256), (256, 16, 256), (6058, 8, 256)):
        data = sent_objects.as_bytes(coloured(length, bits, entries, NAME))
        assert refused(data) == "bad-value"
        assert set(found(data)) == {0x00281201, 0x00281202, 0x00281203}
    bare = sent_objects.sent(make.ct(1, 0.0))
    bare.RedPaletteColorLookupTableData = NAME
    assert refused(sent_objects.as_bytes(bare)) == "bad-value"
    assert found(sent_objects.as_bytes(bare)) == [0x00281201]


def test_a_table_of_shades_is_as_long_as_its_descriptor_says() -> None:
    for entries, good in ((16, True), (30, False)):
        image = sent_objects.sent(make.ct(1, 0.0))
        table = Dataset()
        table.add_new(0x00283002, "US", [16, 0, 12])
        table.add_new(0x00283006, "US", list(NAME.ljust(entries)[:entries]))
        image.VOILUTSequence = [table]
        data = sent_objects.as_bytes(image)
        assert bool(found(data)) is not good
        if good:
            assert engine.site_bytes(data)
        else:
            assert refused(data) == "bad-value"
