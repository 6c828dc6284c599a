"""The rewriter on bytes: transfer syntaxes, lengths, depth, and everything that is refused."""

import struct
import zlib

import pytest
from pydicom.uid import JPEG2000, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from gateway.domain.checker import read_elements
from gateway.domain.deid import read_identity
from gateway.errors import RejectError
from tests.factories import compressed, engine, sent_objects
from tests.factories import site_objects as make
from tests.factories.streams import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    OPEN,
    element,
    file_of,
    implicit,
    item,
    plan,
    sequence,
)

BEAMS, NAME, NUMBER, LABEL = 0x300A00B0, 0x300A00C2, 0x300A00C0, 0x300A0002
FRACTIONS, SETUP = 0x300A0070, 0x300A0180


def refused(data: bytes) -> str:
    with pytest.raises(RejectError) as caught:
        engine.national_bytes(data)
    assert "irtanen" not in str(caught.value)
    return caught.value.code


def beam(number: bytes = b"1 ", name: bytes = b"LAO ") -> bytes:
    return element(NUMBER, b"IS", number) + element(NAME, b"LO", name)


@pytest.mark.parametrize("open_items", [False, True])
@pytest.mark.parametrize("open_sequence", [False, True])
def test_defined_and_undefined_lengths_mean_the_same(open_sequence: bool, open_items: bool) -> None:
    items = [item(beam(b"1 "), open_items), item(beam(b"2 "), open_items)]
    data = file_of(plan(sequence(BEAMS, *items, open_ended=open_sequence)))
    plain = file_of(plan(sequence(BEAMS, item(beam(b"1 ")), item(beam(b"2 ")))))
    assert engine.national_bytes(data) == engine.national_bytes(plain)
    assert [int(b.BeamNumber) for b in engine.after_both(data).BeamSequence] == [1, 2]


def test_implicit_and_explicit_objects_become_the_same() -> None:
    dataset = sent_objects.sent(make.structures(100, [1, 2]))
    written = [
        engine.after_both(sent_objects.as_bytes(dataset, syntax))
        for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
    ]
    assert [d.file_meta.TransferSyntaxUID for d in written] == [EXPLICIT, IMPLICIT]
    assert written[0] == written[1]


def test_a_deflated_object_is_written_plain() -> None:
    body = plan(element(LABEL, b"SH", b"PTV "))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(body) + packer.flush()
    data = file_of(packed, DEFLATED)
    assert engine.national_bytes(data) == engine.national_bytes(file_of(body))


def test_a_deflate_bomb_is_refused_without_being_unpacked() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(80)) + packer.flush()
    assert len(packed) < 1 << 17
    assert refused(file_of(packed, DEFLATED)) == "deflate-bomb"


def test_compressed_pixels_are_copied_as_they_are() -> None:
    data = compressed.as_sent(JPEG2000)
    written = engine.after_both(data)
    assert written.PixelData in data
    assert written.file_meta.TransferSyntaxUID == JPEG2000


@pytest.mark.parametrize(
    "planted",
    [
        element(0x32531000, b"UN", b"Virtanen"),
        element(0x32531000, b"UN", item(implicit(0x00100010, b"Virtanen")), OPEN)
        + implicit(0xFFFEE0DD, b""),
        sequence(0x32531000, item(element(0x00100010, b"PN", b"Virtanen"))),
        sequence(0x32531000, item(element(0x00100010, b"PN", b"Virtanen"), True), open_ended=True),
        element(0x32530010, b"LO", b"Virtanen"),
        element(0x300A0000, b"UL", b"Virt"),
    ],
    ids=["UN", "UN sequence", "sequence", "open sequence", "creator", "group length"],
)
def test_private_and_unknown_elements_go_at_every_depth(planted: bytes) -> None:
    for body in (planted, sequence(BEAMS, item(planted)), sequence(BEAMS, item(planted, True))):
        assert b"Virt" not in engine.national_bytes(file_of(plan(body)))


