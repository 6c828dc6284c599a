"""The shape between planes of a short structure with one round outline on each.

Blending covered shares between planes keeps volumes right, but smears the surface by what two
planes differ. Where a structure has few planes, that is much of it. If every plane holds one
outline that is star-shaped about its centroid, the outline at any height follows in one of two
ways:

- from the squared radius in every direction, which is a parabola in height for ellipsoids, cones
  and cylinders, however they lie; areas stay those of `layers`;
- for convex outlines from how far they reach in every direction (`convex`), which is a straight
  line in height for flat faces, whose rims end between planes; or from its square.

Which one fits is asked of each half by itself: the one by which the planes next to the end come
out best from the others.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.convex import along, enclosed, fan_area, is_convex, reach_of
from harmonizer.domain.dose.layers import Layers
from harmonizer.domain.dose.planes import Stack

Floats = NDArray[np.float64]

MOST_PLANES: Final = 40
"""With more planes than this the blend is as good."""

FEWEST_TO_CHOOSE: Final = 5
"""From fewer planes than this one cannot tell which way fits."""

DIRECTIONS: Final = 360
ANGLES: Final = 2 * np.pi * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
RAYS: Final = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)

FITS: Final = 0.02
"""Share of the radius by which two planes may be missed in all where nothing else is tried."""

NEAR: Final = 1.3
"""The squared reach must miss by that much less than the plain one: a rim that ends between planes
is told by the plain one only, and both fit the planes of an oblique cylinder well."""

NOTHING_MM2: Final = 1e-6
"""An outline of less than this is none."""


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
    pieces = zip(stack.starts[:-1], stack.starts[1:], strict=True)
    outlines = [stack.points[a:b] for a, b in pieces]
    centres = np.stack([centroid(outline) for outline in outlines])
    known = [radii_of(o - c, ANGLES) for o, c in zip(outlines, centres, strict=True)]
    radii = [r for r in known if r is not None]
    if len(radii) != planes:
        return None
    by_radius = ByRadius(stack.positions, centres, np.stack(radii))
    halves = _fitting(stack.positions, outlines, areas, by_radius)
    for end, model in enumerate(halves):
        if isinstance(model, ByReach) and not model.is_squared:
            layers = _to_full_cap(stack, layers, end)
    return _one_each(stack, layers, _outlines(stack, layers, areas, by_radius, halves))


class ByRadius:
    """Outlines by their squared radius about a centre that moves in straight lines."""

    def __init__(self, positions: Floats, centres: Floats, radii: Floats) -> None:
        self.positions, self.centres, self.radii = positions, centres, radii

    def at(self, heights: Floats) -> tuple[Floats, Floats]:
        """Return centres (n, 2) and radii (n, DIRECTIONS)."""
        squared = np.maximum(_between(self.positions, self.radii**2, heights, True), 0.0)
        return _between_straight(self.positions, self.centres, heights), np.sqrt(squared)

    def without(self, plane: int) -> "ByRadius":
        """Return the same from the other planes only."""
        kept = np.arange(self.positions.size) != plane
        return ByRadius(self.positions[kept], self.centres[kept], self.radii[kept])


class ByReach:
    """Convex outlines by how far they reach, or by the square of it about a straight line.

    The reach itself is straight where flat faces are cut; its square is a parabola where outlines
    are round.
    """

    def __init__(
        self, positions: Floats, reach: Floats, centres: Floats, *, is_squared: bool
    ) -> None:
        self.positions, self.reach, self.centres = positions, reach, centres
        self.is_squared = is_squared

    def at(self, heights: Floats) -> tuple[Floats, Floats]:
        """Return points inside (n, 2) and radii about them (n, DIRECTIONS); 0 for nothing."""
        if not self.is_squared:
            return enclosed(_between(self.positions, self.reach, heights, False), ANGLES)
        slope, start = np.polyfit(self.positions, self.centres, 1)
        about = self.reach - along(np.outer(self.positions, slope) + start)
        squared = _between(self.positions, about * np.abs(about), heights, False)
        found = np.sign(squared) * np.sqrt(np.abs(squared))
        return enclosed(found + along(np.outer(heights, slope) + start), ANGLES)

    def without(self, plane: int) -> "ByReach":
        """Return the same from the other planes only."""
        kept = np.arange(self.positions.size) != plane
        return ByReach(
            self.positions[kept],
            self.reach[kept],
            self.centres[kept],
            is_squared=self.is_squared,
        )


Model = ByRadius | ByReach


def _fitting(
    positions: Floats, outlines: list[Floats], areas: Floats, by_radius: ByRadius
) -> tuple[Model, Model]:
    """Return for each half the description from which its planes come out best."""
    if positions.size < FEWEST_TO_CHOOSE:
        return by_radius, by_radius
    reach = np.stack([reach_of(outline) for outline in outlines])
    if not all(is_convex(r, a) for r, a in zip(reach, areas, strict=True)):
        return by_radius, by_radius
    models: list[Model] = [by_radius]
    for is_squared in (True, False):
        models.append(ByReach(positions, reach, by_radius.centres, is_squared=is_squared))
    last = positions.size - 1
    return _best(models, outlines, (1, 2)), _best(models, outlines, (last - 1, last - 2))


def _best(models: list[Model], outlines: list[Floats], planes: tuple[int, int]) -> Model:
    """Return the description that misses these planes least."""

    radius = float(np.mean(models[0].at(models[0].positions[list(planes)])[1]))
    if sum(_misfit(models[0], outlines, i) for i in planes) < FITS * radius:
        return models[0]

    def missed(model: Model) -> float:
        squared = isinstance(model, ByReach) and model.is_squared
        return (NEAR if squared else 1.0) * sum(_misfit(model, outlines, i) for i in planes)

    return min(models, key=missed)


def _misfit(model: Model, outlines: list[Floats], plane: int) -> float:
    """Return how far, mm, a plane's outline lies from what the other planes let expect."""
    middle = centroid(outlines[plane])
    wanted = outlines[plane] - middle
    centre, radii = model.without(plane).at(model.positions[plane : plane + 1])
    found = centre[0] + radii[0][:, None] * RAYS - middle
    here, there = radii_of(wanted, ANGLES), radii_of(found, ANGLES)
    if here is None or there is None or not radii.max() > 0:
        return float("inf")
    by_reach = np.abs(reach_of(found) - reach_of(wanted)).mean()
    return float(by_reach + np.abs(here - there).mean())


