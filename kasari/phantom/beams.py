"""Beams of a plan: arcs around the target, or two opposed tangents, with leaves that follow it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from kasari.phantom.anatomy import Site
from kasari.phantom.dose import slant
from kasari.phantom.shapes import Array

LEAF_EDGES_MM: Final = np.concatenate(
    [np.arange(-200.0, -100.0, 10.0), np.arange(-100.0, 100.0, 5.0), np.arange(100.0, 201.0, 10.0)]
)
"""Borders of 60 leaf pairs: 5 mm in the middle, 10 mm outside."""

LEAF_MARGIN_MM: Final = 5.0
PARKED_MM: Final = 0.0
MU_PER_CGY: Final = {"VMAT": 2.7, "TANGENTS": 1.25}
ARC_RANGE: Final = (181.0, 179.0)


@dataclass(frozen=True)
class Opening:
    """Jaws and leaves at one gantry angle, in the beam's eye, mm at the isocentre.

    `leaves` holds the left bank's positions, then the right bank's.
    """

    gantry: float
    weight: float
    """Cumulative, 0 to 1."""
    jaws_x: tuple[float, float]
    jaws_y: tuple[float, float]
    leaves: Array


@dataclass(frozen=True)
class Beam:
    number: int
    name: str
    arc: bool
    rotation: str
    """Of the gantry, at the first control point: `CW`, `CC` or `NONE`."""
    collimator: float
    meterset: float
    """MU of one fraction."""
    dose_gy: float
    """Of one fraction, at the isocentre."""
    openings: tuple[Opening, ...]


def beams_of(site: Site, arc_step: float) -> tuple[Beam, ...]:
    """The beams that a plan for this patient would have."""
    return tuple(_arcs(site, arc_step) if site.technique == "VMAT" else _tangents(site))


def _shares(site: Site, share: float) -> tuple[float, float]:
    """Meterset and dose of a beam that gives this share of a fraction."""
    gray = site.dose_gy / site.fractions
    return round(gray * 100.0 * MU_PER_CGY[site.technique] * share, 1), round(gray * share, 4)


def _arcs(site: Site, step: float) -> Iterator[Beam]:
    forward = np.arange(0.0, 358.0 + step / 2.0, step)
    for number, (rotation, collimator, share) in enumerate(
        (("CW", 10.0, 0.52), ("CC", 350.0, 0.48)), start=1
    ):
        turned = forward if rotation == "CW" else forward[::-1]
        gantry = (ARC_RANGE[0] + turned) % 360.0
        weights = np.linspace(0.0, 1.0, gantry.size)
        openings = tuple(
            _opening(site, float(g), float(w)) for g, w in zip(gantry, weights, strict=True)
        )
        meterset, dose = _shares(site, share)
        name = f"Kaari {number} {rotation}"
        yield Beam(number, name, True, rotation, collimator, meterset, dose, openings)


def _tangents(site: Site) -> Iterator[Beam]:
    nx, ny = slant(site.target)
    for number, (name, sign) in enumerate((("Tang med", -1.0), ("Tang lat", 1.0)), start=1):
        # the beam runs along the slanted plane; which end is lateral depends on the side
        out = sign * math.copysign(1.0, nx)
        gantry = math.degrees(math.atan2(out * -ny, -out * nx)) % 360.0
        meterset, dose = _shares(site, 0.5)
        openings = (_opening(site, gantry, 0.0), _opening(site, gantry, 1.0))
        yield Beam(number, name, False, "NONE", 0.0, meterset, dose, openings)


def _opening(site: Site, gantry: float, weight: float) -> Opening:
    """Leaves around the shadow of the target, an ellipse in every beam's eye."""
    ax, ay, az = site.target.axes
    turn = math.radians(gantry)
    width = math.hypot(ax * math.cos(turn), ay * math.sin(turn))
    middle = np.array([(low + high) / 2.0 for low, high in pairwise(LEAF_EDGES_MM)])
    inside = np.abs(middle) < az + LEAF_MARGIN_MM
    part = np.sqrt(np.maximum(0.0, 1.0 - (middle / (az + LEAF_MARGIN_MM)) ** 2))
    half = np.where(inside, width * part + LEAF_MARGIN_MM, PARKED_MM)
    jaw_x, jaw_y = width + 2 * LEAF_MARGIN_MM, az + 2 * LEAF_MARGIN_MM
    leaves = np.concatenate([-half, half])
    return Opening(gantry, weight, (-jaw_x, jaw_x), (-jaw_y, jaw_y), leaves)
