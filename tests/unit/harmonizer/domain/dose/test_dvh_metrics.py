"""Metrics in TG-263's words, by hand on curves with a plateau."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonizer.domain.dose import (
    Dvh,
    DvhResult,
    Prescription,
    Status,
    evaluate,
    parse_metric,
)
from harmonizer.domain.dose.biology import equivalent_dose_2gy, generalised_eud
from harmonizer.domain.dose.metrics import dose_at_volume, volume_at_dose

# 200 cm3; all get 10 Gy, then a straight fall to none at 60 Gy.
SHOULDER = Dvh(np.array([0.0, 10, 60]), np.array([200.0, 200, 0]), np.array([1.2, 1.2, 1.2]))
RESULT = DvhResult(
    1, "Heart", Status.OK, 200.0, 0.0, SHOULDER, 35.0, 10.0, 60.0, 2.0, 0.5, (), 1000
)
RX = Prescription(50.0, 25)


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("Volume[cc]", 200.0, "cc"),
        ("Mean[Gy]", 35.0, "Gy"),
        ("Mean", 35.0, "Gy"),
        ("Mean[%]", 70.0, "%"),
        ("D100%[Gy]", 10.0, "Gy"),
        ("D95%[Gy]", 12.5, "Gy"),
        ("D95%[%]", 25.0, "%"),
        ("D50%", 35.0, "Gy"),
        ("D2%[Gy]", 59.0, "Gy"),
        ("D100cc[Gy]", 35.0, "Gy"),
        ("D0.03cc[Gy]", 60 - 50 * 0.03 / 200, "Gy"),
        ("DC100cc[Gy]", 35.0, "Gy"),
        ("DC10%[Gy]", 15.0, "Gy"),
        ("V20Gy[%]", 80.0, "%"),
        ("V20Gy", 80.0, "%"),
        ("V2000cGy[%]", 80.0, "%"),
        ("V20Gy[cc]", 160.0, "cc"),
        ("CV20Gy[cc]", 40.0, "cc"),
        ("V100%[%]", 20.0, "%"),
        ("V5Gy[%]", 100.0, "%"),
        ("V60.1Gy[cc]", 0.0, "cc"),
        ("Max[Gy]", 60.0, "Gy"),
        ("Median[Gy]", 35.0, "Gy"),
        ("HI", (59.0 - 11.0) / 35.0, ""),
        ("Integral", 7.0, "Gy.L"),
        ("gEUD1[Gy]", 35.0, "Gy"),
        ("D50%[EQD2_3]", 35.0 * (35.0 / 25 + 3) / 5, "Gy"),
    ],
)
def test_value_worked_out_by_hand(name: str, value: float, unit: str) -> None:
    found = evaluate(RESULT, parse_metric(name), RX)
    assert found.value == pytest.approx(value, rel=2e-3)
    assert found.unit == unit


@pytest.mark.parametrize(
    "name", ["", "D95", "V20", "Mean[cc]", "V20Gy[Gy]", "D101%[Gy]", "gEUD0[Gy]", "D95%[mm]", "Foo"]
)
def test_what_is_no_metric_is_refused_with_examples(name: str) -> None:
    with pytest.raises(ValueError, match="Accepted are"):
        parse_metric(name)


def test_no_number_where_it_means_nothing() -> None:
    outside = DvhResult(1, "Heart", Status.PARTLY_OUTSIDE, 200.0, 1.2, notes=("1.2 cm³ outside",))
    found = evaluate(outside, parse_metric("Mean[Gy]"))
    assert found.value is None
    assert found.note == "1.2 cm³ outside"
    assert evaluate(outside, parse_metric("Volume[cc]")).value == 200.0
    assert evaluate(RESULT, parse_metric("D250cc[Gy]")).value is None
    assert "only 200" in evaluate(RESULT, parse_metric("D250cc[Gy]")).note
    assert evaluate(RESULT, parse_metric("V95%[%]")).value is None
    assert evaluate(RESULT, parse_metric("Mean[EQD2_3]")).value is None


def test_values_have_an_uncertainty() -> None:
    assert evaluate(RESULT, parse_metric("D50%")).uncertainty == pytest.approx(1.2 / 12**0.5)
    assert evaluate(RESULT, parse_metric("Volume[cc]")).uncertainty == 2.0
    swing = evaluate(RESULT, parse_metric("V20Gy[cc]")).uncertainty
    assert swing == pytest.approx(1.2 / 12**0.5 * 4)  # 4 cm3 per Gy


@given(st.floats(0.1, 100), st.floats(0.1, 100))
def test_a_smaller_volume_never_gets_less_dose(a: float, b: float) -> None:
    small, large = sorted((a, b))
    assert dose_at_volume(SHOULDER, small) >= dose_at_volume(SHOULDER, large)


@given(st.floats(0.5, 99.5))
def test_dose_and_volume_are_inverse_on_the_slope(percent: float) -> None:
    dose = dose_at_volume(SHOULDER, percent)
    assert volume_at_dose(SHOULDER, dose) == pytest.approx(percent * 2)


@pytest.mark.parametrize("volume", [0, -1, 100.1])
def test_a_volume_outside_the_structure_is_refused(volume: float) -> None:
    with pytest.raises(ValueError, match="volume_percent"):
        dose_at_volume(SHOULDER, volume)


@pytest.mark.parametrize(
    ("dose", "volume"), [([0.0, 1.0], [1.0, 2.0]), ([1.0, 0.0], [1.0, 0.0]), ([0.0], [1.0])]
)
def test_what_is_no_cumulative_curve_is_refused(dose: list[float], volume: list[float]) -> None:
    with pytest.raises(ValueError, match="DVH"):
        Dvh(np.array(dose), np.array(volume), np.zeros(len(dose)))


def test_eud_by_hand() -> None:
    doses, volumes = np.array([10.0, 20.0]), np.array([1.0, 1.0])
    assert generalised_eud(doses, volumes, 2.0) == pytest.approx(np.sqrt(250))
    assert generalised_eud(doses, volumes, -1.0) == pytest.approx(40 / 3)
    assert generalised_eud(np.array([0.0, 20.0]), volumes, -10.0) == 0.0
    assert generalised_eud(doses, volumes, 1000.0) == pytest.approx(20.0, rel=1e-3)


def test_two_gray_fractions_are_their_own_equivalent() -> None:
    assert equivalent_dose_2gy(np.array([50.0]), 25, 3.0)[0] == pytest.approx(50.0)
    assert equivalent_dose_2gy(np.array([40.05]), 15, 3.0)[0] == pytest.approx(45.4, abs=0.1)