def _to_full_cap(stack: Stack, layers: Layers, end: int) -> Layers:
    """Lay layers over a whole spacing beyond a tapering end: the outline says where it ends."""
    if not layers.tapers[end]:
        return layers
    plane = (0, stack.positions.size - 1)[end]
    border, sign = stack.positions[plane], (-1.0, 1.0)[end]
    kept = (layers.position - border) * sign < 0
    count = max(1, int(np.ceil(stack.spacing / float(np.median(layers.thickness)))))
    places = border + sign * (np.arange(count) + 0.5) * stack.spacing / count
    order = np.argsort(np.concatenate([layers.position[kept], places]), kind="stable")

    def joined(old: Floats | NDArray[np.intp], new: float | Floats) -> NDArray[np.float64]:
        added = np.broadcast_to(np.asarray(new, dtype=np.float64), count)
        return np.concatenate([old[kept].astype(np.float64), added])[order]

    return replace(
        layers,
        lower=joined(layers.lower, plane).astype(np.intp),
        upper=joined(layers.upper, plane).astype(np.intp),
        share=joined(layers.share, 0.0),
        position=joined(layers.position, places),
        thickness=joined(layers.thickness, stack.spacing / count),
        scale=joined(layers.scale, 1.0),
    )


def _outlines(
    stack: Stack,
    layers: Layers,
    areas: Floats,
    by_radius: ByRadius,
    halves: tuple[Model, Model],
) -> Floats:
    """Return the outline of every layer, (layers, DIRECTIONS, 2)."""
    at = layers.position
    centres, radii = by_radius.at(at)
    wanted = layers.scale * (
        (1 - layers.share) * areas[layers.lower] + layers.share * areas[layers.upper]
    )
    radii = radii * np.sqrt(wanted / np.maximum(fan_area(radii), 1e-9))[:, None]
    upper = at > (stack.positions[0] + stack.positions[-1]) / 2
    for model, half in zip(halves, (~upper, upper), strict=True):
        if model is not by_radius and half.any():
            centres[half], radii[half] = model.at(at[half])
    radii[fan_area(radii) < NOTHING_MM2] = 1e-4  # a polygon must be one; this has no volume
    return np.asarray(centres[:, None, :] + radii[:, :, None] * RAYS[None])


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


def _between(positions: Floats, values: Floats, at: Floats, keeps_end: bool) -> Floats:
    """Return values (planes, n) between and beyond planes: cubic, and a parabola beyond.

    Beyond an end nothing may be left; `keeps_end` has the end's own values then.
    """
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
        if keeps_end:
            rows = np.flatnonzero(beyond)[cubic[beyond].max(axis=1) <= 0]
            cubic[rows] = v0
    return np.asarray(cubic)


def _between_straight(positions: Floats, values: Floats, at: Floats) -> Floats:
    """Return values (planes, n) in straight lines between planes, and going on beyond."""
    k = np.clip(np.searchsorted(positions, at) - 1, 0, positions.size - 2)
    t = ((at - positions[k]) / (positions[k + 1] - positions[k]))[:, None]
    return np.asarray(values[k] * (1 - t) + values[k + 1] * t)
