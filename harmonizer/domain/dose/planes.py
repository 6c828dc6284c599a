"""From a region's contours to a stack of parallel planes that can be filled.

The stack has its own frame: u and v in the planes, n across them. Where the planes are parallel to
the frames of the dose grid, u, v and n are the grid's own axes, so that look-ups are per axis.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.grid import DoseGrid, along_axes
from harmonizer.domain.dose.structures import Contour, Roi

Floats = NDArray[np.float64]

SAME_PLANE_MM = 0.05
"""Contours closer than this along the normal belong to one plane."""

FLAT_MM = 0.5
"""A contour whose points scatter more than this across its plane is not planar."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Closed contours of one region, ordered by plane, in the frame (u, v, n)."""

    axes: Floats  # (3, 3): rows are the unit vectors u, v, n in patient coordinates
    positions: Floats  # (planes,), mm along n from the patient's origin, strictly rising
    points: Floats  # (points, 2): u, v in mm
    starts: NDArray[np.intp]  # (contours + 1,), where each contour begins in `points`
    plane_of: NDArray[np.intp]  # (contours,)
    spacing: float  # mm: the usual distance of planes
    aligned: bool  # whether u, v, n are the dose grid's axes
    notes: tuple[str, ...] = ()


def build_stack(roi: Roi, grid: DoseGrid) -> Stack | None:
    """Arrange a region's closed contours; None if nothing can be filled.

    Exact repeats of a contour are taken once (even-odd filling would make them a hole), contours
    across the main direction or not flat are left out; both are said in the notes.
    """
    contours, notes = _distinct(roi)
    if not contours:
        return None
    starts = np.concatenate([[0], np.cumsum([len(c.points) for c in contours])])
    points = np.concatenate([c.points for c in contours])
    axes, aligned = _choose_axes(contours, points, starts, grid)
    local = along_axes(points, axes)
    low = np.minimum.reduceat(local[:, 2], starts[:-1])
    high = np.maximum.reduceat(local[:, 2], starts[:-1])
    flat = high - low <= FLAT_MM
    if not flat.all():
        notes.append(f"{int((~flat).sum())} contours are not flat in the common plane; left out")
        if not flat.any():
            return None
    places = (low + high) / 2
    return _order(local, starts, places, flat, axes, aligned, roi, grid, tuple(notes))


def _distinct(roi: Roi) -> tuple[list[Contour], list[str]]:
    """Return the contours that can be filled, once each, and what was left out."""
    seen: set[bytes] = set()
    contours = []
    repeats = 0
    for contour in roi.closed_contours:
        key = contour.shape_key
        if key in seen:
            repeats += 1
            continue
        seen.add(key)
        contours.append(contour)
    notes = []
    if repeats:
        notes.append(f"{repeats} repeated contours taken once")
    short = sum(1 for c in roi.contours if c.is_closed and len(c.points) < 3)
    if short:
        notes.append(f"{short} contours of fewer than three points left out")
    return contours, notes


def _choose_axes(
    contours: list[Contour], points: Floats, starts: NDArray[np.intp], grid: DoseGrid
) -> tuple[Floats, bool]:
    """Return the stack's axes, and whether they are the grid's."""
    own = np.stack([grid.row_direction, grid.column_direction, grid.normal])
    along = along_axes(points, own)[:, 2]
    spread = np.maximum.reduceat(along, starts[:-1]) - np.minimum.reduceat(along, starts[:-1])
    if np.median(spread) <= FLAT_MM:
        return own, True
    largest = max(contours, key=lambda c: np.ptp(c.points, axis=0).sum())
    normal = newell_normal(largest.points)
    if normal is None:
        return own, True
    # The grid direction that lies most nearly in the plane becomes u.
    u = min(own, key=lambda axis: abs(float(axis @ normal)))
    u = u - (u @ normal) * normal
    u = u / np.linalg.norm(u)
    return np.stack([u, np.cross(normal, u), normal]), False


def newell_normal(points: Floats) -> Floats | None:
    """Return the unit normal of a polygon in space (Newell's method); None if it has no area."""
    centred = points - points.mean(axis=0)
    doubled = np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0)
    length = float(np.linalg.norm(doubled))
    if length < 1e-9:
        return None
    normal: Floats = doubled / length
    # One sign for one plane, whatever way round it was drawn.
    return normal if normal[np.argmax(np.abs(normal))] > 0 else -normal


def _order(
    local: Floats,
    starts: NDArray[np.intp],
    places: Floats,
    keep: NDArray[np.bool_],
    axes: Floats,
    aligned: bool,
    roi: Roi,
    grid: DoseGrid,
    notes: tuple[str, ...],
) -> Stack:
    """Sort the kept contours by plane and merge those that share one."""
    order = np.flatnonzero(keep)
    order = order[np.argsort(places[order], kind="stable")]
    sorted_places = places[order]
    new = np.concatenate([[True], np.diff(sorted_places) > SAME_PLANE_MM])
    plane_of = np.cumsum(new) - 1
    positions = sorted_places[new]
    pieces = [local[starts[i] : starts[i + 1], :2] for i in order]
    return Stack(
        axes=axes,
        positions=positions,
        points=np.concatenate(pieces),
        starts=np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]),
        plane_of=plane_of,
        spacing=usual_spacing(positions, roi.slice_spacing_mm, grid.frame_spacing),
        aligned=aligned,
        notes=notes,
    )


def usual_spacing(positions: Floats, of_set: float | None, of_dose: float) -> float:
    """Return the distance of planes in mm: the structure's own, the set's, or the dose's."""
    if positions.size > 1:
        return float(np.median(np.diff(positions)))
    return of_set if of_set else of_dose
