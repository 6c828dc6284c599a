"""The published test of Nelms et al. 2015: solids of 24 mm in linear dose, curves in closed form.

Dose is 12 Gy in the middle and rises 1 Gy per mm; the truth is the share of the volume beyond a
place, written out for each solid.
"""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.dose_phantoms import Solid, grid_of, linear_field, roi_of
from harmonizer.domain.dose import compute_dvh
from harmonizer.domain.dose.metrics import dose_at_volume, volume_at_dose

RADIUS, MIDDLE = 12.0, 40.0
ALONG_Y, ALONG_Z = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def beyond_in_sphere(x: np.ndarray) -> np.ndarray:
    """Share of a sphere beyond x: the spherical cap."""
    height = RADIUS - x
    return height**2 * (3 * RADIUS - height) / (4 * RADIUS**3)


def beyond_in_disc(x: np.ndarray) -> np.ndarray:
    """Share of a circle beyond x: the segment."""
    u = np.clip(x / RADIUS, -1, 1)
    return (np.arccos(u) - u * np.sqrt(1 - u**2)) / np.pi


def beyond_in_height(x: np.ndarray) -> np.ndarray:
    """Share of an upright cylinder above x."""
    return 0.5 - x / (2 * RADIUS)


def beyond_in_cone(x: np.ndarray) -> np.ndarray:
    """Share of an upright cone (tip above) above x."""
    return (0.5 - x / (2 * RADIUS)) ** 3


TIP_BETWEEN_PLANES = 1.75
"""The tip of a lying cone lies between two planes that are both cut 3 mm short of it."""

Truth = Callable[[np.ndarray], np.ndarray]
CASES = [
    ("sphere, y", Solid("sphere", 12.0), ALONG_Y, beyond_in_sphere),
    ("sphere, z", Solid("sphere", 12.0), ALONG_Z, beyond_in_sphere),
    ("cylinder, y", Solid("cylinder", 12.0, 24.0), ALONG_Y, beyond_in_disc),
    ("cylinder, z", Solid("cylinder", 12.0, 24.0), ALONG_Z, beyond_in_height),
    ("rotated cylinder, y", Solid("cylinder", 12.0, 24.0, ALONG_Y), ALONG_Y, beyond_in_height),
    ("rotated cylinder, z", Solid("cylinder", 12.0, 24.0, ALONG_Y), ALONG_Z, beyond_in_disc),
    ("cone, z", Solid("cone", 12.0, 24.0), ALONG_Z, beyond_in_cone),
    ("rotated cone, y", Solid("cone", 12.0, 24.0, ALONG_Y), ALONG_Y, beyond_in_cone),
]


@pytest.mark.parametrize(
    ("planes", "voxel", "limit"), [(1.0, 1.0, 0.5), (1.0, 3.0, 0.5), (3.0, 3.0, 1.5)]
)
@pytest.mark.parametrize(("name", "solid", "along", "beyond"), CASES, ids=[c[0] for c in CASES])
def test_a_curve_follows_its_closed_form(
    name: str,
    solid: Solid,
    along: tuple[float, float, float],
    beyond: Truth,
    planes: float,
    voxel: float,
    limit: float,
) -> None:
    """The range of dose is 24 Gy: limits are in per cent of it, and of the volume."""
    if (name, planes) == ("rotated cone, y", 3.0):
        limit = TIP_BETWEEN_PLANES
    grid = grid_of(linear_field(along, 1.0, MIDDLE), solid.half_size + 5, (voxel,) * 3)
    result = compute_dvh(roi_of(solid, planes), grid)
    assert result.dvh is not None
    x = np.linspace(-11.9, 11.9, 2001)
    truth = beyond(x)
    for percent in (99, 95, 90, 50, 10, 5, 1):
        wanted = MIDDLE + float(np.interp(-percent / 100, -truth, x))
        assert dose_at_volume(result.dvh, percent) == pytest.approx(wanted, abs=0.24 * limit), (
            percent
        )
    for place in (-9.0, -4.0, 0.0, 4.0, 9.0):
        share = 100 * volume_at_dose(result.dvh, MIDDLE + place) / result.dvh.total_cm3
        assert share == pytest.approx(100 * float(beyond(np.array(place))), abs=limit), place
    assert result.volume_cm3 == pytest.approx(solid.volume_cm3, rel=0.01)
