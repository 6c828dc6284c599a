"""Tables that rules compare a course with: site templates, constraints, usual volumes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Template:
    """What a course for one site is expected to have, by TG-263 name."""

    site: str
    expected: tuple[str, ...] = ()  # every name
    any_of: tuple[tuple[str, ...], ...] = ()  # at least one of each group
    lateral: bool = False  # whether the disease has a side


@dataclass(frozen=True)
class Constraint:
    """One dose constraint, with where it was published."""

    structure: str  # TG-263
    metric: str  # as `parse_metric` reads it
    limit: float  # in the metric's unit
    endpoint: str
    source: str
    fractions: int | None = None  # exact number, stereotactic; None is conventional


@dataclass(frozen=True)
class VolumeRange:
    """Usual volumes of a structure in cm3: the archive's own, or anatomy's widest."""

    structure: str
    median_cm3: float
    robust_sigma_log: float = 0.0  # of ln(volume): 1.4826 x MAD; 0 if only limits are known
    low_cm3: float = 0.0
    high_cm3: float = float("inf")
    count: int = 0


def usual_volume(structure: str, volumes_cm3: Sequence[float]) -> VolumeRange | None:
    """Return the distribution of a structure's volumes in the archive; None without any.

    Median and robust deviation of ln(volume), so that a few wrong names do not move them.
    """
    known = np.array([volume for volume in volumes_cm3 if volume > 0])
    if not known.size:
        return None
    middle, sigma = _robust(np.log(known))
    return VolumeRange(structure, float(np.exp(middle)), sigma, count=known.size)


def _robust(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the median and 1.4826 x MAD, the standard deviation of a normal distribution."""
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))


@dataclass(frozen=True)
class UsualTargetDose:
    """Median dose of the best covered target in per cent of the prescription, as one centre's
    courses for a site have it."""

    median: float
    robust_sigma: float  # 1.4826 x MAD
    count: int


def usual_target_dose(percents: Sequence[float]) -> UsualTargetDose | None:
    """Return the distribution of target doses at a centre; None without any."""
    known = np.array(percents)
    if not known.size:
        return None
    return UsualTargetDose(*_robust(known), known.size)


@dataclass(frozen=True)
class Knowledge:
    """The tables, with the version of each."""

    templates: Mapping[str, Template] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()
    volumes: Mapping[str, VolumeRange] = field(default_factory=dict)
    target_doses: Mapping[str, UsualTargetDose] = field(default_factory=dict)  # by site
    version: str = "none"


EMPTY = Knowledge()
