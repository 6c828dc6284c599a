"""The archive's own volumes: what they say of a structure that is unlike the others."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality_course import clean_course
from harmonizer.adapters.database import Engine, open_engine, upgrade
from harmonizer.adapters.volumes import SqlVolumes
from harmonizer.domain.quality import check_course
from harmonizer.domain.quality.knowledge import usual_volume
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
    found = SqlVolumes(engine).usual()
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


def test_an_outlier_of_the_archive_is_a_finding_and_its_like_is_not() -> None:
    """The clean course's heart has about 565 cm³: usual among hearts, not among hearts of 900."""
    clean = clean_course()
    for middle, expected in ((560.0, False), (900.0, True)):
        usual = usual_volume("breast:Heart", np.linspace(0.9, 1.1, 40) * middle)
        assert usual is not None
        known = replace(clean.knowledge, volumes={"breast:Heart": usual})
        codes = {f.code for f in check_course(replace(clean, site="breast", knowledge=known))}
        assert ("VOLUME-OUTLIER" in codes) is expected
