"""A dose grid in patient coordinates, and the dose at any point in it.

Dose is known inside the boxes of the voxels: between voxel centres it is trilinear; in the outer
half of a border voxel it is the border's value. Outside the boxes there is no dose.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DoseGrid:
    """RTDOSE voxels as they are stored, with the geometry that places them.

    Stored values are not converted as a whole: only the voxels that a structure touches are.
    """

    stored: NDArray[Any]  # (frames, rows, columns), as stored
    scaling: float  # Gy per stored unit (Dose Grid Scaling)
    origin: Floats  # (3,), mm: centre of the first voxel of frame 0
    row_direction: Floats  # (3,), unit: the way the column index rises
    column_direction: Floats  # (3,), unit: the way the row index rises
    row_spacing: float  # mm between rows
    column_spacing: float  # mm between columns
    offsets: Floats  # (frames,), mm along `normal` from `origin`, strictly rising or falling
    frame_of_reference_uid: str | None = None
    refined: int = 1  # how many of these voxels make one of the original along each axis

    def __post_init__(self) -> None:
        """Bring the frames in rising order, so that look-ups need not ask.

        Raises
        ------
        ValueError
            If shapes do not fit or two frames lie at one place.
        """
        if self.stored.ndim != 3 or self.offsets.shape != self.stored.shape[:1]:
            raise ValueError("a dose grid needs (frames, rows, columns) and one offset per frame")
        steps = np.diff(self.offsets)
        if steps.size and np.all(steps < 0):
            # One copy here: look-ups would make one each time if the rows were not in order.
            object.__setattr__(self, "stored", np.ascontiguousarray(self.stored[::-1]))
            object.__setattr__(self, "offsets", self.offsets[::-1])
        elif np.any(steps <= 0):
            raise ValueError("the frames of a dose grid must lie at strictly rising offsets")

    @property
    def normal(self) -> Floats:
        """Return the unit vector along which `offsets` count: row x column direction."""
        return np.cross(self.row_direction, self.column_direction)

    @property
    def frame_spacing(self) -> float:
        """Typical distance of frames, mm; the in-plane spacing where there is one frame."""
        if self.offsets.size < 2:
            return float(self.row_spacing)
        return float(np.median(np.diff(self.offsets)))

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size in mm along columns, rows and frames."""
        return (self.column_spacing, self.row_spacing, self.frame_spacing)

    @property
    def voxel_cm3(self) -> float:
        """Volume of one voxel."""
        across, down, along = self.spacing
        return across * down * along / 1000.0

    def maximum_gy(self) -> float:
        """Highest dose of the whole grid (reads every voxel)."""
        return float(self.stored.max()) * self.scaling

    def to_indices(self, points: Floats) -> Floats:
        """Return fractional (column, row, frame) indices of points.

        Parameters
        ----------
        points : (n, 3) array, mm, patient coordinates

        Returns
        -------
        (n, 3) array
            NaN in the last column where a point lies outside the frames' boxes.
        """
        moved = points - self.origin
        axes = np.stack([self.row_direction, self.column_direction, self.normal])
        local = along_axes(moved, axes)
        column, row = local[:, 0] / self.column_spacing, local[:, 1] / self.row_spacing
        return np.stack([column, row, self.frame_index(local[:, 2])], axis=1)

    def frame_index(self, along_mm: Floats) -> Floats:
        """Return fractional frame indices of places along `normal`; NaN outside the boxes."""
        offsets = self.offsets
        half_first = half_last = self.frame_spacing / 2
        if offsets.size > 1:
            half_first = float(offsets[1] - offsets[0]) / 2
            half_last = float(offsets[-1] - offsets[-2]) / 2
        index: Floats = np.interp(along_mm, offsets, np.arange(offsets.size, dtype=np.float64))
        slack = 1e-6
        outside = (along_mm < offsets[0] - half_first - slack) | (
            along_mm > offsets[-1] + half_last + slack
        )
        index[outside] = np.nan
        return index

    def dose_at(self, points: Floats) -> Floats:
        """Return the dose in Gy at points in mm; NaN where the grid has none.

        Parameters
        ----------
        points : (n, 3) array, mm, patient coordinates
        """
        column, row, frame = self.to_indices(points).T
        frames, rows, columns = self.stored.shape
        x = axis_lookup(column, columns)
        y = axis_lookup(row, rows)
        z = axis_lookup(frame, frames)
        dose, _ = self.trilinear(x, y, z)
        inside = x.inside & y.inside & z.inside
        return np.where(inside, dose, np.nan)

    def trilinear(
        self, x: "AxisLookup", y: "AxisLookup", z: "AxisLookup"
    ) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
        """Return dose and its change over one voxel along columns, rows and frames, in Gy.

        The look-ups give one entry per point. Points outside get the border's value: the caller
        decides by `inside`.
        """
        _, rows, columns = self.stored.shape
        flat = self.stored.reshape(-1) if self.stored.flags.c_contiguous else self.stored.ravel()
        base = (z.low * rows + y.low) * columns + x.low
        up, down = z.step * (rows * columns), y.step * columns
        corners = []
        for shift in (0, x.step):
            a = base + shift
            lower = _blend(flat, a, a + down, y.share)
            upper = _blend(flat, a + up, a + up + down, y.share)
            corners.append((lower, upper))
        (l0, u0), (l1, u1) = corners
        near_dose, near_dz, near_dy = _raise(l0, u0, z.share)
        far_dose, _, _ = _raise(l1, u1, z.share)
        dx = far_dose - near_dose
        dose = (near_dose + x.share * dx) * self.scaling
        return dose, (dx * self.scaling, near_dy * self.scaling, near_dz * self.scaling)


def along_axes(points: Floats, axes: Floats) -> Floats:
    """Return the components of points (n, 3) along the rows of `axes` (3, 3).

    Not a matrix product: for so small a matrix that only wakes the linear algebra's threads.
    """
    return np.asarray(np.einsum("ij,kj->ik", points, axes))


Pair = tuple[Floats, Floats]


def _blend(flat: NDArray[Any], a: NDArray[np.intp], b: NDArray[np.intp], share: Floats) -> Pair:
    """Return value between two neighbours, and their difference."""
    first = flat.take(a).astype(np.float64)
    step = flat.take(b) - first
    return first + share * step, step


def _raise(lower: Pair, upper: Pair, share: Floats) -> tuple[Floats, Floats, Floats]:
    """Blend two (value, difference) pairs: value, change across, the pair's own difference."""
    change = upper[0] - lower[0]
    return lower[0] + share * change, change, lower[1]


@dataclass(frozen=True, eq=False)
class AxisLookup:
    """Where points lie along one axis of the grid: lower index, share of the next, step to it."""

    low: NDArray[np.intp]
    share: Floats
    step: NDArray[np.intp] | int  # 1, or 0 for an axis with a single layer
    inside: NDArray[np.bool_]

    def take(self, which: NDArray[np.intp]) -> "AxisLookup":
        """Return the look-up of the chosen points."""
        return AxisLookup(
            self.low.take(which), self.share.take(which), self.step, self.inside.take(which)
        )


def axis_lookup(index: Floats, count: int) -> AxisLookup:
    """Prepare interpolation along one axis from fractional indices (NaN is outside)."""
    slack = 1e-6
    inside = (index >= -0.5 - slack) & (index <= count - 0.5 + slack)
    clamped = np.clip(np.where(inside, index, 0.0), 0.0, count - 1.0)
    low = np.minimum(clamped.astype(np.intp), max(count - 2, 0))
    return AxisLookup(low, clamped - low, 1 if count > 1 else 0, inside)
