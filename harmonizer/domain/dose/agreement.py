"""Whether a dose grid fits the body that it should lie in."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.grid import DoseGrid
from harmonizer.domain.dose.planes import Stack, build_stack
from harmonizer.domain.dose.raster import Edges, Spans, next_in_polygon, scan
from harmonizer.domain.dose.structures import Roi

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

HIGH: Final = 0.5
"""Dose above this share of the highest counts as high."""

FEWEST_LINES: Final = 100
"""Rows or columns whose two ends must be known before an offset is told."""

SAME_WIDTH: Final = 4.0
"""Voxels by which the dose's region may be wider or narrower than the body and still be its."""


@dataclass(frozen=True)
class BodyShare:
    """How much of the high dose lies outside the body, and of how many voxels that is said."""

    high_outside: float
    voxels: int


@dataclass(frozen=True, eq=False)
class _Outline:
    """The body on the frames of a dose grid that it reaches."""

    spans: Spans
    frames: NDArray[np.intp]  # frames that have a body plane within one plane spacing
    planes: NDArray[np.intp]  # that plane, for each

    def covered(self, i: int) -> Floats:
        """Return the covered share of every voxel of the i-th of these frames."""
        plane = int(self.planes[i])
        return np.asarray(self.spans.fill(plane, plane)[0], dtype=np.float64)


def share_outside_body(body: Roi, grid: DoseGrid) -> BodyShare | None:
    """Return the share of high dose outside the body; None where they share no planes.

    Frames without a body plane within one plane spacing are not asked.
    """
    outline = _outline(body, grid)
    if outline is None:
        return None
    limit = HIGH * float(grid.stored.max())
    high = outside = 0
    for i, frame in enumerate(outline.frames):
        hot = grid.stored[frame] > limit
        if hot.any():
            high += int(np.count_nonzero(hot))
            outside += int(np.count_nonzero(hot & (outline.covered(i) < 0.01)))
    return BodyShare(outside / high, high) if high else None


def offset_from_body(body: Roi, grid: DoseGrid) -> tuple[float, float]:
    """Return by how much a dose that was computed inside the body lies beside it, mm.

    Planning systems that set the dose outside the body to zero leave the body's outline in the
    grid. Where the region of dose is about as wide as the body, the middle of both ends tells the
    offset. It is 0 where dose goes on beyond the body, as it does where air is computed too.

    Returns
    -------
    offsets along the directions in which column and row index rise
    """
    outline = _outline(body, grid)
    if outline is None:
        return 0.0, 0.0
    across: list[tuple[Mask, Mask]] = []
    down: list[tuple[Mask, Mask]] = []
    for i, frame in enumerate(outline.frames):
        dose, inside = grid.stored[frame] > 0, outline.covered(i) > 0.5
        across.append((dose, inside))
        down.append((dose.T, inside.T))
    x, y = (_offset(lines) for lines in (across, down))
    return x * grid.column_spacing, y * grid.row_spacing


def _outline(body: Roi, grid: DoseGrid) -> _Outline | None:
    """Scan the body over the dose grid's voxels; None where they share no planes."""
    stack = build_stack(body, grid)
    if stack is None or not stack.aligned:
        return None
    origin = stack.axes @ grid.origin
    places = origin[2] + grid.offsets
    nearest = np.abs(places[:, None] - stack.positions).argmin(axis=1)
    near = np.abs(places - stack.positions[nearest]) <= 0.75 * stack.spacing
    if not near.any():
        return None
    spans = _scanned(stack, grid, origin)
    return _Outline(spans, np.flatnonzero(near), nearest[near])


def _scanned(stack: Stack, grid: DoseGrid, origin: Floats) -> Spans:
    _, rows, columns = grid.stored.shape
    corner = origin[:2] - np.array([grid.column_spacing, grid.row_spacing]) / 2
    x = np.clip((stack.points[:, 0] - corner[0]) / grid.column_spacing, 0, columns)
    y = np.clip((stack.points[:, 1] - corner[1]) / grid.row_spacing, 0, rows)
    after = next_in_polygon(stack.starts)
    plane = np.repeat(stack.plane_of, np.diff(stack.starts))
    edges = Edges(plane, x, y, x[after], y[after])
    return scan(edges, (stack.positions.size, rows, columns), 2)


def _offset(lines: list[tuple[Mask, Mask]]) -> float:
    """Return the offset in voxels that lines of all frames tell."""
    found = _middle(np.concatenate([_ends(*pair) for pair in lines], axis=1))
    if found:
        return found
    beyond = _agreed(np.concatenate([_far_ends(*pair) for pair in lines]), 1)
    return beyond if abs(beyond) > SAME_WIDTH else 0.0  # dose may go on a little beyond the skin


def _far_ends(dose: Mask, inside: Mask) -> Floats:
    """Return how far dose sticks out at one end of the body that the grid cuts at the other.

    Only lines with an end of dose on both sides: were the grid in place, dose would go on to where
    it cuts the body.
    """
    clear = dose.any(axis=1) & ~(dose[:, 0] | dose[:, -1])
    cut = clear & (inside[:, 0] != inside[:, -1])
    dose, inside = dose[cut], inside[cut]
    last = inside[:, ::-1].argmax(axis=1) - dose[:, ::-1].argmax(axis=1)
    first = dose.argmax(axis=1) - inside.argmax(axis=1)
    found = np.where(inside[:, 0], np.maximum(last, 0), np.minimum(first, 0))
    return np.asarray(found, dtype=np.float64)


def _ends(dose: Mask, inside: Mask) -> Floats:
    """Return how far the first and last voxel with dose lie from the body's, per line (2, n).

    Only lines on which neither reaches the border.
    """
    known = dose.any(axis=1) & inside.any(axis=1)
    known &= ~(dose[:, 0] | dose[:, -1] | inside[:, 0] | inside[:, -1])
    dose, inside = dose[known], inside[known]
    first = dose.argmax(axis=1) - inside.argmax(axis=1)
    last = inside[:, ::-1].argmax(axis=1) - dose[:, ::-1].argmax(axis=1)
    return np.stack([first, last]).astype(np.float64)


def _middle(ends: Floats) -> float:
    """Return the offset in voxels that most lines agree about; 0 if they do not."""
    middle, wider = (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2
    return _agreed(middle[np.abs(wider) <= SAME_WIDTH], 0.5 * middle.size)


def _agreed(offsets: Floats, fewest: float) -> float:
    """Return the offset about which most lines agree; 0 if they do not."""
    if offsets.size < max(FEWEST_LINES, fewest):
        return 0.0
    found = float(np.median(offsets))
    slack = max(1.0, 0.1 * abs(found))
    return found if np.median(np.abs(offsets - found)) <= slack else 0.0