def test_marks_are_written_in_their_place() -> None:
    for data in (file_of(plan()), file_of(plan(element(LABEL, b"SH", b"PTV ")))):
        tags = [e.tag for e in read_elements(engine.national_bytes(data)).found if not e.depth]
        assert tags == sorted(tags)
        assert {0x00120062, 0x00120063, 0x00120064, 0x00280303} <= set(tags)


def test_the_header_is_written_anew() -> None:
    dataset = sent_objects.sent(make.plan(200, 100))
    data = sent_objects.as_bytes(dataset)
    at = data.index(b"\x02\x00\x10\x00UI")
    planted = (
        element(0x00020016, b"AE", b"KYS_VIRTANEN"),
        element(0x00020100, b"UI", b"1.2.3\0"),
        element(0x00020102, b"OB", b"Virtanen"),
    )
    end = at + 8 + struct.unpack_from("<H", data, at + 6)[0]
    rest = data.index(b"\x08\x00\x05\x00CS")
    polyglot = b"MZ Virtanen".ljust(128, b"!") + data[128:end] + b"".join(planted) + data[rest:]
    written = engine.national_bytes(polyglot)
    assert b"irtanen" not in written.lower() + b"".join(written[:128].split())
    assert written[:128] == bytes(128)
    meta = read_elements(written).meta
    assert set(meta) == {0x20000 + n for n in (0, 1, 2, 3, 0x10, 0x12, 0x13)}


def deep(levels: int) -> bytes:
    body = b""
    for _ in range(levels):
        body = sequence(BEAMS, item(body), open_ended=True)
    return file_of(plan(body))


def test_sixteen_levels_pass_and_more_are_refused() -> None:
    assert engine.national_bytes(deep(16))
    assert refused(deep(17)) == "too-deep"
    assert refused(deep(5000)) == "too-deep"


def test_what_is_removed_may_not_be_deeper_either() -> None:
    body = b""
    for _ in range(5000):
        body = sequence(0x32531000, item(body, True), open_ended=True)
    assert refused(file_of(plan(body))) == "too-deep"


