"""Dose-volume histograms by filling contours with small cells of known dose.

Each structure is cut into cells: thin layers (`layers`), and in each a raster whose cells carry the
covered share (`raster`). A cell's dose is trilinear at its middle; its volume is spread over the
range of dose that it spans, so a curve has no steps from the raster. The finer raster for small
structures keeps the number of cells about the same, so the cost is linear in the volume of large
structures and constant for small ones.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.cells import Cells, fill_cells
from harmonizer.domain.dose.grid import DoseGrid
from harmonizer.domain.dose.planes import build_stack
from harmonizer.domain.dose.refine import refine
from harmonizer.domain.dose.structures import Roi

Floats = NDArray[np.float64]

METHOD_VERSION: Final = "dvh-4"
"""Changes whenever any published number could change."""

BINS: Final = 2000
OUTSIDE_TOLERANCE: Final = 0.001
"""Share of a structure outside the dose grid up to which dose values are still given."""


class Status(StrEnum):
    """What can be said about a structure's dose."""

    OK = "ok"
    PARTLY_OUTSIDE = "partly outside the dose grid"
    OUTSIDE = "outside the dose grid"
    NO_CONTOURS = "no contours"
    NO_VOLUME = "no volume"
    POINT = "point"
    OTHER_FRAME = "other frame of reference"
    BAD_DOSE = "dose not usable"

    @property
    def has_dose(self) -> bool:
        """Whether dose values mean something."""
        return self in (Status.OK, Status.POINT)


@dataclass(frozen=True, eq=False)
class Dvh:
    """A cumulative dose-volume histogram: volume that gets at least each dose."""

    dose_gy: Floats  # (n,), rising
    volume_cm3: Floats  # (n,), never rising; the first is the whole volume
    spread_gy: Floats  # (n,): mean change of dose across one dose voxel at that dose

    def __post_init__(self) -> None:
        """Refuse what is not a cumulative histogram.

        Raises
        ------
        ValueError
            If lengths differ, the dose falls or the volume rises.
        """
        sizes = {self.dose_gy.size, self.volume_cm3.size, self.spread_gy.size}
        if len(sizes) != 1 or self.dose_gy.size < 2:
            raise ValueError("a DVH needs two points or more, and arrays of one length")
        if np.any(np.diff(self.dose_gy) < 0) or np.any(np.diff(self.volume_cm3) > 0):
            raise ValueError("a cumulative DVH has rising dose and falling volume")

    @property
    def total_cm3(self) -> float:
        """The whole volume."""
        return float(self.volume_cm3[0])


@dataclass(frozen=True, eq=False)
class DvhResult:
    """What was found for one structure under one dose grid."""

    roi_number: int
    roi_name: str
    status: Status
    volume_cm3: float | None = None
    outside_cm3: float = 0.0
    dvh: Dvh | None = None
    mean_gy: float | None = None
    minimum_gy: float | None = None
    maximum_gy: float | None = None
    volume_uncertainty_cm3: float | None = None
    mean_uncertainty_gy: float | None = None
    notes: tuple[str, ...] = ()
    cells: int = 0
    method: str = field(default=METHOD_VERSION)


def compute_dvh(roi: Roi, grid: DoseGrid) -> DvhResult:
    """Compute the DVH of one structure.

    Never raises for what the data are like: a structure without volume or outside the grid comes
    back with its status, a note, and no number.
    """
    if _other_frame(roi, grid):
        note = "the structure and the dose have different frames of reference"
        return without_dose(roi, Status.OTHER_FRAME, note)
    if not roi.contours:
        return DvhResult(roi.number, roi.name, Status.NO_CONTOURS, notes=("no contours",))
    stack = build_stack(roi, grid)
    if stack is None:
        return _without_volume(roi, grid)
    points = np.concatenate([c.points for c in roi.closed_contours])
    cells = fill_cells(stack, refine(grid, points, stack.spacing))
    if cells is None:
        note = "the contours enclose no area"
        return DvhResult(roi.number, roi.name, Status.NO_VOLUME, None, notes=(*stack.notes, note))
    return _from_cells(roi, cells)


def without_dose(roi: Roi, status: Status, note: str) -> DvhResult:
    """Return the volume of a structure whose dose cannot be used."""
    plain = replace(roi, frame_of_reference_uid=None)
    result = compute_dvh(plain, _empty_grid(roi))
    if result.volume_cm3 is None:
        return replace(result, notes=(*result.notes, note))
    return DvhResult(
        roi.number,
        roi.name,
        status,
        result.volume_cm3,
        volume_uncertainty_cm3=result.volume_uncertainty_cm3,
        notes=(*result.notes, note),
        cells=result.cells,
    )


def _empty_grid(roi: Roi) -> DoseGrid:
    """Return a grid without dose, axial, that spans the structure."""
    points = [c.points for c in roi.contours if len(c.points)] or [np.zeros((1, 3))]
    every = np.concatenate(points)
    low, high = every.min(axis=0) - 20.0, every.max(axis=0) + 20.0
    x, y, z = np.ceil((high - low) / 2.0).astype(int) + 1
    stored = np.broadcast_to(np.uint8(0), (z, y, x))
    axes = np.eye(3)
    offsets = np.arange(z) * 2.0
    return DoseGrid(stored, 1.0, low, axes[0], axes[1], 2.0, 2.0, offsets)


def _other_frame(roi: Roi, grid: DoseGrid) -> bool:
    ours, its = roi.frame_of_reference_uid, grid.frame_of_reference_uid
    return bool(ours and its and ours != its)


