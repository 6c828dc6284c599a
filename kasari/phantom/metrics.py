"""Planned dose metrics, from the formulas of dose and shape: no grid, no contour, no DVH code."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from kasari.phantom.dose import DoseField
from kasari.phantom.shapes import Array, Shape, fill

SAMPLES: Final = 20_000
"""Points per structure; a mean is then right to about 0.1 %."""

Doses = Mapping[str, Array]
"""Dose in Gy at evenly spread points, rising, by organ."""

NEAR_SHARES: Final = (98, 95, 50, 2)
DOSE_LEVELS_GY: Final = (5, 10, 20, 30, 40, 50, 60)


def doses_in(shape: Shape, field: DoseField) -> Array:
    """Dose in Gy at evenly spread points of a shape, rising."""
    return np.sort(field(*fill(shape, SAMPLES)))


def planned_metrics(shape: Shape, doses: Array) -> dict[str, float]:
    """Metrics by the names that the archive gives them (TG-263); `doses` as `doses_in` gives."""
    found = {"Volume[cc]": shape.volume_cm3, "Mean[Gy]": float(doses.mean())}
    for share in NEAR_SHARES:
        found[f"D{share}%[Gy]"] = float(np.quantile(doses, 1.0 - share / 100.0))
    for level in DOSE_LEVELS_GY:
        found[f"V{level}Gy[%]"] = float(100.0 * np.mean(doses >= level))
    return {name: round(value, 4) for name, value in found.items()}


def equivalent_uniform_dose(
    doses: Array, volume_effect: float, fractions: int, alpha_beta_gy: float
) -> float:
    """Generalised equivalent uniform dose of the dose in 2 Gy fractions, Gy.

    `volume_effect` is Lyman's n: 1 is the mean, towards 0 the maximum.
    """
    in_2_gy = doses * (doses / fractions + alpha_beta_gy) / (2.0 + alpha_beta_gy)
    power = 1.0 / volume_effect
    top = max(float(in_2_gy.max()), 1e-9)
    return float(top * np.mean((in_2_gy / top) ** power) ** volume_effect)
