"""How alike two delineations of one structure are, and how two structures lie to each other.

Volumes are compared plane by plane on a common raster; surfaces as points along the contours, so
distances are between contours (flat ends of a structure have none). For axial structures drawn on
the planes of one image.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.grid import DoseGrid
from harmonizer.domain.dose.planes import Stack, build_stack
from harmonizer.domain.dose.raster import Edges, Spans, next_in_polygon, scan
from harmonizer.domain.dose.structures import Roi
from harmonizer.errors import DataError

Floats = NDArray[np.float64]

CELL_MM: Final = 0.5
STEP_MM: Final = 1.0
MOST_POINTS: Final = 8000
SAME_PLANE_MM: Final = 0.3


@dataclass(frozen=True)
class Comparison:
    """Two delineations: reference and other. Distances in mm, volumes in cm3."""

    volume_reference_cm3: float
    volume_other_cm3: float
    overlap_cm3: float
    dice: float
    hausdorff_95_mm: float
    mean_surface_distance_mm: float
    surface_dice: float
    added_path_length_mm: float
    nearest_mm: float
    tolerance_mm: float


def compare_rois(reference: Roi, other: Roi, tolerance_mm: float = 1.0) -> Comparison:
    """Compare two delineations.

    The Hausdorff distance is the larger of both directions' 95th percentiles; the mean distance is
    over both surfaces. Surface Dice (Nikolov et al. 2018) and added path length (Vaassen et al.
    2020: length of the reference's contours that are not drawn within the tolerance) depend on
    `tolerance_mm`.

    Raises
    ------
    DataError
        `COMPARE-EMPTY` if one has no closed contours, `COMPARE-FRAMES` if they are in different
        frames of reference, `COMPARE-PLANES` if they are drawn on different planes.
    """
    ours, its = reference.frame_of_reference_uid, other.frame_of_reference_uid
    if ours and its and ours != its:
        raise DataError("COMPARE-FRAMES", "the structures are in different frames of reference")
    a, b = _stack(reference), _stack(other)
    _refuse_other_planes(a, b)
    volumes = _volumes(a, b)
    p, q = along_contours(a), along_contours(b)
    there, back = nearest(p.points, q), nearest(q.points, p)
    both = np.concatenate([there, back])
    total = volumes[0] + volumes[1]
    return Comparison(
        volume_reference_cm3=volumes[0],
        volume_other_cm3=volumes[1],
        overlap_cm3=volumes[2],
        dice=2 * volumes[2] / total if total else 0.0,
        hausdorff_95_mm=float(max(np.percentile(there, 95), np.percentile(back, 95))),
        mean_surface_distance_mm=float(both.mean()),
        surface_dice=float(np.mean(both <= tolerance_mm)),
        added_path_length_mm=_added_path(a, b, tolerance_mm),
        nearest_mm=float(there.min()),
        tolerance_mm=tolerance_mm,
    )


def _stack(roi: Roi) -> Stack:
    """Arrange a structure's contours in axial planes."""
    axes = np.eye(3)
    nothing = np.zeros((1, 1, 1), np.uint8)
    grid = DoseGrid(nothing, 1.0, np.zeros(3), axes[0], axes[1], 1.0, 1.0, np.zeros(1))
    stack = build_stack(roi, grid)
    if stack is None or not stack.aligned:
        raise DataError("COMPARE-EMPTY", "a structure has no closed axial contours to compare")
    return stack


def _volumes(a: Stack, b: Stack) -> tuple[float, float, float]:
    """Return both volumes and their overlap: areas of planes times what slabs share along z."""
    low = np.minimum(a.points.min(axis=0), b.points.min(axis=0)) - CELL_MM
    high = np.maximum(a.points.max(axis=0), b.points.max(axis=0)) + CELL_MM
    columns, rows = np.ceil((high - low) / CELL_MM).astype(int).tolist()
    spans_a, spans_b = (_scan(s, low, rows, columns) for s in (a, b))
    cell = CELL_MM**2 / 1000.0
    slabs_a, slabs_b = _slabs(a), _slabs(b)
    overlap = 0.0
    for i, (bottom, top) in enumerate(slabs_a):
        thickness = np.minimum(top, slabs_b[:, 1]) - np.maximum(bottom, slabs_b[:, 0])
        for j in np.flatnonzero(thickness > 1e-6).tolist():
            shared = np.minimum(spans_a.fill(i, i), spans_b.fill(j, j))
            overlap += float(shared.sum(dtype=np.float64) * thickness[j]) * cell
    of_a, of_b = (
        float(spans.areas() @ np.diff(slabs, axis=1)[:, 0]) * cell
        for spans, slabs in ((spans_a, slabs_a), (spans_b, slabs_b))
    )
    return of_a, of_b, overlap


def _slabs(stack: Stack) -> Floats:
    """Return from where to where along z each plane counts, (planes, 2): a spacing, or half-way."""
    at, half = stack.positions, stack.spacing / 2
    found = np.stack([at - half, at + half], axis=1)
    close = np.diff(at) <= 1.5 * stack.spacing
    middle = (at[:-1] + at[1:]) / 2
    found[:-1, 1][close] = middle[close]
    found[1:, 0][close] = middle[close]
    return found


def _refuse_other_planes(a: Stack, b: Stack) -> None:
    """Refuse structures that lie beside each other along z and share no plane."""
    apart = np.abs(a.positions[:, None] - b.positions).min()
    beside = min(a.positions[-1], b.positions[-1]) - max(a.positions[0], b.positions[0])
    if apart > SAME_PLANE_MM and beside >= max(a.spacing, b.spacing):
        raise DataError("COMPARE-PLANES", "the structures are drawn on planes of different images")


def _scan(stack: Stack, low: Floats, rows: int, columns: int) -> Spans:
    x, y = ((stack.points - low) / CELL_MM).T
    after = next_in_polygon(stack.starts)
    plane = np.repeat(stack.plane_of, np.diff(stack.starts))
    edges = Edges(plane, x, y, x[after], y[after])
    return scan(edges, (stack.positions.size, rows, columns), 4)


@dataclass(frozen=True, eq=False)
class Outline:
    """Points (n, 3) along contours in mm, and for each the next one along its contour."""

    points: Floats
    after: NDArray[np.intp]

    def at(self, which: NDArray[np.bool_]) -> "Outline":
        """Return whole contours of it: `which` is true for all points of a contour or for none."""
        place = np.cumsum(which) - 1
        return Outline(self.points[which], place[self.after[which]])


def along_contours(stack: Stack, step_mm: float = STEP_MM) -> Outline:
    """Return points at equal steps along every contour; about `MOST_POINTS` at most."""
    after = next_in_polygon(stack.starts)
    length = np.linalg.norm(stack.points[after] - stack.points, axis=1)
    step = max(step_mm, float(length.sum()) / MOST_POINTS)
    pieces = []
    for contour, (a, b) in enumerate(zip(stack.starts[:-1], stack.starts[1:], strict=True)):
        run = np.concatenate([[0.0], np.cumsum(length[a:b])])
        ring = np.vstack([stack.points[a:b], stack.points[a]])
        at = np.arange(0.0, run[-1], step) if run[-1] > 0 else np.zeros(1)
        place = np.full(at.size, stack.positions[stack.plane_of[contour]])
        xy = [np.interp(at, run, ring[:, axis]) for axis in (0, 1)]
        pieces.append(np.column_stack([*xy, place]))
    starts = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
    return Outline(np.concatenate(pieces), next_in_polygon(starts))


def nearest(points: Floats, outline: Outline) -> Floats:
    """Return for each point (n, 3) the distance to the outline, mm."""
    closest = np.empty(len(points), np.intp)
    x, y, z = (np.ascontiguousarray(outline.points[:, i], np.float32) for i in range(3))
    for start in range(0, len(points), 500):
        part = points[start : start + 500].astype(np.float32)
        squared = (part[:, 0, None] - x) ** 2
        squared += (part[:, 1, None] - y) ** 2
        squared += (part[:, 2, None] - z) ** 2
        closest[start : start + 500] = squared.argmin(axis=1)
    before = np.empty(len(outline.after), np.intp)
    before[outline.after] = np.arange(len(outline.after))
    middle = outline.points[closest]
    ends = (outline.points[side[closest]] for side in (before, outline.after))
    return np.minimum(*(_to_segment(points, middle, end) for end in ends))


def _to_segment(points: Floats, start: Floats, end: Floats) -> Floats:
    """Return the distance of each point to its own segment."""
    along, beside = end - start, points - start
    square = np.maximum((along * along).sum(axis=1), 1e-12)
    share = np.clip((along * beside).sum(axis=1) / square, 0.0, 1.0)
    return np.asarray(np.linalg.norm(beside - share[:, None] * along, axis=1))


def _added_path(a: Stack, b: Stack, tolerance_mm: float) -> float:
    """Return the length of `a`'s contours that `b` does not follow in the same plane, mm."""
    p, q = along_contours(a), along_contours(b)
    after = next_in_polygon(a.starts)
    total = float(np.linalg.norm(a.points[after] - a.points, axis=1).sum())
    added = 0
    for place in np.unique(p.points[:, 2]):
        mine = p.points[p.points[:, 2] == place]
        its = q.at(np.abs(q.points[:, 2] - place) <= SAME_PLANE_MM)
        if its.after.size:
            added += int(np.count_nonzero(nearest(mine, its) > tolerance_mm))
        else:
            added += len(mine)
    return total * added / len(p.points)
