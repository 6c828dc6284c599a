"""Doses added up: frames into a grid, beams into a plan, plans by delivered fractions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harmonizer.domain.dose.grid import DoseGrid
from harmonizer.errors import DataError


@dataclass(frozen=True, eq=False)
class Part:
    """One dose of a sum: `share` of it counts, and `text` says what it is."""

    grid: DoseGrid
    share: float
    text: str


@dataclass(frozen=True, eq=False)
class Sum:
    """A sum, and what it is made of."""

    grid: DoseGrid
    made_of: tuple[str, ...]


def stack_frames(grids: Sequence[DoseGrid]) -> DoseGrid:
    """Join doses of one frame each into one grid (per-slice RTDOSE).

    Raises
    ------
    DataError
        `DOSE-SLICES` if they differ in anything but their place along the normal.
    """
    first = grids[0]
    for grid in grids:
        if not _same_plane_geometry(first, grid) or grid.stored.shape[0] != 1:
            raise DataError("DOSE-SLICES", "the dose slices do not fit into one grid")
    along = np.array([float(first.normal @ (g.origin - first.origin)) for g in grids])
    beside = [g.origin - first.origin - a * first.normal for g, a in zip(grids, along, strict=True)]
    order = np.argsort(along)
    if np.abs(beside).max() > 0.01 or np.any(np.diff(along[order]) < 0.01):
        raise DataError("DOSE-SLICES", "dose slices lie beside each other or at one place")
    values = [grids[i].stored[0] * (grids[i].scaling / first.scaling) for i in order]
    start = grids[int(order[0])].origin
    return replace(
        first, stored=np.stack(values), origin=start, offsets=along[order] - along[order[0]]
    )


def _same_plane_geometry(a: DoseGrid, b: DoseGrid) -> bool:
    return (
        a.stored.shape[1:] == b.stored.shape[1:]
        and np.allclose(a.row_direction, b.row_direction, atol=1e-4)
        and np.allclose(a.column_direction, b.column_direction, atol=1e-4)
        and abs(a.row_spacing - b.row_spacing) < 1e-4
        and abs(a.column_spacing - b.column_spacing) < 1e-4
        and a.frame_of_reference_uid == b.frame_of_reference_uid
    )


def delivered_share(delivered: int, planned: int) -> float:
    """Return the share of a plan's dose that its delivered fractions gave.

    Raises
    ------
    ValueError
        If `planned` is not positive or `delivered` is negative.
    """
    if planned <= 0 or delivered < 0:
        raise ValueError("a share needs positive planned and non-negative delivered fractions")
    return delivered / planned


def add_up(parts: Sequence[Part]) -> Sum:
    """Add doses on the grid of the first; others are interpolated onto it.

    Where another dose has no value it counts as zero; that is said in `made_of`.

    Raises
    ------
    DataError
        `DOSE-SUM-FRAMES` if they are in different frames of reference, `DOSE-SUM-EMPTY` without
        any part.
    """
    if not parts:
        raise DataError("DOSE-SUM-EMPTY", "there is no dose to add up")
    base = parts[0].grid
    total = np.multiply(base.stored, base.scaling * parts[0].share, dtype=np.float32)
    made_of = [parts[0].text]
    for part in parts[1:]:
        if part.grid.frame_of_reference_uid != base.frame_of_reference_uid:
            raise DataError("DOSE-SUM-FRAMES", "doses in different frames of reference")
        values, missing = _onto(base, part.grid)
        total += values * part.share
        without = f" ({missing:.1%} of the grid without value)" if missing else ""
        made_of.append(part.text + without)
    return Sum(replace(base, stored=total, scaling=1.0), tuple(made_of))


def _onto(base: DoseGrid, other: DoseGrid) -> tuple[np.ndarray, float]:
    """Return `other` at the voxels of `base`, frame by frame, and the share without value."""
    frames, rows, columns = base.stored.shape
    j, i = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    plane = base.origin + (
        i.reshape(-1, 1) * (base.column_spacing * base.row_direction)
        + j.reshape(-1, 1) * (base.row_spacing * base.column_direction)
    )
    values = np.empty((frames, rows, columns), np.float32)
    missing = 0
    for frame in range(frames):
        found = other.dose_at(plane + base.offsets[frame] * base.normal)
        missing += int(np.count_nonzero(np.isnan(found)))
        values[frame] = np.nan_to_num(found).reshape(rows, columns)
    return values, missing / values.size
