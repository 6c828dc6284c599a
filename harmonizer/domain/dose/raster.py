"""How much of each cell of a plane a set of closed contours covers.

Even-odd rule over all contours of a plane: a contour inside another is a hole, a keyhole needs no
care, overlapping contours exclude each other (DICOM's CLOSEDPLANAR_XOR). Along x the covered share
of a cell is exact; along y it is the mean of equally spaced scan lines.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges of closed polygons on a stack of planes, in cell units (cell 0 spans 0 to 1)."""

    plane: NDArray[np.intp]  # (m,)
    x0: Floats
    y0: Floats
    x1: Floats
    y1: Floats


@dataclass(frozen=True, eq=False)
class Spans:
    """Where scan lines enter and leave the polygons.

    Even entries enter, odd ones leave; sorted by line, then by x. Line i of a plane lies at
    y = (i + 1/2) / `lines`.
    """

    line: NDArray[np.intp]  # (crossings,): plane * rows * lines + i
    x: Floats
    planes: int
    rows: int
    columns: int
    lines: int

    def areas(self) -> Floats:
        """Return the covered area of every plane, in cells."""
        sign = np.ones(self.x.size)
        sign[0::2] = -1.0
        plane = self.line // (self.rows * self.lines)
        return np.bincount(plane, sign * self.x, self.planes) / self.lines

    def fill(self, first: int, last: int) -> NDArray[np.float32]:
        """Return the covered share, 0 to 1, of every cell of planes first..last (inclusive).

        Returns
        -------
        (last - first + 1, rows, columns) array of float32
        """
        per_plane = self.rows * self.lines
        a, b = np.searchsorted(self.line, [first * per_plane, (last + 1) * per_plane])
        width = self.columns + 2
        sign = np.empty(b - a)
        sign[0::2], sign[1::2] = 1.0 / self.lines, -1.0 / self.lines
        x = self.x[a:b]
        cell = np.minimum(x.astype(np.intp), self.columns)
        later = sign * (x - cell)
        target = (self.line[a:b] - first * per_plane) // self.lines * width + cell
        size = (last - first + 1) * self.rows * width
        step = np.bincount(target, sign - later, size)
        step[1:] += np.bincount(target, later, size)[:-1]
        # Sums run on over the rows: each row's own sum is zero, so nothing carries over.
        np.cumsum(step, out=step)
        block = step.reshape(last - first + 1, self.rows, width)[:, :, : self.columns]
        return block.astype(np.float32)


def scan(edges: Edges, shape: tuple[int, int, int], lines: int) -> Spans:
    """Cut polygons by scan lines.

    Parameters
    ----------
    edges : Edges
        Of closed polygons that lie inside the block (0..columns, 0..rows).
    shape : (planes, rows, columns)
    lines : int
        Scan lines per row of cells.
    """
    planes, rows, columns = shape
    line, x = _crossings(edges, rows * lines, lines)
    width = float(columns + 2)
    # One float key sorts by line first, then by x; x comes back exactly enough (1e-8 cells).
    key = np.sort(line * width + np.clip(x, 0.0, columns))
    line = np.floor(key / width)
    return Spans(line.astype(np.intp), key - line * width, planes, rows, columns, lines)


def _crossings(edges: Edges, lines_per_plane: int, lines: int) -> tuple[Floats, Floats]:
    """Return scan line number and x of every crossing of an edge with a scan line.

    An edge counts for lines in [lower end, upper end), so that a vertex on a line counts once and
    every line has an even number of crossings.
    """
    y0, y1 = edges.y0 * lines - 0.5, edges.y1 * lines - 0.5
    first = np.ceil(np.minimum(y0, y1)).astype(np.intp)
    count = np.ceil(np.maximum(y0, y1)).astype(np.intp) - first
    which = np.repeat(np.arange(count.size), count)
    start = np.cumsum(count) - count
    row = np.arange(which.size) + (first - start)[which]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (edges.x1 - edges.x0) / (y1 - y0)
    x = edges.x0[which] + (row - y0[which]) * slope[which]
    return (edges.plane[which] * lines_per_plane + row).astype(np.float64), x


def polygon_areas(points: Floats, starts: NDArray[np.intp]) -> Floats:
    """Return the signed areas of polygons (shoelace), in the square of the points' unit.

    Parameters
    ----------
    points : (n, 2) array
    starts : (polygons + 1,) array
        Where each polygon begins in `points`.
    """
    following = next_in_polygon(starts)
    x, y = (points - points.mean(axis=0)).T
    return 0.5 * np.add.reduceat(x * y[following] - x[following] * y, starts[:-1])


def next_in_polygon(starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for every point the index of the one after it; the last one's is the first."""
    following = np.arange(1, starts[-1] + 1)
    following[starts[1:] - 1] = starts[:-1]
    return following
