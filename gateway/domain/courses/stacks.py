"""The slices of a series in order, and where between them some are missing.

Order and distance are along the slices' normal. What is told, and what contours are compared with,
is the patient's own coordinate (PS3.3 C.7.6.2): the normal of an axial image is z of a patient who
lies head first, and -z of one who lies feet first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from statistics import median

from gateway.domain.courses.facts import ImageFacts, Vector
from gateway.domain.courses.instance import Instance, by_series

GAP_FACTOR = 1.5
"""A step between neighbouring slices beyond this multiple of the usual step is a gap."""
NEIGHBOURS = 3
"""So many steps on each side tell which step is usual there."""
SAME_PLANE_MM = 0.05
PARALLEL = 1 - 1e-6
"""Cosine of the angle, 0.08 degrees, within which two directions count as one."""


@dataclass(frozen=True)
class Gap:
    """Where slices are missing: their number, and the first and last place, rising."""

    slices: int
    first_mm: float
    last_mm: float
    axis: str

    @property
    def places_mm(self) -> list[float]:
        step = (self.last_mm - self.first_mm) / max(1, self.slices - 1)
        return [self.first_mm + n * step for n in range(self.slices)]


@dataclass(frozen=True)
class Stack:
    """Parallel slices of one series, in order. Several images of one plane are one slice."""

    images: tuple[Instance, ...]
    normal: Vector
    heights_mm: tuple[float, ...]
    """Along the normal, rising."""
    places_mm: tuple[float, ...]
    """Of the same slices: their position on the patient's axis that is nearest to the normal."""

    @property
    def axis(self) -> str:
        """That axis: z of axial slices, x of sagittal and y of coronal ones."""
        return max("xyz", key=lambda axis: abs(self.normal["xyz".index(axis)]))

    @property
    def axial(self) -> bool:
        return abs(self.normal[2]) > PARALLEL

    @property
    def steps_mm(self) -> tuple[float, ...]:
        return tuple(high - low for low, high in pairwise(self.heights_mm))


def stacks_of(images: Sequence[Instance]) -> list[Stack]:
    """Sort images into stacks, by series and direction; those without geometry are in none."""
    found: list[tuple[Vector, list[Instance]]] = []
    for series in by_series(images):
        own: list[tuple[Vector, list[Instance]]] = []
        for image in series:
            normal = _normal(image)
            if normal is None:
                continue
            same = next((group for other, group in own if _dot(normal, other) > PARALLEL), None)
            if same is None:
                own.append((normal, [image]))
            else:
                same.append(image)
        found += own
    return [_stack(normal, group) for normal, group in found]


def absent_slices(stack: Stack) -> tuple[int, ...]:
    """Return for each step how many slices seem to be missing in it.

    A series may be scanned coarser outside the target, so what is usual is told by the steps
    beside it, on the side where they are wider.
    """
    steps = stack.steps_mm
    if len(steps) < 2:
        return (0,) * len(steps)
    counts = []
    for at, step in enumerate(steps):
        before = steps[max(0, at - NEIGHBOURS) : at] or steps[1:2]
        after = steps[at + 1 : at + 1 + NEIGHBOURS] or steps[-2:-1]
        usual = max(median(before), median(after))
        counts.append(round(step / usual) - 1 if step > GAP_FACTOR * usual else 0)
    return tuple(counts)


def gaps_of(stack: Stack, absent: Sequence[int]) -> list[Gap]:
    """Say where slices are missing, by how many are in each step."""
    gaps = []
    for (one, other), count in zip(pairwise(stack.places_mm), absent, strict=True):
        if count:
            step = (other - one) / (count + 1)
            first, last = sorted((one + step, other - step))
            gaps.append(Gap(count, first, last, stack.axis))
    return sorted(gaps, key=lambda gap: gap.first_mm)


def _stack(normal: Vector, images: list[Instance]) -> Stack:
    axis = max(range(3), key=lambda i: abs(normal[i]))
    at = [i.facts.position_mm for i in images if isinstance(i.facts, ImageFacts)]
    ordered = sorted((_dot(p, normal), p[axis]) for p in at if p is not None)
    slices = ordered[:1]
    slices += [b for a, b in pairwise(ordered) if b[0] - a[0] > SAME_PLANE_MM]
    heights, places = zip(*slices, strict=True)
    return Stack(tuple(images), normal, heights, places)


def _normal(image: Instance) -> Vector | None:
    facts = image.facts
    if not isinstance(facts, ImageFacts) or facts.position_mm is None or not facts.orientation:
        return None
    ax, ay, az, bx, by, bz = facts.orientation
    x, y, z = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    length = hypot(x, y, z)
    return (x / length, y / length, z / length) if length else None


def _dot(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
