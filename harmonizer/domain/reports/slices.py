"""An image slice with the contours on it and the dose over it, as one SVG drawing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.grid import DoseGrid
from harmonizer.domain.dose.plan import ImageSlice
from harmonizer.domain.dose.structures import Contour, Roi
from harmonizer.domain.reports.colours import dose_wash
from harmonizer.domain.reports.png import data_uri

Floats = NDArray[np.float64]

WINDOW: Final = (40.0, 400.0)
"""Level and width in Hounsfield units: soft tissue."""

MARGIN_MM: Final = 12.0
WASH_STEP_MM: Final = 2.0
MOST_PIXELS: Final = 420
"""Longer edge of the drawn image at most: enough for a report, little to send."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A slice with its pixels in Hounsfield units (or what the image has)."""

    image: ImageSlice
    values: NDArray[np.float32]  # (rows, columns)


@dataclass(frozen=True, eq=False)
class Frame:
    """The plane of an image: from patient coordinates to millimetres along its rows and columns."""

    origin: Floats
    across: Floats
    down: Floats
    normal: Floats
    spacing: tuple[float, float]  # between rows, between columns

    def flat(self, points: Floats) -> Floats:
        """Return (n, 2): mm from the middle of the first pixel, across and down."""
        moved = points - self.origin
        return np.stack([moved @ self.across, moved @ self.down], axis=1)

    def off(self, points: Floats) -> float:
        """Return how far the farthest point lies off the plane, mm."""
        return float(np.abs((points - self.origin) @ self.normal).max())


def frame_of(image: ImageSlice) -> Frame | None:
    """Return an image's plane; None if it does not say where it lies."""
    if image.position is None or len(image.orientation) != 6 or image.spacing is None:
        return None
    across, down = np.array(image.orientation[:3]), np.array(image.orientation[3:])
    return Frame(np.array(image.position), across, down, np.cross(across, down), image.spacing)


def contours_on(frame: Frame, roi: Roi, tolerance_mm: float) -> list[Contour]:
    """Return a region's closed contours that lie on an image."""
    return [c for c in roi.closed_contours if frame.off(c.points) <= tolerance_mm]


@dataclass(frozen=True)
class Box:
    """The part of a plane that is drawn, mm."""

    left: float
    top: float
    width: float
    height: float


def slice_drawing(
    picture: Picture,
    rois: Sequence[tuple[Roi, str]],
    grid: DoseGrid | None,
    reference_gy: float | None,
    tolerance_mm: float,
) -> str:
    """Draw a slice: image, dose in per cent of the reference, outlines in the regions' colours.

    Empty if the image does not say where it lies.
    """
    frame = frame_of(picture.image)
    if frame is None:
        return ""
    drawn = [(roi, colour, contours_on(frame, roi, tolerance_mm)) for roi, colour in rois]
    box = _box(frame, picture, [c for _, _, contours in drawn for c in contours])
    parts = [
        f'<svg class="slice" viewBox="{box.left:.1f} {box.top:.1f} {box.width:.1f} '
        f'{box.height:.1f}" role="img" aria-label="Image slice with contours and dose">',
        _image(_grey(frame, picture, box), box),
    ]
    if grid is not None and reference_gy:
        parts.append(_image(_wash(frame, grid, reference_gy, box), box))
    parts += [_outline(frame, roi, colour, contours) for roi, colour, contours in drawn if contours]
    return "".join([*parts, "</svg>"])


def _box(frame: Frame, picture: Picture, contours: Iterable[Contour]) -> Box:
    """Return what the contours span and a margin; the whole image without contours."""
    down, across = frame.spacing
    rows, columns = picture.values.shape
    whole = np.array([[-across / 2, -down / 2], [(columns - 0.5) * across, (rows - 0.5) * down]])
    points = [frame.flat(contour.points) for contour in contours]
    if not points:
        low, high = whole
    else:
        every = np.concatenate(points)
        low = np.maximum(every.min(axis=0) - MARGIN_MM, whole[0])
        high = np.minimum(every.max(axis=0) + MARGIN_MM, whole[1])
        if np.any(high <= low):
            low, high = whole
    return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


def _raster(box: Box, step: float) -> tuple[Floats, Floats]:
    """Return the middles of equal cells over the box, across and down, mm."""
    counts = [max(1, round(size / step)) for size in (box.width, box.height)]
    across = box.left + (np.arange(counts[0]) + 0.5) * box.width / counts[0]
    down = box.top + (np.arange(counts[1]) + 0.5) * box.height / counts[1]
    return across, down


def _grey(frame: Frame, picture: Picture, box: Box) -> NDArray[np.uint8]:
    step = max(*frame.spacing, max(box.width, box.height) / MOST_PIXELS)
    across, down = _raster(box, step)
    rows, columns = picture.values.shape
    row = np.clip(np.round(down / frame.spacing[0]).astype(int), 0, rows - 1)
    column = np.clip(np.round(across / frame.spacing[1]).astype(int), 0, columns - 1)
    level, width = WINDOW
    values = picture.values[np.ix_(row, column)]
    return np.asarray(np.clip((values - level) / width + 0.5, 0, 1) * 255).astype(np.uint8)


def _wash(frame: Frame, grid: DoseGrid, reference_gy: float, box: Box) -> NDArray[np.uint8]:
    across, down = _raster(box, WASH_STEP_MM)
    x, y = np.meshgrid(across, down)
    points = frame.origin + x.reshape(-1, 1) * frame.across + y.reshape(-1, 1) * frame.down
    return dose_wash((100.0 * grid.dose_at(points) / reference_gy).reshape(x.shape))


def _image(pixels: NDArray[np.uint8], box: Box) -> str:
    return (
        f'<image x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" preserveAspectRatio="none" href="{data_uri(pixels)}"/>'
    )


def _outline(frame: Frame, roi: Roi, colour: str, contours: Sequence[Contour]) -> str:
    rings = []
    for contour in contours:
        flat = frame.flat(contour.points)
        rings.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in flat) + "Z")
    return (
        f'<path d="{"".join(rings)}" fill="none" stroke="{colour}" stroke-width="1.1">'
        f"<title>{escape(roi.name)}</title></path>"
    )
