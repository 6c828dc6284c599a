"""Who takes part: the published figures, differences by hand, weights that restore the truth."""

import csv
from pathlib import Path

import numpy as np
import pytest

from harmonizer.domain.clinical.bias import (
    difference_of_means,
    difference_of_shares,
    differences,
    inverse_probability_weights,
    recruitment,
)
from harmonizer.domain.proms import AnswerStatus, Expectation, completion
from harmonizer.errors import DataError

EVENTS = Path(__file__).parents[4] / "golden" / "clinical" / "recruitment.csv"


def test_the_published_consent_rates_come_out_of_the_event_file() -> None:
    with EVENTS.open(newline="") as file:
        first, second = recruitment(csv.DictReader(file), by=("cohort",))
    assert (first.consented, first.eligible, second.consented, second.eligible) == (
        106,
        206,
        111,
        238,
    )
    assert [round(100 * (one.consent_rate or 0)) for one in (first, second)] == [51, 47]
    assert (first.declined, second.declined) == (100, 127)


def test_the_published_completion_comes_out_of_the_answers() -> None:
    came = [[Expectation("12-months", AnswerStatus.RECEIVED, 365)]] * 128
    stayed_away = [[Expectation("12-months", AnswerStatus.MISSED, None)]] * 89
    too_early = [[Expectation("12-months", AnswerStatus.NOT_YET_DUE, None)]] * 10
    (counted,) = completion([*came, *stayed_away, *too_early])
    assert (counted.due, counted.received) == (217, 128)  # 106 + 111 consented
    assert round(100 * (counted.share or 0)) == 59


@pytest.mark.parametrize(
    "events",
    [
        [{"step": "visited"}],
        [{"step": "consented", "centre": "KUH"}],
    ],
)
def test_events_that_cannot_be_are_refused(events: list[dict[str, object]]) -> None:
    with pytest.raises(DataError):
        recruitment(events)


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
