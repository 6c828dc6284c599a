"""A finer dose grid around a small structure, by cubic convolution.

Linear interpolation cuts the tops of peaks: where a structure is a few voxels wide, that is a large
part of its range of dose. The finer grid follows smooth dose to fourth order (the six-point kernel
of Keys 1981, section VI) and passes through every original voxel.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.grid import DoseGrid, along_axes

Floats = NDArray[np.float64]
Taps = tuple[NDArray[np.intp], Floats]

LARGEST: Final = 500_000
"""Voxels of the finer grid at most; a larger structure keeps the original."""

FINER: Final = (7, 5, 3)
"""Factors that are tried: odd, so that the border's half voxels come out whole."""

TAPS: Final = 6
"""Voxels that a finer one is made of, along each axis."""


def refine(grid: DoseGrid, points: Floats, beyond_mm: float) -> DoseGrid:
    """Return a finer grid around points, or the grid itself.

    Parameters
    ----------
    points : (n, 3) array, mm
        Everything whose dose is asked for lies within `beyond_mm` of one of them.

    The grid stays as it is where the structure is large or the frames are not evenly spaced.
    """
    steps = np.diff(grid.offsets)
    if min(grid.stored.shape) < 4 or np.ptp(steps) > 1e-3 * grid.frame_spacing:
        return grid
    counts = np.array(grid.stored.shape[::-1])  # columns, rows, frames
    axes = np.stack([grid.row_direction, grid.column_direction, grid.normal])
    spacing = np.array(grid.spacing)
    index = along_axes(points - grid.origin, axes) / spacing
    low = np.floor(index.min(axis=0) - beyond_mm / spacing).astype(int) - 1
    high = np.ceil(index.max(axis=0) + beyond_mm / spacing).astype(int) + 1
    low, high = np.clip(low, 0, counts - 4), np.clip(high, 3, counts - 1)
    size = int(np.prod(high - low + 1))
    factor = next((f for f in FINER if size * f**3 <= LARGEST), 1)
    if factor == 1 or np.any(high - low < 3):
        return grid
    return _finer(grid, low, high, factor, axes)


def _finer(
    grid: DoseGrid, low: NDArray[np.int_], high: NDArray[np.int_], factor: int, axes: Floats
) -> DoseGrid:
    """Return voxels low..high (inclusive) on a grid `factor` times as fine."""
    counts = grid.stored.shape[::-1]
    (x0, y0, z0), (x1, y1, z1) = low, high + 1
    block = grid.stored[z0:z1, y0:y1, x0:x1].astype(np.float64)
    lowest = float(block.min())
    start = np.zeros(3)
    for axis in range(3):
        array_axis = 2 - axis
        first, last = bool(low[axis] == 0), bool(high[axis] == counts[axis] - 1)
        taps, start[axis] = cubic_taps(block.shape[array_axis], factor, first, last)
        block = _apply(taps, block, array_axis)
    np.maximum(block, min(lowest, 0.0), out=block)  # beside a step the curve swings below zero
    across, down, along = grid.spacing
    origin = grid.origin + ((low + start) * np.array([across, down, along])) @ axes
    return replace(
        grid,
        stored=np.ascontiguousarray(block),
        origin=origin,
        row_spacing=down / factor,
        column_spacing=across / factor,
        offsets=np.arange(block.shape[0], dtype=np.float64) * (along / factor),
        refined=factor,
    )


def _apply(taps: Taps, block: Floats, axis: int) -> Floats:
    """Weigh six neighbours along one axis (no matrix product: that would start threads)."""
    first, weights = taps
    shape = [1, 1, 1]
    shape[axis] = first.size
    padded = _continued(block, axis)
    total: Floats = padded.take(first, axis) * weights[0].reshape(shape)
    for tap in range(1, TAPS):
        total += padded.take(first + tap, axis) * weights[tap].reshape(shape)
    return total


def _continued(block: Floats, axis: int) -> Floats:
    """Add two samples at each end, in a straight line with the last two."""
    first, last = block.take([0], axis), block.take([-1], axis)
    up, down = first - block.take([1], axis), last - block.take([-2], axis)
    return np.concatenate(
        [first + 2 * up, first + up, block, last + down, last + 2 * down], axis=axis
    )


def cubic_taps(count: int, factor: int, first: bool, last: bool) -> tuple[Taps, float]:
    """Return how finer samples come from `count` originals, and where the first of those lies.

    The finer samples run from the first original to the last; at an end that is the grid's border
    they go on over the outer half voxel, with the border's value.

    Returns
    -------
    (index of the first of six neighbours in the continued samples, their weights (6, finer));
    place of the first finer sample, in originals
    """
    half = factor // 2
    before, after = half * first, half * last
    place = np.arange(-before, (count - 1) * factor + 1 + after) / factor
    clamped = np.clip(place, 0.0, count - 1.0)
    cell = np.minimum(clamped.astype(np.intp), count - 2)
    t = clamped - cell
    far, near = 1 - t, t
    weights = np.stack(
        [
            _outer(near + 2),
            _middle(near + 1),
            _inner(near),
            _inner(far),
            _middle(far + 1),
            _outer(far + 2),
        ]
    )
    return (cell, weights), -before / factor


def _inner(s: Floats) -> Floats:
    """Weight of a sample up to one voxel away."""
    return (4 * s**3 - 7 * s**2) / 3 + 1


def _middle(s: Floats) -> Floats:
    """Weight of a sample one to two voxels away."""
    return (-7 * s**3 + 36 * s**2 - 59 * s + 30) / 12


def _outer(s: Floats) -> Floats:
    """Weight of a sample two to three voxels away."""
    return (s**3 - 8 * s**2 + 21 * s - 18) / 12
