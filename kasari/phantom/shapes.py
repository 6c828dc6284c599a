"""Parametric organs, in patient coordinates.

Lengths are millimetres in the DICOM patient frame (LPS): +x to the patient's left, +y to the back,
+z to the head. Every shape answers three questions from one formula: its volume, its outline in a
plane, and whether a point is inside.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Box = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
"""Lowest and highest x, y and z."""

HALTON_BASES: Final = (2, 3, 5)
MOST_POINTS: Final = 250_000
"""Tried per shape: 20 000 of them lie inside if it fills a twelfth of its box."""

POINTS_PER_CONTOUR: Final = 96
MM3_PER_CM3: Final = 1000.0
SLABS: Final = 400
"""Slabs of the volume integral of a shape without a closed form; the error is below 0.01 %."""


class Shape(Protocol):
    """A solid."""

    @property
    def volume_cm3(self) -> float: ...

    @property
    def box(self) -> Box: ...

    def outlines(self, z_mm: float) -> list[Array]:
        """Closed polygons at one height, each of shape (n, 2) in mm; a hole is one of its own."""
        ...

    def contains(self, x: Array, y: Array, z: Array) -> NDArray[np.bool_]: ...


class RoundSolid(Protocol):
    """A solid that every plane z = constant cuts in one ellipse about a fixed axis."""

    @property
    def axis(self) -> tuple[float, float]: ...

    def semi_axes(self, z: Array) -> tuple[Array, Array]:
        """Semi-axes in x and y at heights; 0 where there is nothing."""
        ...


@dataclass(frozen=True)
class Ellipsoid:
    centre: tuple[float, float, float]
    axes: tuple[float, float, float]
    """Semi-axes."""

    @property
    def axis(self) -> tuple[float, float]:
        return self.centre[:2]

    @property
    def volume_cm3(self) -> float:
        return 4.0 / 3.0 * math.pi * math.prod(self.axes) / MM3_PER_CM3

    @property
    def box(self) -> Box:
        x, y, z = ((c - a, c + a) for c, a in zip(self.centre, self.axes, strict=True))
        return x, y, z

    def semi_axes(self, z: Array) -> tuple[Array, Array]:
        part = np.sqrt(np.maximum(0.0, 1.0 - ((z - self.centre[2]) / self.axes[2]) ** 2))
        return self.axes[0] * part, self.axes[1] * part

    def outlines(self, z_mm: float) -> list[Array]:
        return _ellipse(self, z_mm)

    def contains(self, x: Array, y: Array, z: Array) -> NDArray[np.bool_]:
        return self.norm(x, y, z) <= 1.0

    def norm(self, x: Array, y: Array, z: Array) -> Array:
        """Distance from the centre in semi-axes: 1 on the surface."""
        (cx, cy, cz), (ax, ay, az) = self.centre, self.axes
        norm: Array = np.sqrt(((x - cx) / ax) ** 2 + ((y - cy) / ay) ** 2 + ((z - cz) / az) ** 2)
        return norm

    def grown(self, margin_mm: float) -> "Ellipsoid":
        ax, ay, az = self.axes
        return Ellipsoid(self.centre, (ax + margin_mm, ay + margin_mm, az + margin_mm))


@dataclass(frozen=True)
class Tube:
    """An elliptical cylinder along z."""

    axis: tuple[float, float]
    axes: tuple[float, float]
    low: float
    high: float

    @property
    def volume_cm3(self) -> float:
        return math.pi * math.prod(self.axes) * (self.high - self.low) / MM3_PER_CM3

    @property
    def box(self) -> Box:
        x, y = ((c - a, c + a) for c, a in zip(self.axis, self.axes, strict=True))
        return x, y, (self.low, self.high)

    def semi_axes(self, z: Array) -> tuple[Array, Array]:
        there = np.where((z >= self.low) & (z <= self.high), 1.0, 0.0)
        return self.axes[0] * there, self.axes[1] * there

    def outlines(self, z_mm: float) -> list[Array]:
        return _ellipse(self, z_mm)

    def contains(self, x: Array, y: Array, z: Array) -> NDArray[np.bool_]:
        (cx, cy), (ax, ay) = self.axis, self.axes
        inside = ((x - cx) / ax) ** 2 + ((y - cy) / ay) ** 2 <= 1.0
        return inside & (z >= self.low) & (z <= self.high)


@dataclass(frozen=True)
class Star:
    """A solid that is seen whole from its own axis: `base`, with bulges added and bites taken.

    Along each ray from the axis of `base` it reaches to the far side of the base or of a bulge,
    whichever is farther, but not beyond the near side of a bite.
    """

    base: Ellipsoid | Tube
    bulges: tuple[Ellipsoid, ...] = ()
    bites: tuple[Ellipsoid, ...] = ()

    def reach(self, along_x: Array, along_y: Array, z: Array) -> Array:
        """Distance from the axis to the surface, mm, in directions of unit length."""
        reach = _crossings(self.base, self.base.axis, (along_x, along_y), z)[1]
        there = reach > 0.0
        for bulge in self.bulges:
            reach = np.maximum(reach, _crossings(bulge, self.base.axis, (along_x, along_y), z)[1])
        for bite in self.bites:
            near = _crossings(bite, self.base.axis, (along_x, along_y), z)[0]
            reach = np.minimum(reach, np.where(near > 0.0, near, np.inf))
        return np.where(there, reach, 0.0)

    @cached_property
    def volume_cm3(self) -> float:
        low, high = self.base.box[2]
        step = (high - low) / SLABS
        z = low + step * (np.arange(SLABS) + 0.5)
        angle = np.arange(720) * (2.0 * math.pi / 720)
        reach = self.reach(np.cos(angle), np.sin(angle), z[:, None])
        areas = 0.5 * (reach**2).sum(axis=1) * (2.0 * math.pi / 720)
        return float(areas.sum() * step / MM3_PER_CM3)

    @property
    def box(self) -> Box:
        boxes = [self.base.box, *(bulge.box for bulge in self.bulges)]
        x, y = ((min(b[i][0] for b in boxes), max(b[i][1] for b in boxes)) for i in (0, 1))
        return x, y, self.base.box[2]

    def outlines(self, z_mm: float) -> list[Array]:
        angle, grow = _turns(2 * POINTS_PER_CONTOUR)
        reach = self.reach(np.cos(angle), np.sin(angle), np.array(z_mm)) * grow
        if not reach.any():
            return []
        x, y = self.base.axis
        return [np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)])]

    def contains(self, x: Array, y: Array, z: Array) -> NDArray[np.bool_]:
        low, high = self.base.box[2]
        return (self.depth(x, y, z) >= 0.0) & (z >= low) & (z <= high)

    def depth(self, x: Array, y: Array, z: Array) -> Array:
        """How far a point lies under the surface along its ray, mm; negative outside.

        Beyond the ends the last section is taken to go on.
        """
        dx, dy = x - self.base.axis[0], y - self.base.axis[1]
        distance = np.hypot(dx, dy)
        # a point on the axis itself has no direction: any will do
        along_x = np.divide(dx, distance, out=np.ones_like(distance), where=distance > 0.0)
        along_y = np.divide(dy, distance, out=np.zeros_like(distance), where=distance > 0.0)
        low, high = self.base.box[2]
        depth: Array = self.reach(along_x, along_y, np.clip(z, low, high)) - distance
        return depth


@dataclass(frozen=True)
class Union:
    """Solids that do not overlap, as one structure: several contours in a slice."""

    parts: tuple[Shape, ...]

    @property
    def volume_cm3(self) -> float:
        return sum(part.volume_cm3 for part in self.parts)

    @property
    def box(self) -> Box:
        boxes = [part.box for part in self.parts]
        x, y, z = ((min(b[i][0] for b in boxes), max(b[i][1] for b in boxes)) for i in range(3))
        return x, y, z

    def outlines(self, z_mm: float) -> list[Array]:
        return [outline for part in self.parts for outline in part.outlines(z_mm)]

    def contains(self, x: Array, y: Array, z: Array) -> NDArray[np.bool_]:
        inside = np.zeros(np.broadcast(x, y, z).shape, dtype=bool)
        for part in self.parts:
            inside |= part.contains(x, y, z)
        return inside


@dataclass(frozen=True)
class Shell:
    """`outer` without `inner`, which lies inside it: two contours in a slice, the inner a hole."""

    outer: Ellipsoid
    inner: Ellipsoid

    @property
    def volume_cm3(self) -> float:
        return self.outer.volume_cm3 - self.inner.volume_cm3

    @property
    def box(self) -> Box:
        return self.outer.box

    def outlines(self, z_mm: float) -> list[Array]:
        return [*self.outer.outlines(z_mm), *self.inner.outlines(z_mm)]

    def contains(self, x: Array, y: Array, z: Array) -> NDArray[np.bool_]:
        return self.outer.contains(x, y, z) & ~self.inner.contains(x, y, z)


def _turns(points: int) -> tuple[Array, float]:
    """Angles of a polygon, and the factor by which it is blown up to enclose the true area."""
    turn = 2.0 * math.pi / points
    return np.arange(points) * turn, math.sqrt(turn / math.sin(turn))


def _ellipse(solid: RoundSolid, z_mm: float) -> list[Array]:
    ax, ay = (float(axis) for axis in solid.semi_axes(np.array(z_mm)))
    if ax <= 0.0:
        return []
    angle, grow = _turns(POINTS_PER_CONTOUR)
    cx, cy = solid.axis
    return [np.column_stack([cx + grow * ax * np.cos(angle), cy + grow * ay * np.sin(angle)])]


def _crossings(
    solid: RoundSolid, start: tuple[float, float], along: tuple[Array, Array], z: Array
) -> tuple[Array, Array]:
    """Where rays from `start` enter and leave a solid, mm; -inf where they miss it."""
    ax, ay = solid.semi_axes(z)
    ax, ay = np.maximum(ax, 1e-9), np.maximum(ay, 1e-9)
    x, y = (start[0] - solid.axis[0]) / ax, (start[1] - solid.axis[1]) / ay
    u, v = along[0] / ax, along[1] / ay
    square, mixed, rest = u * u + v * v, u * x + v * y, x * x + y * y - 1.0
    inner = mixed * mixed - square * rest
    root = np.sqrt(np.maximum(inner, 0.0))
    hits = (inner > 0.0) & (np.asarray(ax) > 1e-6)
    entry = np.where(hits, (-mixed - root) / square, -np.inf)
    leave = np.where(hits, (-mixed + root) / square, -np.inf)
    return entry, leave


def fill(shape: Shape, count: int) -> tuple[Array, Array, Array]:
    """About `count` points spread evenly inside a shape, the same ones every time.

    Halton's sequence: shares and means come out far closer than from random points.
    """
    low = np.array([side[0] for side in shape.box])
    size = np.array([side[1] - side[0] for side in shape.box])
    share = min(1.0, shape.volume_cm3 * MM3_PER_CM3 / float(np.prod(size)))
    tried = min(MOST_POINTS, int(count / share))
    x, y, z = (
        low[axis] + size[axis] * _mirrored(number)[:tried]
        for axis, number in enumerate(HALTON_BASES)
    )
    inside = shape.contains(x, y, z)
    return x[inside], y[inside], z[inside]


@lru_cache(maxsize=8)
def _mirrored(base: int) -> Array:
    """Whole numbers with their digits mirrored at the decimal point, in one base."""
    left = np.arange(1, MOST_POINTS + 1)
    found, weight = np.zeros(MOST_POINTS), 1.0 / base
    while left.any():
        found += weight * (left % base)
        left //= base
        weight /= base
    return found
