"""Whether a dose grid fits the body that it should lie in."""

from dataclasses import dataclass

import numpy as np

from harmonizer.domain.dose.grid import DoseGrid
from harmonizer.domain.dose.planes import build_stack
from harmonizer.domain.dose.raster import Edges, next_in_polygon, scan
from harmonizer.domain.dose.structures import Roi

HIGH = 0.5
"""Dose above this share of the highest counts as high."""


@dataclass(frozen=True)
class BodyShare:
    """How much of the high dose lies outside the body, and of how many voxels that is said."""

    high_outside: float
    voxels: int


def share_outside_body(body: Roi, grid: DoseGrid) -> BodyShare | None:
    """Return the share of high dose outside the body; None where they share no planes.

    Frames without a body plane within one plane spacing are not asked.
    """
    stack = build_stack(body, grid)
    if stack is None or not stack.aligned:
        return None
    origin = stack.axes @ grid.origin
    places = origin[2] + grid.offsets
    nearest = np.abs(places[:, None] - stack.positions).argmin(axis=1)
    near = np.abs(places - stack.positions[nearest]) <= 0.75 * stack.spacing
    if not near.any():
        return None
    _, rows, columns = grid.stored.shape
    corner = origin[:2] - np.array([grid.column_spacing, grid.row_spacing]) / 2
    x = np.clip((stack.points[:, 0] - corner[0]) / grid.column_spacing, 0, columns)
    y = np.clip((stack.points[:, 1] - corner[1]) / grid.row_spacing, 0, rows)
    after = next_in_polygon(stack.starts)
    plane = np.repeat(stack.plane_of, np.diff(stack.starts))
    edges = Edges(plane, x, y, x[after], y[after])
    spans = scan(edges, (stack.positions.size, rows, columns), 2)
    limit = HIGH * float(grid.stored.max())
    high = outside = 0
    for frame in np.flatnonzero(near):
        hot = grid.stored[frame] > limit
        if hot.any():
            covered = spans.fill(int(nearest[frame]), int(nearest[frame]))[0]
            high += int(np.count_nonzero(hot))
            outside += int(np.count_nonzero(hot & (covered < 0.01)))
    return BodyShare(outside / high, high) if high else None
