"""Solids in dose fields whose dose-volume histograms are known, as contours and dose grids.

Truth comes from the solid's own coordinates (points of a low-discrepancy sequence, each
standing for a share of the volume), never from contours. Closed forms check it in the tests.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose import Contour, DoseGrid, Roi

Floats = NDArray[np.float64]
Field = Callable[[Floats], Floats]


def rotation(direction: tuple[float, float, float]) -> Floats:
    """Return a rotation whose third column is `direction`."""
    w = np.array(direction, dtype=float)
    w /= np.linalg.norm(w)
    helper = np.eye(3)[int(np.argmin(np.abs(w)))]
    u = np.cross(helper, w)
    u /= np.linalg.norm(u)
    return np.column_stack([u, np.cross(w, u), w])


def low_discrepancy(count: int) -> Floats:
    """Return points (count, 3) that fill the unit cube evenly (Kronecker sequence)."""
    # The real root of g^4 = g + 1: its powers are the least rational there are.
    steps = 1 / 1.2207440846057596 ** np.arange(1, 4)
    return (0.5 + np.outer(np.arange(1, count + 1), steps)) % 1.0


@dataclass(frozen=True)
class Solid:
    """A sphere, cylinder or cone around `centre`; the axis of the latter two is `direction`."""

    kind: str
    radius: float  # mm
    height: float = 0.0  # mm
    direction: tuple[float, float, float] = (0.0, 0.0, 1.0)
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def volume_cm3(self) -> float:
        """Exact volume."""
        if self.kind == "sphere":
            return 4 / 3 * np.pi * self.radius**3 / 1000
        share = 1.0 if self.kind == "cylinder" else 1 / 3
        return share * np.pi * self.radius**2 * self.height / 1000

    def inside(self, points: Floats) -> NDArray[np.bool_]:
        """Whether points (n, 3) lie in the solid."""
        local = (points - self.centre) @ rotation(self.direction)
        across = np.hypot(local[:, 0], local[:, 1])
        if self.kind == "sphere":
            return np.asarray(np.linalg.norm(local, axis=1) <= self.radius)
        level = local[:, 2] / self.height + 0.5
        within = (level >= 0) & (level <= 1)
        limit = self.radius if self.kind == "cylinder" else self.radius * (1 - level)
        return np.asarray(within & (across <= limit))

    def samples(self, count: int = 300_000) -> Floats:
        """Return points (count, 3) that each stand for the same volume."""
        a, b, turn = low_discrepancy(count).T
        t = 2 * np.pi * turn
        if self.kind == "sphere":
            r, cosine = self.radius * a ** (1 / 3), 2 * b - 1
            across, along = r * np.sqrt(1 - cosine**2), r * cosine
        else:
            level = a if self.kind == "cylinder" else 1 - (1 - a) ** (1 / 3)
            limit = self.radius * (1.0 if self.kind == "cylinder" else 1 - level)
            across, along = limit * np.sqrt(b), (level - 0.5) * self.height
        local = np.column_stack([across * np.cos(t), across * np.sin(t), along])
        return local @ rotation(self.direction).T + self.centre

    @property
    def half_size(self) -> Floats:
        """Half the edges of the box around the solid, mm."""
        if self.kind == "sphere":
            return np.full(3, self.radius)
        w = np.abs(rotation(self.direction)[:, 2])
        return w * self.height / 2 + self.radius * np.sqrt(np.clip(1 - w**2, 0, 1))


def contour_planes(solid: Solid, spacing: float, phase: float = 0.5) -> Floats:
    """Return the z of planes that meet the solid.

    The first lies `phase` spacings above its lower end.
    """
    low = solid.centre[2] - solid.half_size[2]
    high = solid.centre[2] + solid.half_size[2]
    count = int(np.floor((high - low) / spacing - phase + 1e-9)) + 1
    return low + (phase + np.arange(count)) * spacing


def section(solid: Solid, z: float, points: int = 360) -> Floats | None:
    """Return the outline of the solid at height z, (points, 3); None if it is not met."""
    half = solid.half_size
    side = np.linspace(-1, 1, 61)
    x, y = (m.ravel() for m in np.meshgrid(side * half[0], side * half[1]))
    raster = np.column_stack([x + solid.centre[0], y + solid.centre[1], np.full(x.size, z)])
    met = solid.inside(raster)
    if not met.any():
        return None
    middle = raster[met].mean(axis=0)
    angle = 2 * np.pi * np.arange(points) / points
    ray = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(points)])
    low, high = np.zeros(points), np.full(points, 3 * float(half.max()))
    for _ in range(40):
        trial = (low + high) / 2
        hit = solid.inside(middle + ray * trial[:, None])
        low, high = np.where(hit, trial, low), np.where(hit, high, trial)
    return middle + ray * low[:, None]


def roi_of(solid: Solid, spacing: float, phase: float = 0.5, number: int = 1) -> Roi:
    """Return the solid as contours on axial planes."""
    outlines = [section(solid, float(z)) for z in contour_planes(solid, spacing, phase)]
    contours = tuple(Contour(np.round(o, 4)) for o in outlines if o is not None)
    return Roi(number, solid.kind, contours, "ORGAN", None, spacing)


def linear_field(direction: tuple[float, float, float], per_mm: float, middle: float) -> Field:
    """Return dose rising `per_mm` Gy per mm along a direction, `middle` at the origin."""
    w = np.array(direction, dtype=float)
    w /= np.linalg.norm(w)
    return lambda points: middle + per_mm * (points @ w)


def gaussian_field(sigma: float, top: float, centre: tuple[float, float, float]) -> Field:
    """Return a Gaussian dose, `top` Gy at `centre`."""
    return lambda p: top * np.exp(-((p - np.array(centre)) ** 2).sum(axis=1) / (2 * sigma**2))


def grid_of(
    field: Field,
    half: Floats,
    spacing: tuple[float, float, float],
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0),
    shift: float = 0.3,
) -> DoseGrid:
    """Return the field on a 32-bit grid around the solid.

    `shift` (in voxels) keeps voxel centres off the solid's own symmetry.
    """
    step = np.array(spacing)
    counts = np.ceil((half + 2.5 * step) * 2 / step).astype(int) + 1
    origin = np.array(centre) - (counts - 1) / 2 * step + shift * step
    x, y, z = (origin[i] + step[i] * np.arange(counts[i]) for i in range(3))
    zz, yy, xx = np.meshgrid(z, y, x, indexing="ij")
    points = np.column_stack([xx.ravel(), yy.ravel(), zz.ravel()])
    dose = np.maximum(field(points), 0.0)
    scaling = float(dose.max()) / 2**31
    stored = np.round(dose / scaling).astype(np.uint32).reshape(zz.shape)
    return DoseGrid(
        stored,
        scaling,
        origin,
        np.array([1.0, 0, 0]),
        np.array([0, 1.0, 0]),
        spacing[1],
        spacing[0],
        step[2] * np.arange(counts[2], dtype=float),
    )
