"""Convex outlines by how far they reach in every direction (the support function).

Where a flat face cuts a structure obliquely, its outline between planes is a wedge that moves and
shrinks: its radii from a centre are no simple function of height, but how far it reaches in each
direction is: a straight line for every straight edge. Outlines that grow or shrink in this way are
described here; `loft` decides from the planes themselves which description fits better.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REACHES: Final = 720
"""Directions in which the reach is known: an edge between two of them is cut by little."""

SAME_AREA: Final = 0.02
"""An outline is convex if its hull is larger by this share at most: an edge between two directions
makes the hull of a narrow one 1 % too large."""

_TURN: Final = 2 * np.pi * (np.arange(REACHES) + 0.5) / REACHES
_RAYS: Final = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


def reach_of(outline: Floats) -> Floats:
    """Return how far an outline (n, 2) reaches from the origin in each direction (REACHES,)."""
    return np.asarray(along(outline).max(axis=0))


def along(points: Floats) -> Floats:
    """Return how far points (n, 2) lie along each direction, (n, REACHES)."""
    return np.asarray(points @ _RAYS.T)


def enclosed(reach: Floats, angles: Floats) -> tuple[Floats, Floats]:
    """Return a point inside what reaches enclose, and the distance to the border at angles.

    Parameters
    ----------
    reach : (n, REACHES) array
        What follows from no outline, because some directions contradict others, is cut off by
        those that reach least.

    Returns
    -------
    (n, 2) points; (n, angles) distances, 0 where nothing is enclosed
    """
    inside = 2 * (reach @ _RAYS) / REACHES  # the Steiner point: never outside a convex outline
    left = reach - along(inside)
    toward = np.cos(angles[:, None] - _TURN[None]).astype(np.float32)
    radii = np.zeros((len(reach), angles.size))
    for i in np.flatnonzero(left.min(axis=1) > 0):
        radii[i] = 1.0 / (toward * (1.0 / left[i]).astype(np.float32)).max(axis=1)
    return inside, radii


def is_convex(reach: Floats, area: float) -> bool:
    """Whether an outline of an area, mm2, that reaches so far is convex: its hull is no larger."""
    step = 2 * np.pi / reach.size
    about = np.roll(reach, 1) + np.roll(reach, -1)
    edges = (about - 2 * np.cos(step) * reach) / np.sin(step)  # of the hull, by their normals
    return bool(0.5 * float(reach @ edges) <= (1 + SAME_AREA) * area)


def fan_area(radii: Floats) -> Floats:
    """Return the areas of outlines given by radii (n, angles) at equal angles."""
    after = np.roll(radii, -1, axis=1)
    return np.asarray((radii * after).sum(axis=1) * 0.5 * np.sin(2 * np.pi / radii.shape[1]))
