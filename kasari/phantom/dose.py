"""Dose as a formula in every point, so that truth needs no grid.

Not a beam model. An arc plan falls off with the distance from the target over a bath of low dose;
tangents are a slab between the chest wall and the air, with soft edges. Both end at the skin.
"""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from kasari.phantom.anatomy import Site
from kasari.phantom.shapes import Array, Ellipsoid, Star

FALL_OFF_MM: Final = 14.0
UNEVENNESS: Final = 0.05
"""From the middle of an arc plan's target to its edge, as a share of the prescription."""

EDGE_MM: Final = 2.5
CHEST_WALL_MARGIN_MM: Final = 17.0
SCATTER_SHARE: Final = 0.03
SKIN_SCALE_MM: Final = 1.5
HOT_SHARE: Final = 0.45
HOT_RADIUS_MM: Final = 9.0


class DoseField(Protocol):
    def __call__(self, x: Array, y: Array, z: Array) -> Array:
        """Dose in Gy at points in mm."""
        ...


@dataclass(frozen=True)
class ArcDose:
    """Its mean over the target is the prescription: the mean of norm² over an ellipsoid is 3/5."""

    target: Ellipsoid
    dose_gy: float
    bath: tuple[float, float]
    """Low dose around the target: share of the prescription, and its reach in mm."""

    def __call__(self, x: Array, y: Array, z: Array) -> Array:
        share, reach = self.bath
        norm = self.target.norm(x, y, z)
        scale = float(np.prod(self.target.axes) ** (1.0 / 3.0))
        beyond_mm = np.maximum(norm - 1.0, 0.0) * scale
        near = (1.0 - share) * np.exp(-((beyond_mm / FALL_OFF_MM) ** 2))
        bath = share * np.exp(-beyond_mm / reach)
        within = 1.0 + UNEVENNESS * (0.6 - np.minimum(norm, 1.0) ** 2)
        dose: Array = self.dose_gy * within * (near + bath)
        return dose


@dataclass(frozen=True)
class TangentDose:
    """Full dose in front of a slanted plane behind the target, with half-beam blocks around."""

    target: Ellipsoid
    dose_gy: float

    def __call__(self, x: Array, y: Array, z: Array) -> Array:
        cx, cy, cz = self.target.centre
        nx, ny = slant(self.target)
        front_mm = (x - cx) * nx + (y - cy) * ny + reach_mm(self.target) + CHEST_WALL_MARGIN_MM
        front = _edge(front_mm)
        along = _edge(self.target.axes[2] + 6.0 - np.abs(z - cz))
        across = _edge(np.sign(cx) * x + 5.0)
        scatter = SCATTER_SHARE * np.exp(np.minimum(front_mm, 0.0) / 60.0)
        uneven = 1.0 + 0.03 * np.clip((x - cx) / self.target.axes[0], -1.5, 1.5)
        share = front * along * across * (1.0 - SCATTER_SHARE) * uneven + scatter * along
        dose: Array = self.dose_gy * share
        return dose


@dataclass(frozen=True)
class InBody:
    """A field with build-up at the skin and nothing in the air."""

    field: DoseField
    body: Star

    def __call__(self, x: Array, y: Array, z: Array) -> Array:
        skin = np.clip((self.body.depth(x, y, z) + 1.0) / SKIN_SCALE_MM, -60.0, 60.0)
        dose: Array = self.field(x, y, z) / (1.0 + np.exp(-skin))
        return dose


@dataclass(frozen=True)
class HotSpot:
    """A field with a ball of far too high dose: a planted error."""

    field: DoseField
    centre: tuple[float, float, float]
    dose_gy: float

    def __call__(self, x: Array, y: Array, z: Array) -> Array:
        cx, cy, cz = self.centre
        square = (x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2
        dose: Array = self.field(x, y, z) + HOT_SHARE * self.dose_gy * np.exp(
            -square / (2.0 * HOT_RADIUS_MM**2)
        )
        return dose


def slant(target: Ellipsoid) -> tuple[float, float]:
    """Unit vector across the tangents, away from the chest wall."""
    return float(np.sign(target.centre[0])) * 0.5, -float(np.sqrt(0.75))


def reach_mm(target: Ellipsoid) -> float:
    """How far the target extends from its centre across the tangents."""
    nx, ny = slant(target)
    return float(np.hypot(nx * target.axes[0], ny * target.axes[1]))


def _edge(inside_mm: Array) -> Array:
    """From 0 outside to 1 inside."""
    edge: Array = 1.0 / (1.0 + np.exp(-np.clip(inside_mm / EDGE_MM, -60.0, 60.0)))
    return edge


def dose_field(site: Site, *, hot: bool = False) -> DoseField:
    """The planned dose of a patient; the target's median is the prescription to a few percent."""
    field: DoseField
    if site.technique == "TANGENTS":
        field = TangentDose(site.target, site.dose_gy)
    else:
        field = ArcDose(site.target, site.dose_gy, site.bath)
    if hot:
        x, y, z = site.target.centre
        field = HotSpot(field, (x, y, z + 0.5 * site.target.axes[2]), site.dose_gy)
    return InBody(field, site.body)
