"""A region on its image as a PNG: where the line runs and what lies under it."""

import zlib
from io import BytesIO

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from benchmarks.dose_files import object_of, structure_file, to_bytes
from harmonizer.adapters.dicomrt.thumbnail import SIDE, YELLOW, paint_region
from harmonizer.domain.dose.structures import Contour, Roi

CT = "1.2.840.10008.5.1.4.1.1.2"
IMAGE = "2.25.77"
BONE = 1000


def slice_file(value: int) -> bytes:
    """A slice of 200 x 200 mm around the origin, all of one Hounsfield value."""
    ds = object_of(CT, IMAGE, "CT")
    ds.Rows = ds.Columns = 100
    ds.PixelSpacing, ds.ImagePositionPatient = [2.0, 2.0], [-99.0, -99.0, 0.0]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.PixelData = np.full((100, 100), value + 1024, np.uint16).tobytes()
    return to_bytes(ds)


def square(half: float) -> Roi:
    corners = [(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)]
    return Roi(1, "x", (Contour(np.array(corners, float)),))


def drawn_on_image(roi: Roi) -> bytes:
    """A structure set whose contours name the image that they were drawn on."""
    ds = pydicom.dcmread(BytesIO(structure_file([roi])))
    for item in ds.ROIContourSequence[0].ContourSequence:
        image = Dataset()
        image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = CT, IMAGE
        item.ContourImageSequence = Sequence([image])
    return to_bytes(ds)


def pixels(png: bytes) -> NDArray[np.uint8]:
    """Decode what `paint_region` writes: one IDAT, RGB, no filter."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at = png.index(b"IDAT")
    length = int.from_bytes(png[at - 4 : at], "big")
    raw = zlib.decompress(png[at + 4 : at + 4 + length])
    rows = np.frombuffer(raw, np.uint8).reshape(SIDE, 1 + SIDE * 3)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(SIDE, SIDE, 3)


def painted(roi: Roi, image: bytes | None) -> NDArray[np.uint8]:
    png = paint_region(drawn_on_image(roi), 1, lambda uid: image if uid == IMAGE else None)
    assert png is not None
    return pixels(png)


@pytest.mark.parametrize(("value", "grey"), [(BONE, 255), (-1000, 0), (40, 127)])
def test_the_window_is_that_of_soft_tissue(value: int, grey: int) -> None:
    centre = painted(square(40), slice_file(value))[SIDE // 2, SIDE // 2]
    assert centre.tolist() == [grey] * 3


def test_the_line_runs_where_the_contour_is() -> None:
    picture = painted(square(40), slice_file(BONE))  # 160 mm are shown: 1.6 pixels per mm
    yellow = (picture == YELLOW).all(axis=2)
    rows, columns = np.nonzero(yellow)
    assert (rows.min(), columns.min()) == (64, 64)  # 128 - 40 * 1.6
    assert rows.max() in (192, 193)
    assert not yellow[70:186, 70:186].any()


def test_outside_the_image_it_is_black() -> None:
    picture = painted(square(90), slice_file(BONE))  # 288 mm shown, the image has 200
    assert picture[2, 2].tolist() == [0, 0, 0]
    assert picture[SIDE // 2, SIDE // 2].tolist() == [255] * 3


@pytest.mark.parametrize("image", [None, to_bytes(object_of(CT, IMAGE, "CT"))])
def test_without_a_usable_image_the_contour_stays(image: bytes | None) -> None:
    picture = painted(square(40), image)
    assert picture[SIDE // 2, SIDE // 2].tolist() == [0, 0, 0]
    assert (picture == YELLOW).all(axis=2).sum() > 500


def test_a_region_without_contour_has_no_picture() -> None:
    assert paint_region(structure_file([Roi(1, "x")]), 1, lambda _uid: None) is None
    assert paint_region(structure_file([square(40)]), 9, lambda _uid: None) is None
