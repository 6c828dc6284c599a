"""What is usual in the archive, and what it says of a course that is unlike the others."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality_course import clean_course
from harmonizer.adapters.database import Engine, open_engine, upgrade
from harmonizer.adapters.usual import SqlUsual
from harmonizer.domain.quality import check_course
from harmonizer.domain.quality.knowledge import UsualTargetDose, usual_volume
from tests.factories.archive_rows import Given, Roi, fill


def course(number: int, heart: float, site: str = "breast") -> Given:
    sure = Roi("Heart", "Heart", volume_cm3=heart)
    unsure = Roi("x", None, volume_cm3=1.0)
    return Given(number, site=site, rois=(sure, unsure))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'archive.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def test_a_structure_counts_per_site_from_twenty_on(engine: Engine) -> None:
    fill(engine, *(course(n, 500.0 + 10 * n) for n in range(1, 25)))
    fill(engine, *(course(n, 700.0, "lung") for n in range(30, 35)))
    found = SqlUsual(engine).volumes()
    assert set(found) == {"breast:Heart"}
    assert found["breast:Heart"].count == 24
    assert found["breast:Heart"].median_cm3 == pytest.approx(625.0, rel=0.01)


def test_few_wrong_names_do_not_move_the_distribution() -> None:
    volumes = [*np.linspace(500, 700, 40).tolist(), 3.0, 9000.0]
    found = usual_volume("Heart", volumes)
    assert found is not None
    assert found.median_cm3 == pytest.approx(600.0, rel=0.02)
    assert found.robust_sigma_log == pytest.approx(1.4826 * np.log(600 / 550), rel=0.15)
    assert usual_volume("Heart", [0.0]) is None


def treated(number: int, percent: float, centre: str) -> Given:
    """The better covered of two targets is what counts; a target's name need not be sure."""
    best = Roi("ptv", None, {"D50%[%]": percent}, kind="target")
    less = Roi("boost", "PTV2", {"D50%[%]": 60.0}, kind="target")
    return Given(number, centre=centre, rois=(best, less))


def test_target_doses_count_per_centre_from_twenty_on(engine: Engine) -> None:
    """99.0, 99.2 .. 102.8: median 100.9; deviations 0.1, 0.1, 0.3, 0.3 .. 1.9: median 1.0."""
    fill(engine, *(treated(n + 1, 99.0 + 0.2 * n, "KUH") for n in range(20)))
    fill(engine, *(treated(n, 97.0, "TYKS") for n in range(50, 55)))
    usual = SqlUsual(engine)
    assert set(usual.target_doses("KUH")) == {"breast"}
    found = usual.target_doses("KUH")["breast"]
    assert found.count == 20
    assert found.median == pytest.approx(100.9)
    assert found.robust_sigma == pytest.approx(1.4826)
    assert usual.target_doses("TYKS") == {}


@pytest.mark.parametrize(
    ("median", "sigma", "count", "told"),
    [
        (100.0, 0.5, 40, False),  # the clean course has 100.0 %
        (97.5, 0.5, 40, True),
        (102.5, 0.5, 40, True),
        (98.5, 0.1, 40, False),  # less than 2 % never is a finding
        (97.5, 1.0, 40, False),  # a centre that plans this way and that
        (97.5, 0.5, 19, False),
    ],
)
def test_a_target_dose_unlike_the_centre_s_is_a_finding(
    median: float, sigma: float, count: int, told: bool
) -> None:
    clean = clean_course()
    usual = {"breast": UsualTargetDose(median, sigma, count)}
    known = replace(clean.knowledge, target_doses=usual)
    codes = {f.code for f in check_course(replace(clean, knowledge=known))}
    assert codes == ({"DOSE-UNUSUAL"} if told else set())


def test_an_outlier_of_the_archive_is_a_finding_and_its_like_is_not() -> None:
    """The clean course's heart has about 565 cm³: usual among hearts, not among hearts of 900."""
    clean = clean_course()
    for middle, expected in ((560.0, False), (900.0, True)):
        usual = usual_volume("breast:Heart", np.linspace(0.9, 1.1, 40) * middle)
        assert usual is not None
        known = replace(clean.knowledge, volumes={"breast:Heart": usual})
        codes = {f.code for f in check_course(replace(clean, site="breast", knowledge=known))}
        assert ("VOLUME-OUTLIER" in codes) is expected
