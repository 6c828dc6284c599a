"""Who takes part: differences by hand, weights that restore the truth."""

import numpy as np
import pytest

from harmonizer.domain.clinical.bias import (
    Recruited,
    consent_differences,
    difference_of_means,
    difference_of_shares,
    differences,
    features,
    inverse_probability_weights,
)
from harmonizer.errors import DataError


def group(by: str, name: str, eligible: int | None, consented: int) -> Recruited:
    return Recruited(by, name, eligible, eligible, consented, None, 0)


def test_consenters_are_compared_with_the_others_by_margin() -> None:
    groups = [
        group("all", "all", 100, 50),
        group("sex", "F", 50, 30),
        group("sex", "M", 50, 20),
        group("month", "2024-01", 100, 50),
        group("age_band", "unknown", 100, 50),
    ]
    found = {one.characteristic: one for one in consent_differences(groups)}
    assert list(found) == ["sex=F", "sex=M"]
    # 30 of 50 who consented are women, 20 of 50 who did not
    assert (found["sex=F"].did, found["sex=F"].did_not) == (0.6, 0.4)
    assert found["sex=F"].standardised == pytest.approx(0.2 / 0.24**0.5)


def test_counts_that_are_not_whole_give_no_rate_and_no_difference() -> None:
    assert group("all", "all", None, 5).consent_rate is None
    assert group("all", "all", 4, 5).consent_rate is None  # the log tells of too few
    assert consent_differences([group("sex", "F", 4, 5), group("sex", "M", 9, 3)]) == []


def test_features_keep_that_a_number_is_missing() -> None:
    rows = [{"age": 50, "sex": "F"}, {"age": None, "sex": "M"}, {"age": 70, "sex": None}]
    found = features(rows, ["age", "sex", "stage"])
    # age with its mean where it is missing, that it is missing; sex is M, sex is unknown
    assert found.tolist() == [[50, 0, 0, 0], [60, 1, 1, 0], [70, 0, 0, 1]]


def test_standardised_differences_by_hand() -> None:
    # (0.6 - 0.4) / sqrt((0.24 + 0.24) / 2)
    assert difference_of_shares(0.6, 0.4) == pytest.approx(0.2 / 0.24**0.5)
    assert difference_of_shares(0.0, 0.0) == 0
    # means 2 and 4, both variances 1
    assert difference_of_means([1, 2, 3], [3, 4, 5]) == pytest.approx(-2)
    with pytest.raises(ValueError, match="two values"):
        difference_of_means([1], [1, 2])


def test_who_answered_is_compared_with_who_did_not() -> None:
    rows = [{"sex": "F", "age": 50.0}, {"sex": "F", "age": 60.0}] * 2 + [
        {"sex": "M", "age": 70.0},
        {"sex": "F", "age": 80.0},
    ]
    found = {
        d.characteristic: d
        for d in differences(rows, [True] * 4 + [False] * 2, ["sex", "age", "stage"])
    }
    assert (found["sex=F"].did, found["sex=F"].did_not) == (1.0, 0.5)
    assert (found["age"].did, found["age"].did_not) == (55.0, 75.0)
    assert found["age"].is_notable


def test_weights_restore_the_mean_of_everybody() -> None:
    # Of 400 young patients 300 answer, of 400 old ones 100; their outcomes are 10 and 20.
    old = np.repeat([0.0, 1.0], 400)
    answered = np.concatenate([np.arange(400) < 300, np.arange(400) < 100])
    weights = inverse_probability_weights(old[:, None], answered)
    outcome = 10 + 10 * old
    assert outcome[answered].mean() == 12.5
    assert np.average(outcome, weights=weights) == pytest.approx(15.0, abs=1e-3)
    assert weights[~answered].max() == 0
    assert weights[answered].sum() == pytest.approx(400, abs=0.1)


def test_a_characteristic_that_decides_alone_gives_finite_weights() -> None:
    old = np.repeat([0.0, 1.0], 50)
    weights = inverse_probability_weights(old[:, None], old == 0)
    assert np.isfinite(weights).all()
    with pytest.raises(DataError):
        inverse_probability_weights(old[:, None], np.ones(100, dtype=bool))
