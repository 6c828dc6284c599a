"""From the areas on contour planes to thin layers that fill the structure.

Between two planes the covered share blends linearly, while the area follows a cubic through the
neighbouring planes (exact where the area is a parabola, as in a sphere or a cone). Beyond the end
planes, where nothing is drawn, there are two cases:

- the area shrinks towards the end (last plane below three quarters of the one before): a power of
  the area is continued as a parabola until it reaches zero, at most one spacing further;
- it does not: the structure ends half a spacing beyond its last plane; up to there the area goes on
  as the last planes let expect.

A gap of up to `BRIDGED` spacings is filled like any other; a longer one parts the structure, and
each part gets its own ends.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BRIDGED: Final = 2.2
"""Gaps up to this many usual spacings (one plane missing) are filled."""

TAPERS: Final = 0.75
"""A last area below this share of the one before means that the structure closes by itself."""

POWERS: Final = (1.0, 2.0, 2 / 3, 0.5)
"""Which power of the area may be a parabola: ellipsoid, lying cylinder, wedge, cone."""

BULGE: Final = (0.5, 2.0)
"""How far the cubic may change the linearly blended area."""


@dataclass(frozen=True, eq=False)
class Layers:
    """Thin layers: each blends two planes. All arrays have one entry per layer."""

    lower: NDArray[np.intp]  # index of a plane
    upper: NDArray[np.intp]
    share: Floats  # of the upper plane
    position: Floats  # mm along n: middle of the layer
    thickness: Floats  # mm
    scale: Floats  # factor on the blended area
    reach: tuple[float, float]  # mm along n: where the structure begins and ends
    tapers: tuple[bool, bool]  # whether the first and the last end close by themselves
    bridged: int = 0  # gaps that were filled
    parts: int = 1


def build_layers(positions: Floats, areas: Floats, spacing: float, thickest: float) -> Layers:
    """Cut a structure into layers.

    Parameters
    ----------
    positions : (planes,) array, mm, strictly rising
    areas : (planes,) array
        Area on each plane.
    spacing : float
        Usual distance of planes, mm.
    thickest : float
        No layer is thicker than this, mm, as far as it can be helped.
    """
    gaps = np.diff(positions)
    cuts = np.flatnonzero(gaps > BRIDGED * spacing) + 1
    bounds = [0, *cuts.tolist(), positions.size]
    rows: list[Floats] = []
    for begin, end in pairwise(bounds):
        rows += _part(positions[begin:end], areas[begin:end], spacing, thickest, begin)
    table = np.concatenate(rows, axis=1)
    table = table[:, (table[4] > 0) & (table[5] > 0)]
    table = table[:, np.argsort(table[3], kind="stable")]
    low = table[3] - table[4] / 2
    high = table[3] + table[4] / 2
    bridged = int(np.count_nonzero((gaps > 1.5 * spacing) & (gaps <= BRIDGED * spacing)))
    return Layers(
        lower=table[0].astype(np.intp),
        upper=table[1].astype(np.intp),
        share=table[2],
        position=table[3],
        thickness=table[4],
        scale=table[5],
        reach=(float(low.min()), float(high.max())),
        tapers=(
            end_cap(areas, positions, spacing).tapers,
            end_cap(areas[::-1], -positions[::-1], spacing).tapers,
        ),
        bridged=bridged,
        parts=len(bounds) - 1,
    )


def _part(
    positions: Floats, areas: Floats, spacing: float, thickest: float, offset: int
) -> list[Floats]:
    """Return the layers of one unbroken run of planes, as blocks of six rows."""
    first = end_cap(areas, positions, spacing)
    last = end_cap(areas[::-1], -positions[::-1], spacing)
    blocks = [_cap_rows(first, positions[0], -1.0, thickest, offset)]
    slopes = _slopes(positions, areas)
    for k in range(positions.size - 1):
        cap = first if k == 0 else last if k == positions.size - 2 else None
        blocks.append(_slab_rows(positions, areas, slopes, k, cap, thickest, offset))
    end = offset + positions.size - 1
    blocks.append(_cap_rows(last, positions[-1], 1.0, thickest, end))
    return blocks


@dataclass(frozen=True)
class Cap:
    """What lies beyond an end plane: (c0 + c1 t + c2 t^2)^(1/power), t in mm outwards."""

    length: float  # mm
    area: float  # of the end plane
    c: tuple[float, float, float]
    power: float
    tapers: bool

    def area_at(self, t: Floats) -> Floats:
        """Return the area `t` mm outside the end plane (inside where t < 0)."""
        value = self.c[0] + self.c[1] * t + self.c[2] * t * t
        return np.asarray(np.maximum(value, 0.0) ** (1.0 / self.power))


def end_cap(areas: Floats, positions: Floats, spacing: float) -> Cap:
    """Decide how a structure ends before its first plane (mirror for the last)."""
    flat = Cap(spacing / 2, float(areas[0]), (float(areas[0]), 0.0, 0.0), 1.0, False)
    gaps = np.diff(positions[:4])
    even = gaps.size >= 2 and bool(np.all(np.abs(gaps - gaps[0]) <= 0.05 * gaps[0]))
    if not even or not areas[0] > 0:
        return flat
    step = float(gaps[0])
    if areas[0] >= TAPERS * areas[1]:
        return replace(flat, c=(flat.area, _trend(areas) / step, 0.0))
    power = _best_power(areas[:4])
    f0, f1, f2 = (float(a) ** power for a in areas[:3])
    c2 = (f0 - 2 * f1 + f2) / 2
    c1 = f0 - f1 + c2
    reach = _first_zero(f0, c1, c2)
    c = (f0, c1 / step, c2 / (step * step))
    return Cap(min(reach, 1.0) * step, float(areas[0]), c, power, True)


def _trend(areas: Floats) -> float:
    """Return how much the area goes on to grow per plane; 0 unless two steps agree."""
    last, before = float(areas[0] - areas[1]), float(areas[1] - areas[2])
    return 0.0 if last * before <= 0 else min(last, before, key=abs)


def _best_power(areas: Floats) -> float:
    """Return the power of the area that is closest to a parabola over four planes."""
    if areas.size < 4 or np.any(areas <= 0):
        return 1.0
    best, least = 1.0, np.inf
    for power in POWERS:
        f = areas**power
        third = abs(f[0] - 3 * f[1] + 3 * f[2] - f[3]) / (abs(f[1] - f[0]) + 1e-12)
        if third < least - 0.01:  # earlier powers win near-ties
            best, least = power, third
    return best


def _first_zero(f0: float, c1: float, c2: float) -> float:
    """Return the least t > 0 where f0 + c1 t + c2 t^2 is zero or least; 1 if it never falls."""
    if abs(c2) < 1e-12 * abs(f0):
        return -f0 / c1 if c1 < 0 else 1.0
    inside = c1 * c1 - 4 * c2 * f0
    if inside <= 0:
        vertex = -c1 / (2 * c2)
        return vertex if vertex > 0 else 1.0
    root = np.sqrt(inside)
    zeros = sorted(t for t in ((-c1 - root) / (2 * c2), (-c1 + root) / (2 * c2)) if t > 0)
    return float(zeros[0]) if zeros else 1.0


def _slopes(positions: Floats, areas: Floats) -> Floats:
    """Return dA/dz on each plane: parabola through three neighbours."""
    if positions.size < 3:
        return np.gradient(areas, positions) if positions.size > 1 else np.zeros(1)
    return np.gradient(areas, positions, edge_order=2)


def _slab_rows(
    positions: Floats,
    areas: Floats,
    slopes: Floats,
    k: int,
    cap: Cap | None,
    thickest: float,
    offset: int,
) -> Floats:
    """Return the layers between planes k and k + 1."""
    gap = float(positions[k + 1] - positions[k])
    count = max(1, int(np.ceil(gap / thickest - 1e-9)))
    t = (np.arange(count) + 0.5) / count
    a0, a1 = float(areas[k]), float(areas[k + 1])
    blended = a0 + (a1 - a0) * t
    if cap is not None and cap.tapers:
        end = cap
        wanted = _mean(lambda s: end.area_at(-(s if k == 0 else 1 - s) * gap), t, 1 / count)
    else:
        m0, m1 = float(slopes[k]) * gap, float(slopes[k + 1]) * gap
        wanted = _mean(lambda s: _hermite(s, a0, a1, m0, m1), t, 1 / count)
    scale = np.clip(wanted / np.maximum(blended, 1e-12), *BULGE)
    one = np.ones(count)
    lower, upper = one * (offset + k), one * (offset + k + 1)
    return np.stack([lower, upper, t, positions[k] + t * gap, one * (gap / count), scale])


def _hermite(t: Floats, a0: float, a1: float, m0: float, m1: float) -> Floats:
    """Return the cubic with values a0, a1 and slopes m0, m1 at t = 0 and 1."""
    t2, t3 = t * t, t * t * t
    values = (2 * t3 - 3 * t2 + 1) * a0 + (3 * t2 - 2 * t3) * a1
    return values + (t3 - 2 * t2 + t) * m0 + (t3 - t2) * m1


def _mean(function: Callable[[Floats], Floats], middle: Floats, width: float) -> Floats:
    """Return the mean over each layer by Simpson's rule (exact for cubics)."""
    low, high = function(middle - width / 2), function(middle + width / 2)
    return (low + 4 * function(middle) + high) / 6


def _cap_rows(cap: Cap, position: float, sign: float, thickest: float, plane: int) -> Floats:
    """Return the layers beyond an end plane."""
    count = max(1, int(np.ceil(cap.length / thickest - 1e-9)))
    t = (np.arange(count) + 0.5) / count * cap.length
    one = np.ones(count)
    scale = _mean(cap.area_at, t, cap.length / count) / max(cap.area, 1e-12)
    at = one * plane
    return np.stack([at, at, 0 * one, position + sign * t, one * (cap.length / count), scale])
