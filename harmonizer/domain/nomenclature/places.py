"""Where a region of interest lies and how large it is, from its contours alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.structures import Contour, Roi

FLAT_MM = 0.5
"""Contours that are not in one axial plane within this are left out."""


@dataclass(frozen=True)
class Place:
    """Centre (x to the patient's left, y to the back, z to the head; mm), volume and extent.

    `middle_x` is half way between the leftmost and the rightmost point. The volume is that of
    contours times their distance: good to some per cent, which is enough to doubt a name.
    """

    x: float
    y: float
    z: float
    middle_x: float
    volume_cm3: float


def place_of(roi: Roi) -> Place | None:
    """Return the place of a region; None without closed axial contours."""
    flat = [c for c in roi.closed_contours if np.ptp(c.points[:, 2]) <= FLAT_MM]
    if not flat:
        return None
    moments = np.array([_moments(contour) for contour in flat])
    areas = np.abs(moments[:, 0])
    signs = _signs(flat)
    total = float(np.sum(areas * signs))
    if total <= 0:
        return None
    centre = np.sum(moments[:, 1:] * (areas * signs)[:, None], axis=0) / total
    xs = np.concatenate([contour.points[:, 0] for contour in flat])
    middle = float(xs.min() + xs.max()) / 2
    volume = total * _spacing(roi, flat) / 1000
    return Place(float(centre[0]), float(centre[1]), float(centre[2]), middle, volume)


def _moments(contour: Contour) -> tuple[float, float, float, float]:
    """Return area in mm2 and centroid of one contour."""
    points = contour.points
    origin = points[0]
    x, y = points[:, 0] - origin[0], points[:, 1] - origin[1]
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    area = float(np.sum(cross)) / 2
    if abs(area) < np.finfo(float).eps:
        mean = points.mean(axis=0)
        return 0.0, float(mean[0]), float(mean[1]), float(mean[2])
    cx = float(np.sum((x + np.roll(x, -1)) * cross)) / (6 * area) + float(origin[0])
    cy = float(np.sum((y + np.roll(y, -1)) * cross)) / (6 * area) + float(origin[1])
    return area, cx, cy, float(origin[2])


def _signs(contours: Sequence[Contour]) -> NDArray[np.float64]:
    """Return -1 for contours that are holes in another one of their plane, else 1."""
    by_plane: dict[float, list[int]] = {}
    for at, contour in enumerate(contours):
        by_plane.setdefault(round(float(contour.points[0, 2]), 2), []).append(at)
    signs = np.ones(len(contours))
    for plane in by_plane.values():
        for at in plane:
            point = contours[at].points[0]
            around = sum(_holds(contours[o].points, point) for o in plane if o != at)
            signs[at] = -1.0 if around % 2 else 1.0
    return signs


def _holds(polygon: NDArray[np.float64], point: NDArray[np.float64]) -> bool:
    """Whether a point is inside a polygon, in the plane, by crossings of a ray."""
    x, y = polygon[:, 0], polygon[:, 1]
    nx, ny = np.roll(x, -1), np.roll(y, -1)
    spans = (y > point[1]) != (ny > point[1])
    if not spans.any():
        return False
    at = x[spans] + (point[1] - y[spans]) * (nx - x)[spans] / (ny - y)[spans]
    return bool(np.count_nonzero(at > point[0]) % 2)


def _spacing(roi: Roi, contours: Sequence[Contour]) -> float:
    planes = np.unique(np.round([c.points[0, 2] for c in contours], 2))
    if len(planes) > 1:
        return float(np.median(np.diff(planes)))
    return roi.slice_spacing_mm or 0.0
