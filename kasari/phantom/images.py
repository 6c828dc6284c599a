"""The planning CT: organs painted into slices, with noise."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import CTImageStorage

from kasari.phantom.anatomy import AIR, Site
from kasari.phantom.case import Case
from kasari.phantom.elements import base, put_frame, put_pixels, put_series, write
from kasari.phantom.shapes import Array, Shape

TISSUE: Final = -10.0
NOISE_HU: Final = 12.0
BODY_PARTS: Final = {
    "breast": "BREAST",
    "prostate": "PELVIS",
    "lung": "CHEST",
    "head-neck": "HEADNECK",
}


def place(pixels: int, field_mm: float) -> tuple[float, Array]:
    """Pixel side, and the coordinates of pixel centres, the same in x and y, mm."""
    side = field_mm / pixels
    return side, (np.arange(pixels) - (pixels - 1) / 2.0) * side


def paint(site: Site, across: Array, heights: Array) -> NDArray[np.int16]:
    """Hounsfield values of shape (slices, rows, columns)."""
    volume = np.full((heights.size, across.size, across.size), int(AIR), np.int16)
    _paint(volume, site.body, TISSUE, across, heights)
    for shape, value in site.scenery:
        _paint(volume, shape, value, across, heights)
    for organ in site.organs:
        if organ.hounsfield is not None:
            _paint(volume, organ.shape, organ.hounsfield, across, heights)
    return volume


def _paint(
    volume: NDArray[np.int16], shape: Shape, value: float, across: Array, heights: Array
) -> None:
    """Set what lies inside a shape, one slice at a time, within the shape's box."""
    (x_low, x_high), (y_low, y_high), (z_low, z_high) = shape.box
    i, j = np.searchsorted(across, (x_low, x_high))
    k, m = np.searchsorted(across, (y_low, y_high))
    x, y = across[i:j], across[k:m, None]
    for at in np.flatnonzero((heights >= z_low) & (heights <= z_high)):
        inside = shape.contains(x, y, np.array(heights[at]))
        volume[at, k:m, i:j][inside] = int(value)


def add_noise(volume: NDArray[np.int16], rng: np.random.Generator, strength: float) -> None:
    """Add noise in place. One pattern serves all slices, turned by another offset in each."""
    rows, columns = volume.shape[1:]
    pattern = np.round(rng.standard_normal((rows, columns)) * strength).astype(np.int16)
    for plane in volume:
        shift = rng.integers(0, rows), rng.integers(0, columns)
        plane += np.roll(pattern, tuple(int(s) for s in shift), axis=(0, 1))
    np.clip(volume, -1024, 3071, out=volume)


def image_uid(case: Case, number: int) -> str:
    return case.uid("ct", number)


def put_body_part(dataset: Dataset, case: Case) -> None:
    """Say which part is shown, and its side where it is one of a pair."""
    dataset.BodyPartExamined = BODY_PARTS[case.site.name]
    if case.site.name == "breast":
        dataset.Laterality = case.site.laterality


def write_images(case: Case, rng: np.random.Generator) -> None:
    """Write the planning CT, slice 1 lowest."""
    side, across = place(case.resolution.pixels, case.resolution.field_mm)
    volume = paint(case.site, across, np.array(case.heights))
    add_noise(volume, rng, NOISE_HU)
    day = case.days.scanned
    dataset = base(case, "CT", CTImageStorage, None, day, "081500")
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.AcquisitionDate, dataset.AcquisitionTime = dataset.SeriesDate, "081530"
    dataset.ContentDate, dataset.ContentTime = dataset.SeriesDate, "081600"
    put_body_part(dataset, case)
    put_series(dataset, case.uid("ct series"), 1, f"Suunnittelu-TT {case.site.name}")
    put_frame(dataset, case.frame_uid)
    dataset.KVP, dataset.PatientPosition = 120, "HFS"
    dataset.AcquisitionNumber = 1
    dataset.SliceThickness = case.resolution.slice_mm
    dataset.PixelSpacing = [side, side]
    dataset.ReconstructionDiameter = case.resolution.field_mm
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "HU"
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    put_pixels(dataset, across.size, across.size, 16, signed=True)
    for number, (z, plane) in enumerate(zip(case.heights, volume, strict=True), start=1):
        dataset.SOPInstanceUID = image_uid(case, number)
        dataset.InstanceNumber = number
        dataset.ImagePositionPatient = [across[0], across[0], z]
        dataset.SliceLocation = z
        dataset.PixelData = plane.astype("<i2", copy=False).tobytes()
        write(dataset, case.folder / f"CT.{number:03d}.dcm")
