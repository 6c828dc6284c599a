"""Indices of a plan: conformity, gradient."""

from dataclasses import dataclass

import numpy as np

from harmonizer.domain.dose.dvh import DvhResult
from harmonizer.domain.dose.grid import DoseGrid
from harmonizer.domain.dose.metrics import volume_at_dose


@dataclass(frozen=True)
class PlanIndices:
    """Indices of one target for a prescribed dose. None where a volume is zero."""

    isodose_cm3: float
    conformity_rtog: float | None
    conformity_paddick: float | None
    gradient_paddick: float | None


def isodose_volume(grid: DoseGrid, dose_gy: float) -> float:
    """Return the volume in cm3 of the grid that gets at least a dose, by whole voxels."""
    limit = dose_gy / grid.scaling
    sizes = np.gradient(grid.offsets) if grid.offsets.size > 1 else np.array([grid.frame_spacing])
    counts = np.count_nonzero(grid.stored >= limit, axis=(1, 2))
    area = grid.row_spacing * grid.column_spacing
    return float((counts * sizes).sum()) * area / 1000.0


def plan_indices(target: DvhResult, grid: DoseGrid, prescribed_gy: float) -> PlanIndices:
    """Return conformity (RTOG: Shaw et al. 1993; Paddick 2000) and gradient (Paddick 2006).

    Raises
    ------
    ValueError
        If the target has no DVH or the prescription is not positive.
    """
    if target.dvh is None or not prescribed_gy > 0:
        raise ValueError("indices need a target with a DVH and a positive prescription")
    whole = isodose_volume(grid, prescribed_gy)
    half = isodose_volume(grid, prescribed_gy / 2)
    size = target.dvh.total_cm3
    covered = volume_at_dose(target.dvh, prescribed_gy)
    return PlanIndices(
        isodose_cm3=whole,
        conformity_rtog=whole / size if size else None,
        conformity_paddick=covered**2 / (size * whole) if size and whole else None,
        gradient_paddick=half / whole if whole else None,
    )
