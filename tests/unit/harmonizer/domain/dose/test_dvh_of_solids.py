"""DVHs of solids that are known in closed form or from their own coordinates."""

import numpy as np
import pytest

from benchmarks.dose_phantoms import (
    Solid,
    contour_planes,
    gaussian_field,
    grid_of,
    linear_field,
    roi_of,
)
from harmonizer.domain.dose import DvhResult, compute_dvh
from harmonizer.domain.dose.metrics import dose_at_volume, volume_at_dose

X, Z, OBLIQUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 1.0)
VOLUMES_PERCENT = (99, 98, 95, 90, 50, 10, 5, 2, 1)


def worst_errors(solid: Solid, field, result: DvhResult) -> tuple[float, float, float]:
    """Return worst error of D and V metrics in % of range and volume, and of the volume in %."""
    doses = field(solid.samples())
    low, high = doses.min(), doses.max()
    assert result.dvh is not None
    assert result.mean_gy is not None
    assert result.volume_cm3 is not None
    d = [dose_at_volume(result.dvh, p) - np.quantile(doses, 1 - p / 100) for p in VOLUMES_PERCENT]
    d.append(result.mean_gy - doses.mean())
    levels = low + np.array([0.1, 0.3, 0.5, 0.7, 0.9]) * (high - low)
    share = [volume_at_dose(result.dvh, x) / result.dvh.total_cm3 for x in levels]
    v = [s - (doses >= x).mean() for s, x in zip(share, levels, strict=True)]
    return (
        100 * float(np.abs(d).max() / (high - low)),
        100 * float(np.abs(v).max()),
        100 * abs(result.volume_cm3 / solid.volume_cm3 - 1),
    )


def test_truth_of_a_sphere_agrees_with_the_closed_form() -> None:
    """Dose rising along an axis: the share above x is the share of the cap beyond x."""
    solid = Solid("sphere", 10.0)
    above = (linear_field(X, 1.0, 50.0)(solid.samples()) >= 55.0).mean()
    cap = np.pi * 5.0**2 * (3 * 10.0 - 5.0) / 3 / (4 / 3 * np.pi * 1000)
    assert above == pytest.approx(cap, abs=2e-4)


@pytest.mark.parametrize("phase", [0.2, 0.7])
@pytest.mark.parametrize(
    ("cm3", "spacing", "limit"),
    [(0.05, 1.0, 0.5), (0.5, 1.0, 0.5), (20.0, 1.0, 0.5), (5.0, 3.0, 1.5), (200.0, 3.0, 1.5)],
)
@pytest.mark.parametrize("direction", [X, Z, (1.0, 1.0, 1.0)])
def test_sphere_in_linear_dose(
    cm3: float, spacing: float, limit: float, phase: float, direction: tuple[float, float, float]
) -> None:
    solid = Solid("sphere", (cm3 * 750 / np.pi) ** (1 / 3))
    field = linear_field(direction, 10 / solid.radius, 30.0)
    grid = grid_of(field, solid.half_size, (spacing,) * 3)
    dose, volume, cc = worst_errors(solid, field, compute_dvh(roi_of(solid, spacing, phase), grid))
    assert max(dose, volume) <= limit
    assert cc <= 1.0


@pytest.mark.parametrize(
    ("solid", "spacing", "limit"),
    [
        (Solid("sphere", 12.0), 1.0, 0.5),
        (Solid("cylinder", 12.0, 24.0), 1.0, 0.5),
        (Solid("cylinder", 12.0, 24.0, X), 1.0, 0.5),
        (Solid("cylinder", 12.0, 24.0, OBLIQUE), 1.0, 0.5),
        (Solid("cone", 14.0, 28.0), 1.0, 0.5),
        (Solid("cone", 14.0, 28.0, X), 1.0, 0.5),
        (Solid("cone", 14.0, 28.0, OBLIQUE), 1.0, 0.5),
        (Solid("sphere", 30.0), 3.0, 1.5),
        (Solid("cylinder", 25.0, 60.0), 3.0, 1.5),
        (Solid("cylinder", 25.0, 60.0, X), 3.0, 1.5),
        (Solid("cylinder", 25.0, 60.0, OBLIQUE), 3.0, 1.5),
        (Solid("cone", 30.0, 60.0), 3.0, 1.5),
    ],
    ids=lambda value: str(value) if not isinstance(value, Solid) else f"{value.kind}",
)
def test_solid_in_a_gaussian_dose(solid: Solid, spacing: float, limit: float) -> None:
    size = 2 * float(solid.half_size.max())
    field = gaussian_field(size / 2, 60.0, (0.2 * size, 0.0, 0.0))
    grid = grid_of(field, solid.half_size, (spacing,) * 3)
    dose, volume, cc = worst_errors(solid, field, compute_dvh(roi_of(solid, spacing), grid))
    assert max(dose, volume) <= limit
    assert cc <= 1.0


def test_planes_of_a_solid_are_what_the_tests_believe() -> None:
    assert contour_planes(Solid("sphere", 3.0), 2.0).tolist() == [-2.0, 0.0, 2.0]
