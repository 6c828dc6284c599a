"""Outcomes follow the documented model: frequencies, time course, who does not answer."""

from datetime import date
from statistics import NormalDist

import numpy as np
import pytest

from kasari.phantom.anatomy import SITES
from kasari.phantom.answers import ITEMS, burden_at, forms
from kasari.phantom.background import Background
from kasari.phantom.endpoints import ENDPOINTS
from kasari.phantom.metrics import equivalent_uniform_dose
from kasari.phantom.outcomes import TIMES, Severity, assessments, days_of_times, severities

PLAIN = Background(60, "II", "never", 0, False)
DAYS = days_of_times(date(2023, 1, 2), date(2023, 2, 10))


def draw(name: str, gray: float, count: int, background: Background = PLAIN) -> list[tuple]:
    """Severities of patients with the same dose everywhere."""
    rng = np.random.default_rng(4)
    site = SITES[name](rng)
    doses = {organ.key: np.full(10, gray) for organ in site.organs}
    return [
        severities(site, doses, background, float(rng.standard_normal()), rng) for _ in range(count)
    ]


@pytest.mark.parametrize("name", SITES)
def test_half_have_grade_2_at_the_dose_that_is_named_for_it(name: str) -> None:
    for place, endpoint in enumerate(e for e in ENDPOINTS if e.site == name):
        site = SITES[name](np.random.default_rng(4))
        lyman = endpoint.lyman
        gray = next(  # the physical dose whose dose in 2 Gy fractions is TD50
            d
            for d in np.arange(5.0, 90.0, 0.01)
            if equivalent_uniform_dose(np.array([d]), 1.0, site.fractions, lyman.alpha_beta_gy)
            >= lyman.half_risk_gy
        )
        shift = draw(name, float(gray), 1)[0][place].shift
        found = [one[place] for one in draw(name, float(gray), 1500)]
        wanted = NormalDist().cdf(shift)
        assert found[0].probability == pytest.approx(wanted, abs=1e-3)
        worst = [max(one.grade(time) for time in TIMES) >= 2 for one in found]
        assert np.mean(worst) == pytest.approx(wanted, abs=0.04)


def test_more_dose_more_risk_and_the_background_counts() -> None:
    risks = [draw("lung", gray, 1)[0][1].probability for gray in (10.0, 30.0, 50.0)]
    assert risks == sorted(risks)
    assert risks[-1] > 10 * risks[0]
    treated = Background(60, "II", "never", 0, True)
    assert draw("lung", 30.0, 1, treated)[0][1].probability > risks[1]


def test_endpoints_of_one_patient_go_together() -> None:
    pairs = np.array([[s.hidden for s in one] for one in draw("prostate", 50.0, 2000)])
    assert np.corrcoef(pairs.T)[0, 1] == pytest.approx(0.3, abs=0.06)


def test_each_endpoint_is_worst_at_one_time_and_none_before_treatment() -> None:
    for endpoint in ENDPOINTS:
        assert min(endpoint.recedes) == 0.0
        bad = Severity(endpoint, 50.0, 50.0, 0.0, 0.5, 9.0)
        assert bad.grade("baseline") == 0
        assert max(bad.grade(time) for time in TIMES) == endpoint.highest_grade


def test_grades_are_written_at_visits() -> None:
    rng = np.random.default_rng(1)
    found = draw("head-neck", 45.0, 400)
    rows = [row for one in found for row in assessments(one, DAYS, rng)]
    assert {row.time for row in rows} == set(TIMES)
    assert all(row.day == DAYS[row.time] for row in rows)
    assert all(bool(row.attribution) == (row.grade > 0) for row in rows)
    at_start = [row for row in rows if row.time == "baseline"]
    late = [row for row in rows if row.time == "month 12"]
    assert len(at_start) == 800
    assert 0.9 * 800 < len(late) < 800  # a few missed the visit
    assert {row.attribution for row in at_start} == {"", "unrelated"}


def test_who_suffers_more_answers_less_and_worse() -> None:
    rng = np.random.default_rng(2)
    light, heavy = draw("head-neck", 5.0, 300), draw("head-neck", 65.0, 300)
    told = {}
    for name, group in (("light", light), ("heavy", heavy)):
        handed = [
            form
            for one in group
            for form in forms(one, PLAIN, 0.0, DAYS, rng)
            if form.time == "end"
        ]
        back = [form for form in handed if form.items]
        told[name] = (
            len(back) / len(handed),
            np.mean([form.chance for form in handed]),
            np.mean([form.items["q13"] for form in back if "q13" in form.items]),
            np.mean([form.items["q30"] for form in back if "q30" in form.items]),
        )
        assert told[name][0] == pytest.approx(told[name][1], abs=0.08)
    assert told["heavy"][0] < told["light"][0] - 0.1
    assert told["heavy"][2] > told["light"][2] + 1.0
    assert told["heavy"][3] < told["light"][3] - 0.5


def test_answers_are_missing_not_at_random_and_true_weights_mend_it() -> None:
    rng = np.random.default_rng(6)
    handed = []
    for gray in (5.0, 30.0, 60.0):
        for one in draw("head-neck", gray, 600):
            handed += [f for f in forms(one, PLAIN, 0.0, DAYS, rng) if f.time == "end"]
    everybody = np.mean([form.burden for form in handed])
    back = [form for form in handed if form.items]
    seen = np.array([form.burden for form in back])
    weights = 1.0 / np.array([form.chance for form in back])
    assert seen.mean() < everybody - 0.08
    assert np.average(seen, weights=weights) == pytest.approx(everybody, abs=0.05)


def test_answers_are_possible_ones() -> None:
    rng = np.random.default_rng(3)
    for one in draw("breast", 45.0, 100):
        for form in forms(one, PLAIN, 2.0, DAYS, rng):
            assert form.day >= DAYS[form.time]
            for item, answer in form.items.items():
                assert item in ITEMS
                assert 1 <= answer <= (7 if item in {"q29", "q30"} else 4)


def test_burden_before_treatment_is_the_background_s() -> None:
    frail = Background(80, "III", "former", 3, False)
    for one in draw("lung", 50.0, 20):
        assert burden_at("baseline", one, frail, 0.0) == pytest.approx(0.35 + 0.75)
