"""Where along the patient a plan's fields open, and where its dose begins and ends.

Two independent answers to one question: jaws and leaves about the isocentre, and the dose grid.
For beams without couch rotation the direction along the patient is the same in every beam's eye,
whatever the gantry angle, so that no source position is needed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.grid import DoseGrid

Floats = NDArray[np.float64]
Reach = tuple[float, float]

SLIT_MM: Final = 2.0
"""Leaf pairs less far apart than this are closed."""

HALF: Final = 0.5
"""A field's edge is where the dose falls to half."""


@dataclass(frozen=True, eq=False)
class Opening:
    """Jaws and leaves of one control point, mm at the isocentre (IEC 61217).

    `leaves` holds the one bank's positions, then the other's; `borders` are the leaf pairs' borders
    across their way; both are empty without leaves.
    """

    collimator: float = 0.0  # degrees
    jaws_x: Reach | None = None
    jaws_y: Reach | None = None
    leaves: Floats | None = None  # (2 n,)
    borders: Floats | None = None  # (n + 1,)
    leaves_along_x: bool = True

    def boxes(self) -> Floats:
        """Return what is open as (n, 4): x from, x to, y from, y to."""
        x0, x1 = self.jaws_x or (-np.inf, np.inf)
        y0, y1 = self.jaws_y or (-np.inf, np.inf)
        found = np.array([[x0, x1, y0, y1]])
        leaves, borders = self.leaves, self.borders
        if leaves is not None and borders is not None and leaves.size == 2 * (borders.size - 1):
            one, other = leaves[: leaves.size // 2], leaves[leaves.size // 2 :]
            way, across = np.stack([one, other]), np.stack([borders[:-1], borders[1:]])
            x, y = (way, across) if self.leaves_along_x else (across, way)
            low, high = (
                np.maximum([x[0], y[0]], [[x0], [y0]]),
                np.minimum([x[1], y[1]], [[x1], [y1]]),
            )
            found = np.stack([low[0], high[0], low[1], high[1]], axis=1)
        wide = (found[:, 1] - found[:, 0] > SLIT_MM) & (found[:, 3] - found[:, 2] > SLIT_MM)
        return np.asarray(found[wide & np.isfinite(found).all(axis=1)])

    def reach(self) -> Reach | None:
        """Return from where to where it opens towards the gantry, mm; None if nowhere."""
        boxes = self.boxes()
        if not boxes.size:
            return None
        turn = np.radians(self.collimator)
        corners = boxes[:, [0, 0, 1, 1]] * np.sin(turn) + boxes[:, [2, 3, 2, 3]] * np.cos(turn)
        return float(corners.min()), float(corners.max())


def reach_of(openings: Iterable[Opening], isocentre_z: float, *, head_first: bool) -> Reach | None:
    """Return from where to where along the patient's z a beam opens at any time, mm."""
    found = [reach for opening in openings if (reach := opening.reach()) is not None]
    if not found:
        return None
    low, high = min(a for a, _ in found), max(b for _, b in found)
    low, high = (low, high) if head_first else (-high, -low)  # the gantry is at the head, or not
    return isocentre_z + low, isocentre_z + high


def reach_of_dose(grid: DoseGrid) -> Reach | None:
    """Return the z between which frames hold more than half of the usual top dose, mm.

    None where the grid is not axial or ends within that dose.
    """
    if abs(abs(float(grid.normal[2])) - 1.0) > 1e-3 or grid.offsets.size < 3:
        return None
    top = grid.stored.max(axis=(1, 2)).astype(np.float64)
    if top.max() <= 0:
        return None
    limit = HALF * float(np.median(top[top > HALF * top.max()]))
    hot = np.flatnonzero(top > limit)
    first, last = int(hot[0]), int(hot[-1])
    if first == 0 or last == top.size - 1:
        return None
    pairs = ((first - 1, first), (last + 1, last))
    ends = [_crossing(grid.offsets, top, limit, below, above) for below, above in pairs]
    z = sorted(float(grid.origin[2]) + float(grid.normal[2]) * end for end in ends)
    return z[0], z[1]


def _crossing(places: Floats, top: Floats, limit: float, below: int, above: int) -> float:
    """Return where between two frames the dose crosses a limit."""
    share = (limit - top[below]) / (top[above] - top[below])
    return float(places[below] + share * (places[above] - places[below]))
