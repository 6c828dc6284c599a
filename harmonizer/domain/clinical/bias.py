"""Who takes part and who answers: recruitment counts, differences, inverse-probability weights.

Non-random missingness cannot be undone, but it can be shown. Declined patients are known as
counts only; differences between consenters and the eligible are therefore worked out from counts,
those between patients who answered and who did not from rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.errors import DataError

STEPS: Final = ("eligible", "asked", "consented", "declined", "withdrawn")
NOTABLE_DIFFERENCE: Final = 0.1
"""An absolute standardised difference above this is usually called an imbalance (Austin 2009)."""

LEAST_PROBABILITY: Final = 0.01
ITERATIONS: Final = 100


@dataclass(frozen=True)
class Recruitment:
    """How many patients of one group took each step."""

    group: tuple[str, ...]
    eligible: int
    asked: int
    consented: int
    declined: int
    withdrawn: int

    @property
    def consent_rate(self) -> float | None:
        """Consented of the eligible; None where nobody was."""
        return self.consented / self.eligible if self.eligible else None


def recruitment(
    events: Iterable[Mapping[str, object]], by: Sequence[str] = ("centre",)
) -> list[Recruitment]:
    """Count events by group.

    Parameters
    ----------
    events : Iterable[Mapping]
        Each with `step` (one of `STEPS`), an optional `count` (1 if absent) and the group's
        columns, e.g. `centre`, `month`, `diagnosis`, `age_band`, `sex`. A step implies none of
        the others: a patient who consented is told by three events.
    by : Sequence[str]
        Columns to group by; an absent one counts as `unknown`.

    Raises
    ------
    DataError
        `bias-event`, for an unknown step or a group with more consenting than eligible.
    """
    groups: dict[tuple[str, ...], dict[str, int]] = {}
    for event in events:
        step = str(event.get("step", ""))
        if step not in STEPS:
            raise DataError("bias-event", f"a step is one of {', '.join(STEPS)}")
        group = tuple(str(event.get(name) or "unknown") for name in by)
        counts = groups.setdefault(group, dict.fromkeys(STEPS, 0))
        counts[step] += int(str(event.get("count", 1)))
    found = [Recruitment(group, **counts) for group, counts in sorted(groups.items())]
    if any(one.consented > one.eligible for one in found):
        raise DataError("bias-event", "more patients consented than were eligible")
    return found


def difference_of_shares(first: float, second: float) -> float:
    """Return the standardised difference of two proportions, 0 if neither varies.

    (p1 - p2) / sqrt((p1 (1 - p1) + p2 (1 - p2)) / 2).
    """
    spread = (first * (1 - first) + second * (1 - second)) / 2
    return 0.0 if spread == 0 and first == second else _divided(first - second, spread)


def difference_of_means(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the standardised difference of two means, by the pooled sample variance.

    Raises
    ------
    ValueError
        If a group has fewer than two values.
    """
    if min(len(first), len(second)) < 2:
        raise ValueError("a standardised difference needs two values in each group")
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    spread = float(one.var(ddof=1) + two.var(ddof=1)) / 2
    gap = float(one.mean() - two.mean())
    return 0.0 if spread == 0 and gap == 0 else _divided(gap, spread)


def _divided(gap: float, spread: float) -> float:
    return gap / sqrt(spread) if spread > 0 else float("inf") * (1 if gap > 0 else -1)


@dataclass(frozen=True)
class Difference:
    """One characteristic of those who did and those who did not."""

    characteristic: str
    did: float  # share or mean
    did_not: float
    standardised: float

    @property
    def is_notable(self) -> bool:
        return abs(self.standardised) > NOTABLE_DIFFERENCE


def differences(
    rows: Sequence[Mapping[str, object]], answered: Sequence[bool], names: Sequence[str]
) -> list[Difference]:
    """Compare who answered with who did not: means of numbers, shares of every other value."""
    found: list[Difference] = []
    for name in names:
        did = [row.get(name) for row, yes in zip(rows, answered, strict=True) if yes]
        did_not = [row.get(name) for row, yes in zip(rows, answered, strict=True) if not yes]
        if not did or not did_not:
            continue
        if all(_is_number(value) for value in (*did, *did_not) if value is not None):
            found += _numbers(name, did, did_not)
        else:
            found += _shares(name, did, did_not)
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(name: str, did: list[object], did_not: list[object]) -> list[Difference]:
    one = [float(str(value)) for value in did if value is not None]
    two = [float(str(value)) for value in did_not if value is not None]
    if min(len(one), len(two)) < 2:
        return []
    gap = difference_of_means(one, two)
    return [Difference(name, sum(one) / len(one), sum(two) / len(two), gap)]


def _shares(name: str, did: list[object], did_not: list[object]) -> list[Difference]:
    found = []
    for value in sorted({str(v) for v in (*did, *did_not)}):
        one = sum(str(v) == value for v in did) / len(did)
        two = sum(str(v) == value for v in did_not) / len(did_not)
        found.append(Difference(f"{name}={value}", one, two, difference_of_shares(one, two)))
    return found


def inverse_probability_weights(
    features: NDArray[np.float64], answered: NDArray[np.bool_], ridge: float = 1e-6
) -> NDArray[np.float64]:
    """Return stabilised weights of those who answered; 0 for those who did not.

    Parameters
    ----------
    features : ndarray
        Shape (patients, characteristics), what is known of everybody.
    answered : ndarray
        Shape (patients,).
    ridge : float
        Penalty that keeps the model finite when a characteristic decides alone.

    Returns
    -------
    ndarray
        Shape (patients,): the overall share of answers divided by each patient's modelled
        probability (logistic regression), no probability below 1 %.

    Raises
    ------
    DataError
        `bias-weights`, if all or none answered: there is nothing to model.
    """
    if answered.all() or not answered.any():
        raise DataError("bias-weights", "weights need patients who answered and who did not")
    probability = np.clip(_logistic(features, answered, ridge), LEAST_PROBABILITY, None)
    return np.where(answered, answered.mean() / probability, 0.0)


def _logistic(
    features: NDArray[np.float64], answered: NDArray[np.bool_], ridge: float
) -> NDArray[np.float64]:
    """Return fitted probabilities: Newton's method on standardised columns with an intercept."""
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    design = np.column_stack([np.ones(len(scaled)), scaled])
    beta = np.zeros(design.shape[1])
    penalty = ridge * len(design) * np.eye(design.shape[1])
    penalty[0, 0] = 0.0
    for _ in range(ITERATIONS):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (answered - fitted) - penalty @ beta
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design + penalty
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        beta = beta + step
        if float(np.abs(step).max()) < 1e-10:
            break
    return np.asarray(1 / (1 + np.exp(-np.clip(design @ beta, -30, 30))), dtype=np.float64)
