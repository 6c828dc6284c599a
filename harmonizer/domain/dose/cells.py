"""Cells of a structure: volume, dose and how much the dose changes across each.

Arrays have one entry per cell with volume inside the dose grid.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.grid import DoseGrid, along_axes
from harmonizer.domain.dose.layers import Layers, build_layers
from harmonizer.domain.dose.loft import loft
from harmonizer.domain.dose.planes import Stack
from harmonizer.domain.dose.raster import Edges, Spans, next_in_polygon, polygon_areas, scan
from harmonizer.domain.dose.sampling import Place, Raster, sample

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

CELLS: Final = 60_000
"""About how many cells a small structure is cut into; a large one has one or more per voxel."""

ACROSS: Final = 12.0
"""A typical cross-section is at least this many cells wide."""

FINEST: Final = 24
"""Most cells per dose voxel along an axis."""

FEWEST_LINES: Final = 300
"""Scan lines over a structure at least: an edge along a line is off by half a line at most."""

SURFACE_POINTS: Final = 20_000
"""Points of the contours at which the dose is looked up for the extremes."""

BLOCK: Final = 2_000_000
"""Cells of the bounding box that are held at a time: bounds the memory."""


MERGED_FROM: Final = 200_000
"""A block of more cells than this is kept as cells of equal dose: bounds memory and time."""

MERGED_BINS: Final = 20_000
"""Doses that are told apart in such a block: ten in each bin of the histogram."""


@dataclass(frozen=True, eq=False)
class Cells:
    """What a structure consists of."""

    volume: Singles  # cm3
    dose: Singles  # Gy, at the middle
    width: Singles  # Gy: how far the dose in the cell ranges
    voxels: float  # edge of a dose voxel in cells: `width` x this is the range over a voxel
    outside_cm3: float
    minimum_gy: float
    maximum_gy: float
    surface_mean_gy: float
    volume_uncertainty_cm3: float
    notes: tuple[str, ...]


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
    place = Place(stack.axes, stack.aligned)
    parts = [_chunk(place, grid, raster, spans, layers, part) for part in _chunks(layers, raster)]
    volume, dose, width = (np.concatenate([part[i] for part in parts]) for i in range(3))
    known = surface[~np.isnan(surface)]
    inner = [part[3] for part in parts if part[3] is not None]
    extremes = np.concatenate([known, *inner]) if known.size or inner else dose[:1]
    per_voxel = np.array(grid.spacing) * grid.refined / (raster.du, raster.dv, _thickness(layers))
    return Cells(
        volume=volume,
        dose=dose,
        width=width,
        voxels=float(np.sqrt(np.mean(per_voxel**2))),
        outside_cm3=sum(part[4] for part in parts),
        minimum_gy=float(extremes.min()) if extremes.size else 0.0,
        maximum_gy=float(extremes.max()) if extremes.size else 0.0,
        surface_mean_gy=float(known.mean()) if known.size else 0.0,
        volume_uncertainty_cm3=_volume_uncertainty(areas, stack.spacing),
        notes=(*stack.notes, *_notes(layers)),
    )


def _thickness(layers: Layers) -> float:
    return float(np.median(layers.thickness))


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
        extent = np.maximum(high - low, 1e-6)
        counts = np.ceil(extent / size).astype(int)
        (u, v), (du, dv) = low.tolist(), (extent / counts).tolist()
        return Raster(u, v, du, dv, int(counts[1]), int(counts[0]))
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
    lines = max(int(np.clip(np.ceil(raster.dv / 0.35), 4, 8)), -(-FEWEST_LINES // raster.rows))
    shape = (stack.positions.size, raster.rows, raster.columns)
    return scan(Edges(plane, x, y, x[following], y[following]), shape, lines)


def _chunks(layers: Layers, raster: Raster) -> list[slice]:
    """Split the layers so that a block of the bounding box stays small."""
    at_once = max(1, BLOCK // (raster.rows * raster.columns))
    return [slice(i, i + at_once) for i in range(0, layers.position.size, at_once)]


Chunk = tuple[Singles, Singles, Singles, Floats | None, float]


def _chunk(
    place: Place, grid: DoseGrid, raster: Raster, spans: Spans, layers: Layers, part: slice
) -> Chunk:
    """Return volume, dose and width of cells; extremes of the dose inside; volume outside."""
    lower, upper = layers.lower[part], layers.upper[part]
    first = int(lower.min())
    planes = spans.fill(first, int(upper.max()))
    share = layers.share[part].astype(np.float32)[:, None, None]
    block = planes[lower - first]
    if np.any(share > 0):
        block *= 1 - share
        block += planes[upper - first] * share
    flat = block.reshape(-1)
    where = np.flatnonzero(flat > 1e-5)
    thickness = layers.thickness[part]
    dose, width, inside = sample(place, grid, raster, layers.position[part], thickness, where)
    inner = dose[flat[where] > 0.5] if inside is None else dose[(flat[where] > 0.5) & inside]
    block *= (thickness * raster.du * raster.dv / 1000.0 * layers.scale[part]).astype(np.float32)[
        :, None, None
    ]
    volume = flat[where]
    outside = 0.0
    if inside is not None:
        outside = float(volume[~inside].sum(dtype=np.float64))
        volume, dose, width = volume[inside], dose[inside], width[inside]
    extremes = np.array([inner.min(), inner.max()]) if inner.size else None
    if volume.size > MERGED_FROM:
        volume, dose, width = _merged(volume, dose, width)
    return volume, dose, width, extremes, outside


def _merged(volume: Singles, dose: Singles, width: Singles) -> tuple[Singles, Singles, Singles]:
    """Join cells of nearly one dose: volumes add up, dose and width become their means."""
    low, high = float(dose.min()), float(dose.max())
    step = max((high - low) / MERGED_BINS, 1e-9)
    at = ((dose - np.float32(low)) * np.float32(1 / step)).astype(np.intp)
    weight = np.bincount(at, volume)
    kept = weight > 0
    total = weight[kept]
    mean_dose = np.bincount(at, volume * (dose - np.float32(low)))[kept] / total + low
    mean_width = np.bincount(at, volume * width)[kept] / total
    return (
        total.astype(np.float32),
        mean_dose.astype(np.float32),
        mean_width.astype(np.float32),
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
    every = np.concatenate(points)
    return grid.dose_at(along_axes(every[:: 1 + len(every) // SURFACE_POINTS], stack.axes.T))


def _volume_uncertainty(areas: Floats, spacing: float) -> float:
    """Return the volume's 1-sigma uncertainty from the planes' spacing, cm3.

    Where a structure ends between two planes is unknown: an even distribution over one spacing
    for each end.
    """
    ends = np.hypot(areas[0], areas[-1])
    return float(ends) * spacing / 12**0.5 / 1000.0
