"""The dose formulas: targets get what is prescribed, the air gets nothing, sides matter."""

import numpy as np
import pytest

from kasari.phantom.anatomy import SITES, Site
from kasari.phantom.beams import LEAF_EDGES_MM, beams_of
from kasari.phantom.dose import dose_field
from kasari.phantom.metrics import doses_in, equivalent_uniform_dose, planned_metrics
from kasari.phantom.shapes import Ellipsoid, fill

SEEDS = range(6)


def sites(name: str) -> list[Site]:
    return [SITES[name](np.random.default_rng(seed)) for seed in SEEDS]


@pytest.mark.parametrize("name", SITES)
def test_the_target_gets_its_prescription(name: str) -> None:
    for site in sites(name):
        doses = doses_in(site.target, dose_field(site))
        assert doses.mean() == pytest.approx(site.dose_gy, rel=0.02)
        assert np.quantile(doses, 0.02) > 0.95 * site.dose_gy
        assert doses.max() < 1.07 * site.dose_gy


@pytest.mark.parametrize("name", SITES)
def test_dose_ends_at_the_skin(name: str) -> None:
    for site in sites(name):
        x = np.array([400.0, -400.0, 0.0, 0.0])
        y = np.array([0.0, 0.0, 400.0, -400.0])
        assert dose_field(site)(x, y, np.zeros(4)).max() < 1e-6


def test_the_heart_gets_more_from_the_left_breast_than_from_the_right() -> None:
    means: dict[str, list[float]] = {"L": [], "R": []}
    for seed in range(40):
        site = SITES["breast"](np.random.default_rng(seed))
        means[site.laterality].append(
            float(doses_in(site.organ("heart").shape, dose_field(site)).mean())
        )
    assert min(len(group) for group in means.values()) > 10
    assert np.mean(means["L"]) > 2 * np.mean(means["R"])
    assert any(mean > 2.0 for mean in means["L"])


def test_the_treated_side_is_where_it_is_said_to_be() -> None:
    for name in ("breast", "lung", "head-neck"):
        for site in sites(name):
            assert np.sign(site.target.centre[0]) == (1.0 if site.laterality == "L" else -1.0)


def test_a_planted_hot_spot_is_hot() -> None:
    site = sites("lung")[0]
    assert doses_in(site.target, dose_field(site, hot=True)).max() > 1.3 * site.dose_gy


def test_metrics_of_a_dose_known_by_hand() -> None:
    ball = Ellipsoid((0.0, 0.0, 0.0), (30.0, 30.0, 30.0))
    x, _, _ = fill(ball, 20_000)
    doses = np.sort(20.0 + x)  # symmetrical about 20 Gy, from -10 to 50
    found = planned_metrics(ball, doses)
    assert found["Volume[cc]"] == pytest.approx(113.097, abs=1e-3)
    assert found["Mean[Gy]"] == pytest.approx(20.0, abs=0.05)
    assert found["D50%[Gy]"] == pytest.approx(20.0, abs=0.1)
    assert found["V20Gy[%]"] == pytest.approx(50.0, abs=0.5)
    # a cap of height h has the share h²(3r - h)/(4r³): of 10 mm in 30 mm, 7.407 %
    assert found["V40Gy[%]"] == pytest.approx(100 * 100 * 80 / (4 * 27000), abs=0.3)


def test_equivalent_uniform_dose_between_mean_and_maximum() -> None:
    doses = np.array([0.0, 30.0, 60.0])
    in_2_gy = [d * (d / 20 + 3) / 5 for d in doses]
    assert equivalent_uniform_dose(doses, 1.0, 20, 3.0) == pytest.approx(np.mean(in_2_gy))
    assert equivalent_uniform_dose(doses, 0.01, 20, 3.0) == pytest.approx(in_2_gy[-1], rel=0.02)
    uniform = equivalent_uniform_dose(np.full(5, 40.0), 0.3, 20, 3.0)
    assert uniform == pytest.approx(40.0)


@pytest.mark.parametrize("name", SITES)
def test_beams_open_around_the_target(name: str) -> None:
    for site in sites(name):
        for beam in beams_of(site, 6.0):
            weights = [opening.weight for opening in beam.openings]
            assert (weights[0], weights[-1]) == (0.0, 1.0)
            assert weights == sorted(weights)
            for opening in beam.openings:
                left, right = np.split(opening.leaves, 2)
                assert np.all(left <= right)
                assert len(left) == len(LEAF_EDGES_MM) - 1 == 60
                open_mm = float(np.sum((right > left) * np.diff(LEAF_EDGES_MM)))
                assert open_mm >= 2 * site.target.axes[2]


def test_beam_doses_add_up_to_a_fraction() -> None:
    for name in SITES:
        site = sites(name)[0]
        total = sum(beam.dose_gy for beam in beams_of(site, 6.0))
        assert total == pytest.approx(site.dose_gy / site.fractions, abs=1e-3)


def test_tangents_are_opposed_and_enter_from_the_treated_side() -> None:
    for site in sites("breast"):
        medial, lateral = (beam.openings[0].gantry for beam in beams_of(site, 6.0))
        assert (lateral - medial) % 360.0 == pytest.approx(180.0)
        assert (0 < lateral < 180) == (site.laterality == "L")


def test_arcs_go_there_and_back() -> None:
    first, second = beams_of(sites("prostate")[0], 6.0)
    assert (first.rotation, second.rotation) == ("CW", "CC")
    assert first.openings[0].gantry == pytest.approx(second.openings[-1].gantry)
