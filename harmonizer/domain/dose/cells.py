"""Cells of a structure: volume, dose and how much the dose changes across each.

Arrays have one entry per cell with volume inside the dose grid.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.grid import AxisLookup, DoseGrid, axis_lookup
from harmonizer.domain.dose.layers import Layers, build_layers
from harmonizer.domain.dose.loft import loft
from harmonizer.domain.dose.planes import Stack
from harmonizer.domain.dose.raster import Edges, Spans, next_in_polygon, polygon_areas, scan

Floats = NDArray[np.float64]

CELLS: Final = 60_000
"""About how many cells a small structure is cut into; a large one has one or more per voxel."""

ACROSS: Final = 12.0
"""A typical cross-section is at least this many cells wide."""

FINEST: Final = 24
"""Most cells per dose voxel along an axis."""

BLOCK: Final = 2_000_000
"""Cells of the bounding box that are held at a time: bounds the memory."""


@dataclass(frozen=True, eq=False)
class Cells:
    """What a structure consists of."""

    volume: Floats  # cm3
    dose: Floats  # Gy, at the middle
    width: Floats  # Gy: how far the dose in the cell ranges
    voxel_change: Floats  # Gy: how far it changes over a whole dose voxel
    outside_cm3: float
    minimum_gy: float
    maximum_gy: float
    surface_mean_gy: float
    volume_uncertainty_cm3: float
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Raster:
    """The raster in the planes: cell (0, 0)'s lower corner and the size of a cell, mm."""

    u0: float
    v0: float
    du: float
    dv: float
    rows: int
    columns: int


def fill_cells(stack: Stack, grid: DoseGrid) -> Cells | None:
    """Cut a structure into cells and give each its dose; None if there is no area."""
    plain = np.abs(polygon_areas(stack.points, stack.starts))
    if plain.sum() <= 0:
        return None
    size = _cell_size(stack, plain)
    raster = _lay_raster(stack, grid, size)
    spans = _scan(stack, raster)
    areas = spans.areas() * raster.du * raster.dv
    if not np.any(areas > 0):
        return None
    layers = build_layers(stack.positions, areas, stack.spacing, size)
    surface = _surface_doses(stack, grid, layers)
    if (lofted := loft(stack, layers, areas)) is not None:
        stack, layers = lofted
        raster = _lay_raster(stack, grid, size)
        spans = _scan(stack, raster)
    parts = [_chunk(stack, grid, raster, spans, layers, part) for part in _chunks(layers, raster)]
    volume, dose, width, change, half, outside = (
        np.concatenate(c) for c in zip(*parts, strict=True)
    )
    known = surface[~np.isnan(surface)]
    middle = dose[half > 0.5] if np.any(half > 0.5) else dose
    extremes = np.concatenate([known, middle]) if dose.size else np.zeros(1)
    return Cells(
        volume=volume,
        dose=dose,
        width=width,
        voxel_change=change,
        outside_cm3=float(outside.sum()),
        minimum_gy=float(extremes.min()),
        maximum_gy=float(extremes.max()),
        surface_mean_gy=float(known.mean()) if known.size else 0.0,
        volume_uncertainty_cm3=_volume_uncertainty(areas, stack.spacing),
        notes=(*stack.notes, *_notes(layers)),
    )


def _notes(layers: Layers) -> list[str]:
    notes = []
    if layers.bridged:
        notes.append(f"{layers.bridged} missing planes filled between neighbours")
    if layers.parts > 1:
        notes.append(f"{layers.parts} parts along the planes")
    return notes


def _cell_size(stack: Stack, plain: Floats) -> float:
    """Return the wanted edge of a cell in mm."""
    volume = float(plain.sum()) * stack.spacing
    typical = float(plain @ plain / plain.sum())  # weighted by area
    return float(min((volume / CELLS) ** (1 / 3), typical**0.5 / ACROSS))


def _lay_raster(stack: Stack, grid: DoseGrid, size: float) -> Raster:
    """Lay cells over the structure; in the dose grid's planes, whole cells share its voxels."""
    low, high = stack.points.min(axis=0), stack.points.max(axis=0)
    if not stack.aligned:
        shape = np.maximum(np.ceil((high - low) / size).astype(int), 1)
        return Raster(float(low[0]), float(low[1]), size, size, int(shape[1]), int(shape[0]))
    spacing = np.array([grid.column_spacing, grid.row_spacing])
    corner = stack.axes[:2] @ grid.origin - spacing / 2
    fine = np.clip(np.ceil(spacing / size), 1, FINEST)
    step = spacing / fine
    first = np.floor((low - corner) / step)
    count = (np.floor((high - corner) / step) - first + 1).astype(int)
    start = corner + first * step
    return Raster(
        float(start[0]),
        float(start[1]),
        float(step[0]),
        float(step[1]),
        int(count[1]),
        int(count[0]),
    )


