"""Simple geometry of contours that rules ask for: which side, inside what, crossing itself.

For axial contours (one z each); others are passed over by the rules that use this.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.raster import Edges, next_in_polygon, polygon_areas, scan
from harmonizer.domain.dose.structures import Contour, Roi

Floats = NDArray[np.float64]

CROSSING: Final = (0.01, 3.0)
"""Share of a contour's area, plus mm2, that must be lost or counted twice for it to be told."""

OVERLAP: Final = 0.05
"""Share of the smaller of two contours that both must enclose to overlap."""

SPIKE_MM, SPIKE_EDGES, SPIKE_COSINE = 15.0, 6.0, 0.7
"""Both edges at a spike are longer than this and than so many usual edges, at under 45 degrees."""

POINTS_TRIED = 24
"""Points per contour that are tried for lying inside another structure."""


def axial(contours: Sequence[Contour]) -> list[Contour]:
    """Return the contours that lie in one z."""
    return [c for c in contours if np.ptp(c.points[:, 2]) < 0.5]


def heights(roi: Roi) -> Floats:
    """Return the distinct z of a region's axial contours, rising, mm."""
    found = [float(c.points[0, 2]) for c in axial(roi.closed_contours)]
    return np.unique(np.round(found, 2))


def spacing_of(roi: Roi) -> float:
    """Return the usual distance of planes, mm; the set's where there is one plane; else 3."""
    steps = np.diff(heights(roi))
    if steps.size:
        return float(np.median(steps))
    return roi.slice_spacing_mm or 3.0


def centre(roi: Roi) -> Floats | None:
    """Return the area-weighted centre of a region, mm; None if it encloses nothing."""
    contours = roi.closed_contours
    if not contours:
        return None
    starts = np.concatenate([[0], np.cumsum([len(c.points) for c in contours])])
    points = np.concatenate([c.points for c in contours])
    weight = np.abs(polygon_areas(points[:, :2], starts))
    if weight.sum() <= 0:
        return None
    middles = np.stack([c.points.mean(axis=0) for c in contours])
    return np.asarray((middles * weight[:, None]).sum(axis=0) / weight.sum())


def share_outside(inner: Roi, outer: Roi, slack_mm: float) -> float:
    """Return the share of tried points of `inner` that lie outside `outer`.

    Points are drawn in by `slack_mm` first, so that a common border counts as inside. Heights
    where `outer` has no plane within one spacing count as outside, except the two end planes.
    """
    planes: dict[float, list[Floats]] = {}
    for contour in axial(outer.closed_contours):
        planes.setdefault(round(float(contour.points[0, 2]), 2), []).append(contour.points[:, :2])
    if not planes:
        return 0.0
    levels = np.array(sorted(planes))
    reach = max(spacing_of(outer), spacing_of(inner)) * 1.01 + slack_mm
    tried = outside = 0
    for contour in axial(inner.closed_contours):
        points = drawn_in(contour.points[:, :2], slack_mm)
        points = points[:: max(1, len(points) // POINTS_TRIED)]
        nearest = levels[int(np.argmin(np.abs(levels - contour.points[0, 2])))]
        tried += len(points)
        if abs(nearest - contour.points[0, 2]) > reach:
            outside += len(points)
        else:
            outside += int(np.count_nonzero(~inside_polygons(points, planes[float(nearest)])))
    return outside / tried if tried else 0.0


def drawn_in(points: Floats, by_mm: float) -> Floats:
    """Move points towards their mean by up to `by_mm`."""
    towards = points.mean(axis=0) - points
    length = np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-9)
    return np.asarray(points + towards * np.minimum(by_mm / length, 1.0))


def inside_polygons(points: Floats, polygons: Sequence[Floats]) -> NDArray[np.bool_]:
    """Return which points (n, 2) lie inside, by the even-odd rule over all polygons."""
    odd = np.zeros(len(points), bool)
    x, y = points[:, 0, None], points[:, 1, None]
    for polygon in polygons:
        x0, y0 = polygon.T
        x1, y1 = np.roll(polygon, -1, axis=0).T
        crosses = (y0 > y) != (y1 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
        odd ^= (np.count_nonzero(crosses & (x < at), axis=1) % 2).astype(bool)
    return odd


def crossing_contours(roi: Roi) -> int:
    """Count contours that cross themselves so much that area is lost or counted twice.

    Without crossings, the signed area is the covered one; a keyhole keeps that true.
    """
    contours = axial(roi.closed_contours)
    if not contours:
        return 0
    points = np.concatenate([c.points[:, :2] for c in contours])
    starts = np.concatenate([[0], np.cumsum([len(c.points) for c in contours])])
    covered = _covered(points, starts, np.arange(len(contours)))
    signed = np.abs(polygon_areas(points, starts))
    difference = np.abs(covered - signed)
    return int(
        np.count_nonzero(difference > CROSSING[0] * np.maximum(covered, signed) + CROSSING[1])
    )


def overlapping_contours(roi: Roi) -> int:
    """Count pairs of contours in one plane of which each encloses a part of the other only."""
    contours = axial(roi.closed_contours)
    places = np.array([round(float(c.points[0, 2]), 2) for c in contours])
    low = np.array([c.points[:, :2].min(axis=0) for c in contours]).reshape(-1, 2)
    high = np.array([c.points[:, :2].max(axis=0) for c in contours]).reshape(-1, 2)
    pairs = []
    for i in range(len(contours)):
        later = np.flatnonzero(places[i + 1 :] == places[i]) + i + 1
        met = np.all((low[later] < high[i]) & (high[later] > low[i]), axis=1)
        pairs += [(i, int(j)) for j in later[met]]
    return sum(_overlap_in_part(contours[i], contours[j]) for i, j in pairs)


def _overlap_in_part(a: Contour, b: Contour) -> bool:
    starts = np.array([0, len(a.points), len(a.points) + len(b.points)])
    points = np.concatenate([a.points, b.points])[:, :2]
    first, second = np.abs(polygon_areas(points, starts))
    either = float(_covered(points, starts, np.zeros(2, np.intp))[0])  # what one of them encloses
    both, smaller = (first + second - either) / 2, min(first, second)
    return bool(OVERLAP * smaller + 1.0 < both < (1 - OVERLAP / 10) * smaller - 1.0)


def _covered(points: Floats, starts: NDArray[np.intp], plane_of: NDArray[np.intp]) -> Floats:
    """Return the area in mm2 that contours cover on each of a stack of planes, even-odd."""
    low = points.min(axis=0)
    rows, columns = (np.ceil(np.ptp(points, axis=0)[::-1]).astype(int) + 1).tolist()
    plane = np.repeat(plane_of, np.diff(starts))
    x, y = (points - low).T
    after = next_in_polygon(starts)
    edges = Edges(plane, x, y, x[after], y[after])
    return scan(edges, (int(plane_of.max()) + 1, rows, columns), 4).areas()


def has_spike(points: Floats) -> bool:
    """Whether a single point lies far from its contour: two long edges at a sharp angle."""
    if len(points) < 8:
        return False
    before, after = np.roll(points, 1, axis=0) - points, np.roll(points, -1, axis=0) - points
    a, b = np.linalg.norm(before, axis=1), np.linalg.norm(after, axis=1)
    usual = float(np.median(b))
    far = np.minimum(a, b) > max(SPIKE_MM, SPIKE_EDGES * usual)
    cosine = (before * after).sum(axis=1) / np.maximum(a * b, 1e-9)
    return bool(np.any(far & (cosine > SPIKE_COSINE)))
