"""The part of the leak corpus that no data set can hold: bytes, headers, encodings, whole courses.

Numbers as in `tests.factories.leaks`; `ELSEWHERE` says which test tries the rest of them.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, JPEGLSNearLossless

from tests.factories import compressed, leaks, sent_objects
from tests.factories import site_objects as make
from tests.factories.streams import (
    BIG_ENDIAN,
    DEFLATED,
    OPEN,
    element,
    file_of,
    item,
    plan,
    sequence,
)

NAME = b"Virtanen"
BEAMS, LABEL, DESCRIPTION, BEAM_NAME = 0x300A00B0, 0x300A0002, 0x300A0004, 0x300A00C2
PASSES = ""


@dataclass(frozen=True)
class RawLeak:
    """One entry; `code`: by which it is refused, or nothing if it must pass, cleaned."""

    number: int
    name: str
    data: Callable[[], bytes]
    code: str = PASSES

    def __str__(self) -> str:
        return f"{self.number:02d} {self.name}"


def changed(kind: str, **values: object) -> Callable[[], bytes]:
    return leaks.Leak(0, "", kind, leaks.put(**values)).data


def behind_patient(*more: bytes) -> Callable[[], bytes]:
    return lambda: file_of(plan(*more))


def headed() -> bytes:
    """Names in the file's header and in the 128 bytes before it, which say ZIP and MZ."""
    data = file_of(plan())
    at = data.index(b"\x08\x00\x16\x00UI")
    more = element(0x00020016, b"AE", b"KYS_VIRTANEN") + element(0x00020102, b"OB", NAME)
    return b"MZPK Virtanen Maija".ljust(128, b"!") + data[128:at] + more + data[at:]


def deep(levels: int) -> bytes:
    body = element(BEAM_NAME, b"LO", NAME)
    for _ in range(levels):
        body = sequence(BEAMS, item(body), open_ended=True)
    return file_of(plan(body))


def bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return file_of(b"".join(packer.compress(bytes(1 << 20)) for _ in range(80)), DEFLATED)


def fragments() -> bytes:
    """A compressed image with far more fragments than frames."""
    image = sent_objects.sent(make.ct(1, 0.0))
    image.PixelData = encapsulate([b"\xff\xd8"] * 20_000)
    image["PixelData"].is_undefined_length = True
    return sent_objects.as_bytes(image, JPEGLSNearLossless)


def many_contours() -> bytes:
    contour = item(element(0x30060050, b"DS", b"1\\2\\3 "))
    structures = sent_objects.as_sent(make.structures(100, [1]))
    rows = element(0x30060039, b"SQ", item(element(0x30060040, b"SQ", contour * 20_000)))
    at = structures.index(b"\x06\x30\x39\x00SQ")
    stop = structures.index(b"\x06\x30\x80\x00SQ")
    return structures[:at] + rows + structures[stop:]


def named_in(character_sets: str, encoding: str) -> Callable[[], bytes]:
    """The name as Latin-1 or UTF-8 where something else is declared."""

    def made() -> bytes:
        text = "PTV Mäkinen".encode(encoding)
        text += b" " * (len(text) % 2)
        declared = character_sets.encode()
        head = element(0x00080005, b"CS", declared + b" " * (len(declared) % 2))
        return file_of(head + plan(element(DESCRIPTION, b"ST", text)))

    return made


def pixels(more: bytes, less: int = 0) -> Callable[[], bytes]:
    def made() -> bytes:
        image = sent_objects.sent(make.ct(1, 0.0))
        image.PixelData = image.PixelData[less:] + more
        return sent_objects.as_bytes(image)

    return made


def high_bits() -> bytes:
    """Twelve bits are stored; the four above them spell a name, half a letter at a time."""
    image = sent_objects.sent(make.ct(1, 0.0))
    image.BitsStored, image.HighBit = 12, 11
    halves = [half for letter in NAME for half in (letter >> 4, letter & 15)]
    count = len(image.PixelData) // 2
    values = [halves[at % len(halves)] << 12 for at in range(count)]
    image.PixelData = struct.pack(f"<{count}H", *values)
    return sent_objects.as_bytes(image)


def one_reference(path: str, keyword: str) -> Callable[[], bytes]:
    """A UID of the sender that holds the birth date, in one place only."""
    kind = "structures" if path.startswith(("ROI", "Ref", "Str", "Pre")) else "plan"
    return leaks.Leak(0, "", kind, leaks.put_in(path, **{keyword: "1.2.246.130452.77"})).data


REFERENCES = {
    "ROIContourSequence.ContourSequence.ContourImageSequence": "ReferencedSOPInstanceUID",
    "ReferencedFrameOfReferenceSequence.RTReferencedStudySequence": "ReferencedSOPInstanceUID",
    "PredecessorStructureSetSequence": "ReferencedSOPInstanceUID",
    "StructureSetROISequence": "ReferencedFrameOfReferenceUID",
    "BeamSequence.ReferencedReferenceImageSequence": "ReferencedSOPInstanceUID",
    "DoseReferenceSequence": "DoseReferenceUID",
}

