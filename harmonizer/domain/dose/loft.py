"""The shape between planes of a short structure with one round outline on each.

Blending covered shares between planes keeps volumes right, but smears the surface by what two
planes differ. Where a structure has few planes, that is much of it. If every plane holds one
outline that is star-shaped about its centroid, the outline at any height follows from the squared
radius in every direction, which is a parabola in height for ellipsoids, cones and cylinders,
however they lie. Areas stay those of `layers`.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.layers import Layers
from harmonizer.domain.dose.planes import Stack

Floats = NDArray[np.float64]

MOST_PLANES: Final = 40
"""With more planes than this the blend is as good."""

DIRECTIONS: Final = 360


def loft(stack: Stack, layers: Layers, areas: Floats) -> tuple[Stack, Layers] | None:
    """Return a stack with one outline per layer, and layers that say so.

    None where the structure is not of that kind: several outlines on a plane, not star-shaped, in
    parts, fewer than three planes or very many.

    Parameters
    ----------
    areas : (planes,) array, mm2
    """
    planes = stack.positions.size
    if not 3 <= planes <= MOST_PLANES or layers.parts != 1 or stack.plane_of.size != planes:
        return None
    outlines = [stack.points[a:b] for a, b in zip(stack.starts[:-1], stack.starts[1:], strict=True)]
    centres = np.stack([centroid(outline) for outline in outlines])
    angles = 2 * np.pi * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    radii = [radii_of(o - c, angles) for o, c in zip(outlines, centres, strict=True)]
    known = [r for r in radii if r is not None]
    if len(known) != planes:
        return None
    squared = _between(stack.positions, np.stack(known) ** 2, layers.position)
    wanted = layers.scale * ((1 - layers.share) * areas[layers.lower])
    wanted = wanted + layers.scale * layers.share * areas[layers.upper]
    own = squared.sum(axis=1) * 0.5 * np.sin(2 * np.pi / DIRECTIONS)
    squared = squared * (wanted / np.maximum(own, 1e-9))[:, None]
    middle = _between_straight(stack.positions, centres, layers.position)
    ray = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = middle[:, None, :] + np.sqrt(squared)[:, :, None] * ray[None]
    return _one_each(stack, layers, points)


def _one_each(stack: Stack, layers: Layers, points: Floats) -> tuple[Stack, Layers]:
    """Return stack and layers with one plane per layer."""
    count = layers.position.size
    every = np.arange(count)
    lofted = replace(
        stack,
        positions=layers.position,
        points=points.reshape(-1, 2),
        starts=np.arange(count + 1) * DIRECTIONS,
        plane_of=every,
    )
    plain = replace(layers, lower=every, upper=every, share=np.zeros(count), scale=np.ones(count))
    return lofted, plain


def centroid(outline: Floats) -> Floats:
    """Return the centroid of a polygon (n, 2); the mean of its points if it has no area."""
    origin = outline.mean(axis=0)
    p = outline - origin
    q = np.roll(p, -1, axis=0)
    cross = p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]
    total = cross.sum()
    if abs(total) < 1e-12:
        return np.asarray(origin)
    return np.asarray(origin + ((p + q) * cross[:, None]).sum(axis=0) / (3 * total))


def radii_of(outline: Floats, angles: Floats) -> Floats | None:
    """Return the distance to a polygon around the origin at angles; None if not star-shaped."""
    turn = np.arctan2(outline[:, 1], outline[:, 0])
    step = np.diff(np.append(turn, turn[0]))
    step = (step + np.pi) % (2 * np.pi) - np.pi
    if abs(abs(step.sum()) - 2 * np.pi) > 1e-6:
        return None
    if step.sum() < 0:
        outline, turn = outline[::-1], turn[::-1]
        step = np.diff(np.append(turn, turn[0]))
        step = (step + np.pi) % (2 * np.pi) - np.pi
    if np.any(step < -1e-6):
        return None
    first = int(np.argmin(turn % (2 * np.pi)))
    outline = np.roll(outline, -first, axis=0)
    turn = np.roll(turn % (2 * np.pi), -first)
    edge = np.searchsorted(turn, angles, side="right") - 1  # -1 is the last edge
    a, b = outline[edge], outline[(edge + 1) % len(outline)]
    d = b - a
    across = np.cos(angles) * d[:, 1] - np.sin(angles) * d[:, 0]
    reach = a[:, 0] * d[:, 1] - a[:, 1] * d[:, 0]
    radius = reach / np.where(np.abs(across) < 1e-12, np.nan, across)
    limit = np.hypot(*outline.T).max() * (1 + 1e-9)
    return np.clip(np.where(np.isnan(radius), np.hypot(*a.T), radius), 0.0, limit)


def _between(positions: Floats, values: Floats, at: Floats) -> Floats:
    """Return values (planes, n) between and beyond planes: cubic, parabola beyond; not negative."""
    slopes = np.gradient(values, positions, axis=0, edge_order=2)
    k = np.clip(np.searchsorted(positions, at) - 1, 0, positions.size - 2)
    gap = positions[k + 1] - positions[k]
    t = ((at - positions[k]) / gap)[:, None]
    m0, m1 = slopes[k] * gap[:, None], slopes[k + 1] * gap[:, None]
    cubic = (2 * t**3 - 3 * t**2 + 1) * values[k] + (3 * t**2 - 2 * t**3) * values[k + 1]
    cubic = cubic + (t**3 - 2 * t**2 + t) * m0 + (t**3 - t**2) * m1
    for end, sign in ((0, 1), (-1, -1)):
        beyond = sign * (positions[end] - at) > 0
        if not beyond.any():
            continue
        gap_at_end = abs(positions[end] - positions[end + sign])
        s = (np.abs(at[beyond] - positions[end]) / gap_at_end)[:, None]
        v0, v1, v2 = values[end], values[end + sign], values[end + 2 * sign]
        c2 = (v0 - 2 * v1 + v2) / 2
        cubic[beyond] = v0 + (v0 - v1 + c2) * s + c2 * s * s
        empty = cubic[beyond].max(axis=1) <= 0  # nothing left: keep the end's outline
        rows = np.flatnonzero(beyond)[empty]
        cubic[rows] = v0
    return np.maximum(cubic, 0.0)


def _between_straight(positions: Floats, values: Floats, at: Floats) -> Floats:
    """Return values (planes, n) in straight lines between planes, and going on beyond."""
    k = np.clip(np.searchsorted(positions, at) - 1, 0, positions.size - 2)
    t = ((at - positions[k]) / (positions[k + 1] - positions[k]))[:, None]
    return np.asarray(values[k] * (1 - t) + values[k + 1] * t)
