"""Who takes part and who answers: recruitment counts, differences, inverse-probability weights.

Non-random missingness cannot be undone, but it can be shown. Declined patients are known as
counts only; differences between who consented and who did not are therefore worked out from counts,
those between patients who answered and who did not from rows.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonizer.errors import DataError

NOTABLE_DIFFERENCE: Final = 0.1
"""An absolute standardised difference above this is usually called an imbalance (Austin 2009)."""

LEAST_PROBABILITY: Final = 0.01
ITERATIONS: Final = 100
UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Recruited:
    """How many patients of one group took each step. None: too few to be told."""

    by: str
    """What the groups are told apart by: all, month, diagnosis, age_band, sex."""
    group: str
    eligible: int | None
    asked: int | None
    consented: int
    declined: int | None
    withdrawn: int

    @property
    def consent_rate(self) -> float | None:
        """Consented of the eligible; None where that is not known."""
        if not self.eligible or self.consented > self.eligible:
            return None
        return self.consented / self.eligible

    @property
    def did_not(self) -> int | None:
        """Eligible, but not consented: not asked, no answer, or declined."""
        return None if self.eligible is None else self.eligible - self.consented


def consent_differences(groups: Sequence[Recruited]) -> list["Difference"]:
    """Compare who consented with who did not, by the share of each group in its margin.

    Months are left out: they tell when, not who.
    """
    found: list[Difference] = []
    for margin in dict.fromkeys(g.by for g in groups if g.by not in {"all", "month"}):
        here = [g for g in groups if g.by == margin and g.group != UNKNOWN]
        counts = [(g, g.consented, g.did_not) for g in here]
        yes = sum(count for _, count, _ in counts)
        no = sum(count or 0 for _, _, count in counts)
        if not yes or not no or any(count is None or count < 0 for _, _, count in counts):
            continue
        for group, one, two in counts:
            did, did_not = one / yes, (two or 0) / no
            gap = difference_of_shares(did, did_not)
            found.append(Difference(f"{margin}={group.group}", did, did_not, gap))
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


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return UNKNOWN if value is None else str(value)


def _shares(name: str, did: list[object], did_not: list[object]) -> list[Difference]:
    found = []
    first, second = (Counter(_word(v) for v in values) for values in (did, did_not))
    for value in sorted({*first, *second}):
        one, two = first[value] / len(did), second[value] / len(did_not)
        found.append(Difference(f"{name}={value}", one, two, difference_of_shares(one, two)))
    return found


def features(rows: Sequence[Mapping[str, object]], names: Sequence[str]) -> NDArray[np.float64]:
    """Return what a model can use of characteristics: numbers as they are, other values as 0 or 1.

    A missing number is the mean of the others, and that it is missing is a column of its own.
    """
    columns: list[list[float]] = []
    for name in names:
        values = [row.get(name) for row in rows]
        known = [float(str(v)) for v in values if v is not None and _is_number(v)]
        if known and all(v is None or _is_number(v) for v in values):
            mean = sum(known) / len(known)
            columns.append([mean if v is None else float(str(v)) for v in values])
            columns.append([float(v is None) for v in values])
        else:
            texts = [_word(v) for v in values]
            columns += [[float(t == one) for t in texts] for one in sorted(set(texts))[1:]]
    varying = [column for column in columns if len(set(column)) > 1]
    return np.array(varying, dtype=np.float64).T.reshape(len(rows), len(varying))


def inverse_probability_weights(
    features: NDArray[np.float64], answered: Sequence[bool], ridge: float = 1e-6
) -> NDArray[np.float64]:
    """Return stabilised weights of those who answered; 0 for those who did not.

    Parameters
    ----------
    features : ndarray
        Shape (patients, characteristics), what is known of everybody.
    answered : Sequence[bool]
        Of each patient.
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
    came = np.asarray(answered, dtype=np.bool_)
    if came.all() or not came.any():
        raise DataError("bias-weights", "weights need patients who answered and who did not")
    probability = np.clip(_logistic(features, came, ridge), LEAST_PROBABILITY, None)
    return np.where(came, came.mean() / probability, 0.0)


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
