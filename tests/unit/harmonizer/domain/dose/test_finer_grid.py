"""The finer grid around small structures."""

import numpy as np
import pytest

from benchmarks.dose_phantoms import Solid, gaussian_field, grid_of, roi_of
from harmonizer.domain.dose import compute_dvh
from harmonizer.domain.dose.refine import cubic_taps, refine
from tests.unit.harmonizer.domain.dose.test_dvh_of_solids import worst_errors


@pytest.mark.parametrize("factor", [3, 5, 7])
@pytest.mark.parametrize("ends", [(True, True), (False, False), (True, False)])
def test_a_constant_stays_and_originals_are_passed_through(factor, ends) -> None:
    (first, weights), start = cubic_taps(9, factor, *ends)
    assert weights.sum(axis=0) == pytest.approx(1.0)
    values = np.random.default_rng(3).uniform(0, 70, 9)
    padded = np.pad(values, 2)  # an original has no weight from its neighbours
    fine = sum(padded[first + tap] * weights[tap] for tap in range(6))
    at = start + np.arange(fine.size) / factor
    whole = np.isclose(at, np.round(at)) & (at > -1e-9) & (at < 8 + 1e-9)
    assert fine[whole] == pytest.approx(values)


def test_a_cubic_polynomial_is_followed_exactly() -> None:
    """f(x) = x^3 - 4 x^2 + 2 x + 9 away from the ends; a kernel of third order would miss it."""

    def f(x):
        return x**3 - 4 * x**2 + 2 * x + 9

    (first, weights), start = cubic_taps(12, 5, False, False)
    padded = f(np.arange(-2.0, 14.0))
    fine = sum(padded[first + tap] * weights[tap] for tap in range(6))
    assert fine == pytest.approx(f(start + np.arange(fine.size) / 5))


def test_no_dose_below_the_lowest_beside_a_step() -> None:
    field = lambda p: np.where(p[:, 0] > 0, 60.0, 0.0)  # noqa: E731
    grid = grid_of(field, np.full(3, 6.0), (1.0, 1.0, 1.0))
    fine = refine(grid, np.array([[-3.0, -3, -3], [3, 3, 3]]), 1.0)
    assert fine.refined > 1
    assert fine.stored.min() >= 0


def test_smallest_sphere_in_a_narrow_gaussian() -> None:
    """0.05 cm3 with the dose's top inside, sigma 2.3 voxels: within 0.5 % of the range."""
    solid = Solid("sphere", (50 * 0.75 / np.pi) ** (1 / 3))
    field = gaussian_field(solid.radius, 60.0, (0.4 * solid.radius, 0.0, 0.0))
    grid = grid_of(field, solid.half_size + 10, (1.0,) * 3)
    errors = worst_errors(solid, field, compute_dvh(roi_of(solid, 1.0), grid))
    assert max(errors[:2]) < 0.5
