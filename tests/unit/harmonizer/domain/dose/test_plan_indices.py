"""Conformity, gradient and isodose volumes of a dose whose volumes can be counted."""

import numpy as np
import pytest

from harmonizer.domain.dose import Contour, DoseGrid, Roi, Status, compute_dvh
from harmonizer.domain.dose.dvh import DvhResult
from harmonizer.domain.dose.indices import isodose_volume, plan_indices

AXES = np.eye(3)


def layered() -> DoseGrid:
    """Return 20 x 20 voxels of 10 mm in 20 frames of 10 mm: 100 Gy in 10 frames, 50 Gy in 4."""
    stored = np.zeros((20, 20, 20), np.uint16)
    stored[5:15] = 100
    stored[3:5] = 50
    stored[15:17] = 50
    return DoseGrid(stored, 1.0, np.zeros(3), AXES[0], AXES[1], 10.0, 10.0, 10.0 * np.arange(20))


def box(low: float, high: float, planes: np.ndarray) -> Roi:
    corners = np.array([[low, low], [high, low], [high, high], [low, high]])
    contours = [Contour(np.column_stack([corners, np.full(4, z)])) for z in planes]
    return Roi(1, "PTV", tuple(contours), "PTV", None, 10.0)


def test_isodose_volumes_count_voxels() -> None:
    """One voxel is 1 cm³: 400 in each frame."""
    assert isodose_volume(layered(), 100.0) == pytest.approx(10 * 400)
    assert isodose_volume(layered(), 50.0) == pytest.approx(14 * 400)
    assert isodose_volume(layered(), 101.0) == 0.0


def test_indices_of_a_target_inside_the_isodose() -> None:
    """10 x 10 cm² on 6 planes of 1 cm: 600 cm³, all of it above 100 Gy; 4000 cm³ get 100 Gy."""
    grid = layered()
    target = compute_dvh(box(45.0, 145.0, 10.0 * np.arange(7, 13)), grid)
    assert target.volume_cm3 == pytest.approx(600.0, rel=1e-3)
    found = plan_indices(target, grid, 100.0)
    assert found.isodose_cm3 == pytest.approx(4000.0)
    assert found.conformity_rtog == pytest.approx(4000 / 600, rel=1e-3)
    assert found.conformity_paddick == pytest.approx(600**2 / (600 * 4000), rel=1e-3)
    assert found.gradient_paddick == pytest.approx(5600 / 4000)


def test_without_isodose_there_is_no_gradient() -> None:
    grid = layered()
    target = compute_dvh(box(45.0, 145.0, 10.0 * np.arange(7, 13)), grid)
    found = plan_indices(target, grid, 120.0)
    assert found.conformity_paddick is None
    assert found.gradient_paddick is None
    assert found.conformity_rtog == 0.0


def test_indices_need_a_dvh_and_a_prescription() -> None:
    grid = layered()
    empty = DvhResult(1, "PTV", Status.NO_CONTOURS)
    target = compute_dvh(box(45.0, 145.0, 10.0 * np.arange(7, 13)), grid)
    for result, dose in ((empty, 50.0), (target, 0.0)):
        with pytest.raises(ValueError, match="prescription"):
            plan_indices(result, grid, dose)