def _scan(stack: Stack, raster: Raster) -> Spans:
    """Cut the contours by scan lines in raster coordinates."""
    x = (stack.points[:, 0] - raster.u0) / raster.du
    y = (stack.points[:, 1] - raster.v0) / raster.dv
    following = next_in_polygon(stack.starts)
    plane = np.repeat(stack.plane_of, np.diff(stack.starts))
    lines = int(np.clip(np.ceil(raster.dv / 0.5), 2, 8))
    shape = (stack.positions.size, raster.rows, raster.columns)
    return scan(Edges(plane, x, y, x[following], y[following]), shape, lines)


def _chunks(layers: Layers, raster: Raster) -> list[slice]:
    """Split the layers so that a block of the bounding box stays small."""
    at_once = max(1, BLOCK // (raster.rows * raster.columns))
    return [slice(i, i + at_once) for i in range(0, layers.position.size, at_once)]


Chunk = tuple[Floats, Floats, Floats, Floats, Floats, Floats]


def _chunk(
    stack: Stack, grid: DoseGrid, raster: Raster, spans: Spans, layers: Layers, part: slice
) -> Chunk:
    """Return volume, dose, width, voxel change, covered share; and the volume outside."""
    lower, upper = layers.lower[part], layers.upper[part]
    first = int(lower.min())
    planes = spans.fill(first, int(upper.max()))
    full = layers.thickness[part] * raster.du * raster.dv / 1000.0 * layers.scale[part]
    share = layers.share[part]
    block = planes[lower - first]
    if np.any(share > 0):
        block *= (1 - share).astype(np.float32)[:, None, None]
        block += planes[upper - first] * share.astype(np.float32)[:, None, None]
    layer, row, column = np.nonzero(block > 1e-5)
    covered = block[layer, row, column].astype(np.float64)
    volume = covered * full[layer]
    thickness = layers.thickness[part]
    x, y, z = _lookups(stack, grid, raster, layers.position[part], (layer, row, column))
    inside = x.inside & y.inside & z.inside
    outside = volume[~inside]
    if outside.size:
        keep = np.flatnonzero(inside)
        x, y, z = x.take(keep), y.take(keep), z.take(keep)
        volume, covered, layer = volume[keep], covered[keep], layer[keep]
    dose, (dx, dy, dz) = grid.trilinear(x, y, z)
    change = np.sqrt(dx * dx + dy * dy + dz * dz) * grid.refined
    dx *= raster.du / grid.column_spacing
    dy *= raster.dv / grid.row_spacing
    dz *= (thickness / grid.frame_spacing)[layer]
    width = np.sqrt(dx * dx + dy * dy + dz * dz)
    return volume, dose, width, change, covered, outside


Index = NDArray[np.intp]


def _lookups(
    stack: Stack,
    grid: DoseGrid,
    raster: Raster,
    positions: Floats,
    cells: tuple[Index, Index, Index],
) -> tuple[AxisLookup, AxisLookup, AxisLookup]:
    """Return where the middles of cells (layer, row, column) lie in the dose grid."""
    layer, row, column = cells
    frames, rows, columns = grid.stored.shape
    u = raster.u0 + (np.arange(raster.columns) + 0.5) * raster.du
    v = raster.v0 + (np.arange(raster.rows) + 0.5) * raster.dv
    if stack.aligned:
        origin = stack.axes @ grid.origin
        x = axis_lookup((u - origin[0]) / grid.column_spacing, columns)
        y = axis_lookup((v - origin[1]) / grid.row_spacing, rows)
        z = axis_lookup(grid.frame_index(positions - origin[2]), frames)
        return x.take(column), y.take(row), z.take(layer)
    points = np.stack([u[column], v[row], positions[layer]], axis=1) @ stack.axes
    index = grid.to_indices(points)
    return (
        axis_lookup(index[:, 0], columns),
        axis_lookup(index[:, 1], rows),
        axis_lookup(index[:, 2], frames),
    )


def _surface_doses(stack: Stack, grid: DoseGrid, layers: Layers) -> Floats:
    """Return the dose at the contours' points and at both ends; NaN outside the grid."""
    places = stack.positions[np.repeat(stack.plane_of, np.diff(stack.starts))]
    points = [np.column_stack([stack.points, places])]
    for end, plane in ((0, 0), (1, stack.positions.size - 1)):
        ring = stack.points[places == stack.positions[plane]]
        tapers = layers.tapers[end]
        tip = ring.mean(axis=0, keepdims=True) if tapers else ring
        points.append(np.column_stack([tip, np.full(len(tip), layers.reach[end])]))
    return grid.dose_at(np.concatenate(points) @ stack.axes)


def _volume_uncertainty(areas: Floats, spacing: float) -> float:
    """Return the volume's 1-sigma uncertainty from the planes' spacing, cm3.

    Where a structure ends between two planes is unknown: an even distribution over one spacing
    for each end.
    """
    ends = np.hypot(areas[0], areas[-1])
    return float(ends) * spacing / 12**0.5 / 1000.0
