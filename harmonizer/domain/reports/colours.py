"""Colours of structures and of dose, the same in every drawing of a report."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

STRUCTURES: Final = (
    "#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#17a2b8", "#8c564b", "#e377c2",
    "#7a8b00", "#00507a", "#b8860b", "#4b0082", "#006d2c", "#a50f15", "#636363", "#c51b8a",
)  # fmt: skip
"""Told apart on white paper and over a grey image."""

LEVELS: Final = (
    (10, "#313695"),
    (30, "#4575b4"),
    (50, "#74add1"),
    (70, "#66c2a5"),
    (80, "#a6d854"),
    (90, "#ffd92f"),
    (95, "#fc8d59"),
    (100, "#e34a33"),
    (107, "#7f0000"),
)
"""Dose wash: from this share of the reference dose (per cent) on, in this colour."""


def structure_colour(position: int) -> str:
    """Return the colour of the structure at a position of the report's list."""
    return STRUCTURES[position % len(STRUCTURES)]


def dose_wash(percent: NDArray[np.float64], opacity: float = 0.45) -> NDArray[np.uint8]:
    """Return (rows, columns, 4) pixels for dose (rows, columns) in per cent; NaN is clear."""
    table = np.zeros((len(LEVELS) + 1, 4), np.uint8)
    for level, (_, colour) in enumerate(LEVELS, start=1):
        rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        table[level] = [*rgb, round(255 * opacity)]
    edges = np.array([edge for edge, _ in LEVELS], dtype=np.float64)
    return np.asarray(table[np.searchsorted(edges, np.nan_to_num(percent), side="right")])