RAW_LEAKS = [
    RawLeak(20, "age of 104 years", changed("plan", PatientAge="104Y")),
    RawLeak(
        36,
        "labels of a portal image",
        leaks.Leak(
            0, "", "dose", leaks.put(RTImageLabel="Virtanen", RTImageDescription="Maija")
        ).data,
    ),
    RawLeak(53, "text in the unused bits of pixels", high_bits, "pixel-bits"),
    RawLeak(56, "names in the file's header", headed),
    RawLeak(57, "a preamble that is a program", headed),
    RawLeak(58, "text behind the data set", lambda: file_of(plan()) + b"Virtanen", "unknown-vr"),
    RawLeak(59, "group length with text", behind_patient(element(0x300A0000, b"UL", NAME))),
    RawLeak(59, "command group", lambda: file_of(element(0x00000110, b"US", b"\1\0") + plan())),
    *(
        RawLeak(66, f"reference in {path.split('.')[-1]} only", one_reference(path, keyword))
        for path, keyword in REFERENCES.items()
    ),
    RawLeak(72, "content date unlike the study date", changed("dose", ContentDate="19520413")),
    RawLeak(75, "Latin-1 in a UTF-8 file", named_in("ISO_IR 192", "latin-1")),
    RawLeak(75, "UTF-8 in a Latin-1 file", named_in("ISO_IR 100", "utf-8")),
    RawLeak(75, "a character set that is a name", named_in("VIRTANEN", "utf-8")),
    RawLeak(75, "escape sequences", named_in("ISO 2022 IR 6\\ISO 2022 IR 87", "iso2022_jp_ext")),
    RawLeak(81, "fifty levels", lambda: deep(50), "too-deep"),
    RawLeak(81, "five thousand levels", lambda: deep(5000), "too-deep"),
    RawLeak(81, "twelve levels", lambda: deep(12)),
    RawLeak(
        82,
        "sequence without end",
        behind_patient(element(BEAMS, b"SQ", item(element(BEAM_NAME, b"LO", NAME)), OPEN)),
        "truncated",
    ),
    RawLeak(
        82,
        "four gigabytes",
        behind_patient(element(BEAMS, b"SQ", NAME, 0xFFFFFFF0)),
        "lying-length",
    ),
    RawLeak(83, "deflate bomb", bomb, "deflate-bomb"),
    RawLeak(83, "big endian", lambda: file_of(plan(), BIG_ENDIAN), "transfer-syntax"),
    RawLeak(83, "twenty thousand fragments", fragments, "pixel-comment"),
    RawLeak(
        83,
        "a comment in compressed pixels",
        lambda: compressed.as_sent(JPEGBaseline8Bit, compressed.commented(NAME)),
        "pixel-comment",
    ),
    RawLeak(84, "twenty thousand contours", many_contours),
    RawLeak(84, "a million frames", changed("dose", NumberOfFrames="1000000")),
    RawLeak(
        85,
        "decimal comma",
        behind_patient(sequence(BEAMS, item(element(0x300A00B4, b"DS", b"1,5 ")))),
        "bad-value",
    ),
    RawLeak(
        85,
        "not a number",
        behind_patient(sequence(BEAMS, item(element(0x300A00B4, b"DS", b"nan ")))),
        "bad-value",
    ),
    RawLeak(
        85,
        "an identity code in a number",
        behind_patient(sequence(BEAMS, item(element(0x300A00B4, b"DS", b"130452-3089 ")))),
        "bad-value",
    ),
    RawLeak(85, "text in a binary number", behind_patient(element(LABEL, b"FD", NAME)), "wrong-vr"),
    RawLeak(
        86,
        "an attribute twice",
        behind_patient(element(LABEL, b"SH", b"a "), element(LABEL, b"SH", NAME)),
        "tag-order",
    ),
    RawLeak(
        86,
        "attributes out of order",
        behind_patient(element(DESCRIPTION, b"ST", b"a "), element(LABEL, b"SH", NAME)),
        "tag-order",
    ),
    RawLeak(
        87,
        "another class in the header",
        lambda: file_of(plan()).replace(b"481.5\0", b"481.2\0", 1),
        "meta-contradicts",
    ),
    RawLeak(88, "pixel data too long", pixels(b"Virt"), "pixel-length"),
    RawLeak(88, "pixel data too short", pixels(b"", 2)),
    RawLeak(89, "no patient id", changed("plan", PatientID=""), "no-patient-id"),
    RawLeak(89, "a patient id of blanks", changed("plan", PatientID="  "), "no-patient-id"),
    RawLeak(94, "localizer", changed("ct", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])),
]

ELSEWHERE = {
    60: "result names: tests/unit/kasari/deid/test_running_on_files.py",
    61: "HTTP: tests/system/faults, whose search reads every log and request",
    62: "Orthanc's own metadata: tests/system/test_site_plugin.py",
    63: "logs and errors: tests/system/faults and test_site_watch.py",
    67: "one UID at several levels: test_both_stages.py, references of a course",
    71: "one shift for all objects: test_both_stages.py, dates",
    79: "names that are anatomy: test_free_text.py",
    91: "small cohorts: the archive's disclosure control, not a single object",
    92: "unique dose: pseudonymised data; access rules at the archive",
    93: "faces: RecognizableVisualFeatures, test_both_stages.py; refused by policy",
}
"""Entries that are no object, and where they are tried instead."""