def _without_volume(roi: Roi, grid: DoseGrid) -> DvhResult:
    """Return the dose of a single point, or say that there is no volume."""
    points = [c.points for c in roi.contours if c.geometric_type == "POINT" and len(c.points)]
    if not points:
        note = "no closed contour of three points or more"
        return DvhResult(roi.number, roi.name, Status.NO_VOLUME, notes=(note,))
    doses = grid.dose_at(np.concatenate(points))
    if np.isnan(doses).any():
        note = "the point lies outside the dose grid: no dose given"
        return DvhResult(roi.number, roi.name, Status.OUTSIDE, notes=(note,))
    low, high, mean = float(doses.min()), float(doses.max()), float(doses.mean())
    return DvhResult(
        roi.number, roi.name, Status.POINT, None, 0.0, None, mean, low, high, notes=("point",)
    )


def _from_cells(roi: Roi, cells: Cells) -> DvhResult:
    """Turn cells into a result, or into a status without numbers."""
    volume = float(cells.volume.sum(dtype=np.float64)) + cells.outside_cm3
    outside = cells.outside_cm3
    status, note = _place(volume, outside)
    notes = [*cells.notes, *([note] if note else [])]
    if not status.has_dose:
        return DvhResult(
            roi.number,
            roi.name,
            status,
            volume,
            outside,
            volume_uncertainty_cm3=cells.volume_uncertainty_cm3,
            notes=tuple(notes),
            cells=cells.volume.size,
        )
    dvh = histogram(cells, volume)
    weighted = (cells.volume * cells.dose).sum(dtype=np.float64)
    mean = float(weighted / cells.volume.sum(dtype=np.float64))
    return DvhResult(
        roi.number,
        roi.name,
        status,
        volume,
        outside,
        dvh,
        mean,
        cells.minimum_gy,
        cells.maximum_gy,
        cells.volume_uncertainty_cm3,
        _mean_uncertainty(cells, mean),
        tuple(notes),
        cells.volume.size,
    )


def _place(volume: float, outside: float) -> tuple[Status, str]:
    """Say whether a structure's dose is known, given how much of it is outside the grid."""
    if outside <= 0:
        return Status.OK, ""
    part = f"{outside:.3g} cm³ of {volume:.4g} cm³ lie outside the dose grid"
    if outside >= volume * (1 - 1e-9):
        return Status.OUTSIDE, "outside the dose grid: no dose given"
    if outside > OUTSIDE_TOLERANCE * volume:
        return Status.PARTLY_OUTSIDE, f"{part}: dose values not computed"
    return Status.OK, f"{part}: left out"


def _mean_uncertainty(cells: Cells, mean: float) -> float:
    """Uncertainty of the mean dose (1 sigma) if the surface is off by what the rasters allow.

    Volume that may belong or not has the dose of the surface, not the mean.
    """
    total = float(cells.volume.sum(dtype=np.float64))
    share = cells.volume_uncertainty_cm3 / total
    return float(share * np.abs(cells.surface_mean_gy - mean))


def histogram(cells: Cells, total_cm3: float, bins: int = BINS) -> Dvh:
    """Sum cells into a cumulative DVH.

    A cell's volume is even over [dose - width / 2, dose + width / 2], cut to the structure's
    extremes; summed ramps give the exact volume below every edge.
    """
    low, high = cells.minimum_gy, cells.maximum_gy
    if high - low < 1e-9 * max(abs(high), 1.0):
        dose = np.array([low, high])
        return Dvh(dose, np.array([total_cm3, total_cm3]), np.zeros(2))
    step = (high - low) / bins
    start = np.clip((cells.dose - cells.width / 2 - low) / step, 0.0, bins - 0.5)
    end = np.clip((cells.dose + cells.width / 2 - low) / step, start + 0.5, bins + 0.0)
    slope = cells.volume / (end - start)
    below = _ramp(start, slope, bins) - _ramp(end, slope, bins)
    below = np.maximum.accumulate(np.clip(below, 0.0, None))
    inside = float(cells.volume.sum(dtype=np.float64))
    share = np.clip(1.0 - below / inside, 0.0, 1.0)
    share[0], share[-1] = 1.0, 0.0
    edges = low + step * np.arange(bins + 1, dtype=np.float64)
    return Dvh(
        edges, np.asarray(share * total_cm3, dtype=np.float64), _spread(cells, low, step, bins)
    )


def _ramp(knee: Floats, slope: Floats, bins: int) -> Floats:
    """Return sum_i slope_i * max(edge - knee_i, 0) at the edges 0, 1, ..., bins."""
    at = np.minimum(np.ceil(knee).astype(np.intp), bins)
    first = np.cumsum(np.bincount(at, slope, bins + 1))
    second = np.cumsum(np.bincount(at, slope * knee, bins + 1))
    return np.asarray(np.arange(bins + 1) * first - second, dtype=np.float64)


def _spread(cells: Cells, low: float, step: float, bins: int) -> Floats:
    """Return the mean change of dose over one dose voxel, per edge, smoothed over neighbours."""
    coarse = 50
    some = slice(None, None, 1 + cells.dose.size // 50_000)  # a mean needs no more
    dose, volume, width = cells.dose[some], cells.volume[some], cells.width[some]
    at = np.clip(((dose - low) / step * coarse / bins).astype(np.intp), 0, coarse - 1)
    weight = np.bincount(at, volume, coarse)
    total = np.bincount(at, volume * width * cells.voxels, coarse)
    known = weight > 0
    middles = (np.arange(coarse) + 0.5) * bins / coarse
    return np.interp(np.arange(bins + 1), middles[known], total[known] / weight[known])
