"""The dose in a block of cells: layers x rows x columns of a raster in the planes of a structure.

Two ways to one result. Where the raster shares the dose grid's axes and the structure fills much of
its box, whole blocks are interpolated axis by axis; else only the cells that hold some of the
structure are looked up.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.grid import AxisLookup, DoseGrid, along_axes, axis_lookup

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

FILLED: Final = 0.15
"""From this share of its box on, a structure's dose is worked out for the whole box."""


@dataclass(frozen=True, eq=False)
class Raster:
    """The raster in the planes: cell (0, 0)'s lower corner and the size of a cell, mm."""

    u0: float
    v0: float
    du: float
    dv: float
    rows: int
    columns: int


@dataclass(frozen=True, eq=False)
class Place:
    """Where a raster lies: the axes of its planes, and whether they are the dose grid's."""

    axes: Floats  # (3, 3): rows u, v, n
    aligned: bool


def sample(
    place: Place,
    grid: DoseGrid,
    raster: Raster,
    positions: Floats,
    thickness: Floats,
    where: NDArray[np.intp],
) -> tuple[Singles, Singles, NDArray[np.bool_] | None]:
    """Return dose and its range across each cell in Gy, and which cells lie in the grid.

    Parameters
    ----------
    positions, thickness : (layers,) arrays, mm
        Middles along n, and thickness.
    where : (cells,) array
        Flat indices of the wanted cells in (layers, rows, columns).

    Returns
    -------
    two (cells,) arrays; the third is None if all cells lie in the grid
    """
    shape = (positions.size, raster.rows, raster.columns)
    if not place.aligned:
        return _scattered(place, grid, raster, positions, thickness, where, shape)
    x, y, z = _per_axis(place, grid, raster, positions)
    if where.size < FILLED * np.prod(shape):
        layer, row, column = np.unravel_index(where, shape)
        looked_up = (x.take(column), y.take(row), z.take(layer))
        return _looked_up(grid, raster, thickness[layer], *looked_up)
    dose = _block_dose(grid, x, y, z)
    width = _block_width(dose, positions, thickness)
    inside = None
    if not (x.inside.all() and y.inside.all() and z.inside.all()):
        box = z.inside[:, None, None] & y.inside[:, None] & x.inside
        inside = box.reshape(-1)[where]
    return dose.reshape(-1)[where], width.reshape(-1)[where], inside


def _per_axis(
    place: Place, grid: DoseGrid, raster: Raster, positions: Floats
) -> tuple[AxisLookup, AxisLookup, AxisLookup]:
    """Return where the columns, rows and layers of a raster lie in the grid that it shares."""
    frames, rows, columns = grid.stored.shape
    origin = place.axes @ grid.origin
    u = raster.u0 + (np.arange(raster.columns) + 0.5) * raster.du
    v = raster.v0 + (np.arange(raster.rows) + 0.5) * raster.dv
    return (
        axis_lookup((u - origin[0]) / grid.column_spacing, columns),
        axis_lookup((v - origin[1]) / grid.row_spacing, rows),
        axis_lookup(grid.frame_index(positions - origin[2]), frames),
    )


def _block_dose(grid: DoseGrid, x: AxisLookup, y: AxisLookup, z: AxisLookup) -> Singles:
    """Return the dose of every cell of the block, trilinear, axis by axis."""
    crop = grid.stored[_range(z), _range(y), _range(x)].astype(np.float32)
    crop *= np.float32(grid.scaling)
    for axis, lookup in enumerate((z, y, x)):
        crop = _along(crop, lookup, axis)
    return crop


def _range(lookup: AxisLookup) -> slice:
    return slice(int(lookup.low.min()), int(lookup.low.max()) + 1 + int(np.max(lookup.step)))


def _along(values: Singles, lookup: AxisLookup, axis: int) -> Singles:
    """Interpolate along one axis."""
    low = lookup.low - lookup.low.min()
    share = lookup.share.astype(np.float32)
    if np.all(np.abs(share) < 1e-5):
        return values if low.size == values.shape[axis] else values.take(low, axis)
    share = np.expand_dims(share, tuple(other for other in range(3) if other != axis))
    first: Singles = values.take(low, axis)
    second: Singles = values.take(low + lookup.step, axis)
    second -= first
    second *= share
    second += first
    return second


def _block_width(dose: Singles, positions: Floats, thickness: Floats) -> Singles:
    """Return how far the dose ranges over each cell, from its neighbours in the block."""
    total = np.zeros_like(dose)
    for axis in (2, 1, 0):
        if dose.shape[axis] < 2:
            continue
        step = np.diff(dose, axis=axis)
        if axis == 0:
            apart = np.maximum(np.diff(positions), 1e-6)
            step *= (thickness[1:] / apart).astype(np.float32)[:, None, None]
        np.square(step, out=step)
        head = [slice(None)] * 3
        tail = [slice(None)] * 3
        head[axis], tail[axis] = slice(0, -1), slice(-1, None)
        total[tuple(head)] += step
        total[tuple(tail)] += step[tuple(tail)]
    return np.asarray(np.sqrt(total, out=total))


def _scattered(
    place: Place,
    grid: DoseGrid,
    raster: Raster,
    positions: Floats,
    thickness: Floats,
    where: NDArray[np.intp],
    shape: tuple[int, int, int],
) -> tuple[Singles, Singles, NDArray[np.bool_] | None]:
    """Look cells up one by one: planes that the dose grid does not share."""
    layer, row, column = np.unravel_index(where, shape)
    u = raster.u0 + (column + 0.5) * raster.du
    v = raster.v0 + (row + 0.5) * raster.dv
    points = along_axes(np.stack([u, v, positions[layer]], axis=1), place.axes.T)
    index = grid.to_indices(points)
    frames, rows, columns = grid.stored.shape
    return _looked_up(
        grid,
        raster,
        thickness[layer],
        axis_lookup(index[:, 0], columns),
        axis_lookup(index[:, 1], rows),
        axis_lookup(index[:, 2], frames),
    )


def _looked_up(
    grid: DoseGrid,
    raster: Raster,
    thickness: Floats,
    x: AxisLookup,
    y: AxisLookup,
    z: AxisLookup,
) -> tuple[Singles, Singles, NDArray[np.bool_] | None]:
    dose, (dx, dy, dz) = grid.trilinear(x, y, z)
    dx = dx * (raster.du / grid.column_spacing)
    dy = dy * (raster.dv / grid.row_spacing)
    dz = dz * (thickness / grid.frame_spacing)
    width = np.sqrt(dx * dx + dy * dy + dz * dz)
    inside: NDArray[Any] = x.inside & y.inside & z.inside
    kept = None if inside.all() else inside
    return dose.astype(np.float32), width.astype(np.float32), kept
