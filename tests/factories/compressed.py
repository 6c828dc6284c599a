"""One slice in each compressed form that senders use, written by the usual encoders."""

from io import BytesIO

from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    JPEG2000,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from tests.factories import sent_objects
from tests.factories import site_objects as make

SIDE = 16
FORMS = (JPEGBaseline8Bit, JPEG2000, JPEG2000Lossless, JPEGLSLossless, RLELossless)
SHADES = bytes(number * 7 % 251 for number in range(SIDE * SIDE))


def slice_of(kind: str = "ct") -> Dataset:
    """Only a dose has several frames."""
    image = sent_objects.sent(make.ct(1, 0.0) if kind == "ct" else make.dose(300, 200))
    image.Rows = image.Columns = SIDE
    image.SamplesPerPixel, image.PixelRepresentation = 1, 0
    image.PhotometricInterpretation = "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 8
    image.HighBit = 7
    image.PixelData = SHADES
    return image


def frame(syntax: str) -> bytes:
    """The compressed image alone."""
    if syntax in (JPEGBaseline8Bit, JPEG2000, JPEG2000Lossless):
        out = BytesIO()
        form, how = ("JPEG", {}) if syntax == JPEGBaseline8Bit else ("JPEG2000", {"no_jp2": True})
        Image.frombytes("L", (SIDE, SIDE), SHADES).save(out, form, **how)
        return out.getvalue()
    image = slice_of()
    image = dcmread(BytesIO(sent_objects.as_bytes(image)))
    image.compress(syntax, generate_instance_uid=False)
    return next(generate_frames(image.PixelData, number_of_frames=1))


def as_sent(
    syntax: str, *fragments: bytes, frames: int = 0, table: bool = True, kind: str = "ct"
) -> bytes:
    """A whole file; without fragments, with the one image that belongs there."""
    image = slice_of(kind)
    if frames:
        image.NumberOfFrames = frames
    image.PixelData = encapsulate(list(fragments) or [frame(syntax)], has_bot=table)
    image["PixelData"].VR = "OB"
    image["PixelData"].is_undefined_length = True
    return sent_objects.as_bytes(image, syntax)


def commented(text: bytes) -> bytes:
    """A JPEG image with a comment, as cameras and scanners write one."""
    plain = frame(JPEGBaseline8Bit)
    return plain[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2) + text + plain[2:]
