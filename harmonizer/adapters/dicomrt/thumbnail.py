"""A small picture of one region on its image, for the person who decides about its name."""

import struct
import zlib
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.adapters.dicomrt.elements import UNDRAWABLE, number, numbers, read_any
from harmonizer.adapters.dicomrt.structure_set import read_structure_set
from harmonizer.domain.dose.structures import Contour, Roi
from harmonizer.errors import DataError

SIDE: Final = 256
LEAST_WIDTH_MM: Final = 160.0
ROOM: Final = 1.6
WINDOW_CENTRE, WINDOW_WIDTH = 40.0, 400.0
YELLOW: Final = (255, 214, 10)
PNG: Final = b"\x89PNG\r\n\x1a\n"

Grey = NDArray[np.uint8]


def paint_region(
    structures: bytes, roi_number: int, image_of: Callable[[str], bytes | None]
) -> bytes | None:
    """Return a PNG of the region's largest contour on the image that it was drawn on.

    `image_of` gives an image's bytes by SOP Instance UID. Where there is none, or its pixels cannot
    be read, the contour is drawn on black. None if the region has no closed contour.

    Raises
    ------
    DataError
        If `structures` is no structure set.
    """
    roi = next((r for r in read_structure_set(structures).rois if r.number == roi_number), None)
    chosen = _largest(roi) if roi else None
    if roi is None or chosen is None:
        return None
    middle = (chosen.points.min(axis=0) + chosen.points.max(axis=0)) / 2
    width = max(LEAST_WIDTH_MM, ROOM * float(np.ptp(chosen.points[:, :2], axis=0).max()))
    corner = middle[:2] - width / 2
    data = image_of(chosen.image_uid) if chosen.image_uid else None
    grey = _image(data, corner, width) if data else None
    picture = np.repeat((_black() if grey is None else grey)[:, :, None], 3, axis=2)
    for contour in roi.closed_contours:
        if abs(contour.points[0, 2] - chosen.points[0, 2]) < 0.1:
            _draw(picture, (contour.points[:, :2] - corner) * SIDE / width)
    return _png(picture)


def _largest(roi: Roi) -> Contour | None:
    """Return the contour with the largest box, which is near the region's middle."""
    sizes = [float(np.prod(np.ptp(c.points[:, :2], axis=0))) for c in roi.closed_contours]
    return roi.closed_contours[int(np.argmax(sizes))] if sizes else None


def _black() -> Grey:
    return np.zeros((SIDE, SIDE), np.uint8)


def _image(data: bytes, corner: NDArray[np.float64], width: float) -> Grey | None:
    """Return the part of an axial image that begins at `corner`, mm, as grey values."""
    try:
        dataset = read_any(data, stop_before_pixels=False)
        pixels = np.asarray(dataset.pixel_array, np.float32)
    except (DataError, *UNDRAWABLE):
        return None
    spacing = numbers(dataset, "PixelSpacing")
    position = numbers(dataset, "ImagePositionPatient")
    orientation = numbers(dataset, "ImageOrientationPatient")
    if pixels.ndim != 2 or spacing.size != 2 or position.size != 3 or orientation.size != 6:
        return None
    slope = number(dataset, "RescaleSlope") or 1.0
    values = pixels * slope + (number(dataset, "RescaleIntercept") or 0.0)
    along = corner[:, None] + (np.arange(SIDE) + 0.5) * width / SIDE
    columns = np.rint((along[0] - position[0]) / spacing[1] * np.sign(orientation[0])).astype(int)
    rows = np.rint((along[1] - position[1]) / spacing[0] * np.sign(orientation[4])).astype(int)
    inside = _within(rows, pixels.shape[0])[:, None] & _within(columns, pixels.shape[1])[None, :]
    picked = values[np.ix_(rows % pixels.shape[0], columns % pixels.shape[1])]
    shade = (picked - (WINDOW_CENTRE - WINDOW_WIDTH / 2)) / WINDOW_WIDTH
    return np.where(inside, np.clip(shade, 0, 1) * 255, 0).astype(np.uint8)


def _within(indices: NDArray[np.int_], length: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (indices >= 0) & (indices < length)
    return found


def _draw(picture: NDArray[np.uint8], corners: NDArray[np.float64]) -> None:
    """Draw a closed line through the corners, in pixels, two pixels wide."""
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        steps = max(2, int(np.abs(end - start).max() * 2))
        x, y = (start + (end - start) * np.linspace(0, 1, steps)[:, None]).T.astype(int)
        for dx, dy in ((0, 0), (1, 0), (0, 1)):
            inside = _within(x + dx, SIDE) & _within(y + dy, SIDE)
            picture[(y + dy)[inside], (x + dx)[inside]] = YELLOW


def _png(picture: NDArray[np.uint8]) -> bytes:
    """Encode an RGB picture (height, width, 3)."""
    height, width, _ = picture.shape
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return PNG + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