DAMAGED = {
    "no preamble": (b"DICM" + plan(), "not-dicom"),
    "empty": (b"", "not-dicom"),
    "text": (b"patient Virtanen " * 20, "not-dicom"),
    "big endian": (file_of(plan(), BIG_ENDIAN), "transfer-syntax"),
    "unknown syntax": (file_of(plan(), "1.2.3"), "transfer-syntax"),
    "no syntax": (file_of(plan(), ""), "transfer-syntax"),
    "nothing": (file_of(b""), "no-uid"),
    "another class in the header": (
        file_of(plan()).replace(b"481.5\0", b"481.2\0", 1),
        "meta-contradicts",
    ),
    "cut in a value": (file_of(plan(element(LABEL, b"SH", b"PTV ")))[:-2], "lying-length"),
    "cut in a header": (file_of(plan(element(LABEL, b"SH", b"PTV ")))[:-7], "truncated"),
    "cut in an item": (file_of(plan(sequence(BEAMS, item(beam()))))[:-3], "lying-length"),
    "four gigabytes": (file_of(plan(element(BEAMS, b"SQ", b"", 0xFFFFFFF0))), "lying-length"),
    "item beyond its sequence": (
        file_of(plan(element(BEAMS, b"SQ", implicit(0xFFFEE000, beam(), 99)))),
        "lying-length",
    ),
    "value beyond its item": (
        file_of(plan(sequence(BEAMS, item(element(NAME, b"LO", b"LAO ", 40))))),
        "lying-length",
    ),
    "no end of sequence": (
        file_of(plan(element(BEAMS, b"SQ", item(beam()), OPEN))),
        "truncated",
    ),
    "no end of item": (
        file_of(plan(sequence(BEAMS, implicit(0xFFFEE000, beam(), OPEN)))),
        "truncated",
    ),
    "no item in a sequence": (
        file_of(plan(sequence(BEAMS, implicit(NAME, b"LAO ")))),
        "not-an-item",
    ),
    "twice": (
        file_of(plan(element(LABEL, b"SH", b"a "), element(LABEL, b"SH", b"b "))),
        "tag-order",
    ),
    "out of order": (
        file_of(plan(element(FRACTIONS, b"SQ", b""), element(LABEL, b"SH", b"b "))),
        "tag-order",
    ),
    "zeros behind": (file_of(plan()) + bytes(16), "unknown-vr"),
    "text behind": (file_of(plan()) + b"Virtanen Maija 1952", "unknown-vr"),
    "unknown representation": (file_of(plan(element(LABEL, b"ZZ", b"PTV "))), "unknown-vr"),
    "wrong representation": (file_of(plan(element(LABEL, b"FD", b"PTV Virt"))), "wrong-vr"),
    "a sequence that is a text": (file_of(plan(element(BEAMS, b"LO", b"Virtanen"))), "wrong-vr"),
    "a sequence in unknown form": (
        file_of(plan(element(BEAMS, b"UN", item(beam())))),
        "wrong-vr",
    ),
    "a text of undefined length": (
        file_of(plan(element(LABEL, b"UT", b"", OPEN), implicit(0xFFFEE0DD, b""))),
        "wrong-vr",
    ),
    "decimal comma": (
        file_of(plan(sequence(BEAMS, item(element(0x300A00B4, b"DS", b"1,5 "))))),
        "bad-value",
    ),
    "nan": (file_of(plan(sequence(BEAMS, item(element(0x300A00B4, b"DS", b"nan "))))), "bad-value"),
    "letters in a number": (file_of(plan(sequence(BEAMS, item(beam(b"no 1"))))), "bad-value"),
    "letters in a UID": (file_of(plan(element(0x0020000D, b"UI", b"1.2.Virtanen"))), "bad-value"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_cannot_be_understood_is_refused_with_a_code(case: str) -> None:
    data, code = DAMAGED[case]
    assert refused(data) == code


def test_room_behind_a_binary_value_is_refused() -> None:
    image = sent_objects.sent(make.ct(1, 0.0))
    data = sent_objects.as_bytes(image)
    rows = element(0x00280010, b"US", struct.pack("<H", 2))
    assert rows in data
    assert refused(data.replace(rows, element(0x00280010, b"US", b"Virtanen"))) == "bad-value"


def test_room_behind_the_pixels_is_refused() -> None:
    image = sent_objects.sent(make.ct(1, 0.0))
    image.PixelData += b"Virtanen"
    assert refused(sent_objects.as_bytes(image)) == "pixel-length"


def test_the_frames_are_counted_whatever_other_number_is_the_same() -> None:
    grid = sent_objects.sent(make.dose(300, 200))
    grid.SeriesNumber = grid.NumberOfFrames = 2
    grid.SamplesPerPixel, grid.PixelRepresentation = 1, 0
    grid.BitsAllocated = grid.BitsStored = 16
    grid.HighBit = 15
    grid.PixelData = bytes(2 * 4 * 4 * 2)
    assert engine.after_both(sent_objects.as_bytes(grid)).PixelData == grid.PixelData


def test_every_cut_of_a_whole_object_is_refused_or_complete() -> None:
    """No prefix of an object may crash the reader or pass with something missing at its end."""
    data = sent_objects.as_sent(make.plan(200, 100))
    whole = engine.site_bytes(data)
    for length in range(0, len(data) - 1, 3):
        try:
            assert engine.site_bytes(data[:length]) != whole
        except RejectError:
            continue


def test_identity_is_read_in_every_syntax() -> None:
    dataset = sent_objects.sent(make.plan(200, 100))
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        identity = read_identity(sent_objects.as_bytes(dataset, syntax))
        assert identity.patient_id == sent_objects.PATIENT_ID
        assert identity.patient_name == sent_objects.NAME
        assert identity.modality == "RTPLAN"
        assert "irtanen" not in repr(identity)
        assert sent_objects.PATIENT_ID not in repr(identity)


def test_identity_is_not_taken_from_inside_a_sequence() -> None:
    other = element(0x00100020, b"LO", b"OTHER1")
    body = plan()
    at = body.index(b"\x10\x00\x10\x00PN")
    data = file_of(body[:at] + sequence(0x00081115, item(other, True), open_ended=True) + body[at:])
    assert read_identity(data).patient_id == "130452-308Y"
