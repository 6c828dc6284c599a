"""Doses beside outcomes: which course counts, on both databases."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine

from harmonizer.adapters.clinical_tables import SqlTableRecords
from harmonizer.adapters.database import open_engine, upgrade
from harmonizer.adapters.dose_metrics import SqlDoseMetrics
from harmonizer.data.ctcae import load_ctcae
from harmonizer.data.schedules import load_schedule
from harmonizer.services.tables import TableService
from tests.factories.archive_rows import Given, Roi, fill
from tests.factories.postgresql import postgresql


def heart(mean: float) -> Roi:
    return Roi("sydan", "Heart", {"Mean[Gy]": mean})


LUNG = Roi("keuhko", "Lung_L", {"Mean[Gy]": 8.0, "V20Gy[%]": 15.0})
FIRST = Given(1, patient="N-1", rois=(heart(3.0), LUNG))
NEWER = Given(2, patient="N-1", rois=(heart(4.5),))
NEWEST_BUT_FAILED = Given(3, patient="N-1", rois=(heart(9.0),), state="failed")
TWO_HEARTS = Given(4, patient="N-4", rois=(heart(1.0), heart(2.0), LUNG))
UNNAMED = Given(5, patient="N-5", rois=(Roi("x1", None, {"Mean[Gy]": 7.0}),))
GONE = Given(6, patient="N-6", rois=(heart(5.0),), withdrawn=True)
COURSES = (FIRST, NEWER, NEWEST_BUT_FAILED, TWO_HEARTS, UNNAMED, GONE)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    if request.param == "sqlite":
        yield from _filled(f"sqlite:///{tmp_path_factory.mktemp('dose')}/archive.db")
    else:
        with postgresql() as url:
            yield from _filled(url)


def _filled(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    upgrade(engine)
    fill(engine, *COURSES)
    yield engine
    engine.dispose()


def test_the_newest_harmonized_course_counts(engine: Engine) -> None:
    found = SqlDoseMetrics(engine).of(["N-1", "N-5", "N-6", "nobody"])
    assert found == {"N-1": {"Heart Mean[Gy]": 4.5}}


def test_two_structures_of_one_name_give_no_number(engine: Engine) -> None:
    found = SqlDoseMetrics(engine).of(["N-4"])
    assert found == {"N-4": {"Lung_L Mean[Gy]": 8.0, "Lung_L V20Gy[%]": 15.0}}


def test_many_patients_come_in_parts(engine: Engine) -> None:
    everybody = [*(f"A-{n}" for n in range(1200)), "N-1", "N-4"]
    assert set(SqlDoseMetrics(engine).of(everybody)) == {"N-1", "N-4"}


def test_columns_of_the_wide_table(engine: Engine) -> None:
    tables = TableService(
        SqlTableRecords(engine), load_schedule(), load_ctcae(), SqlDoseMetrics(engine)
    )
    head, *rows = tables.wide(date(2026, 1, 1))
    by_patient = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert set(by_patient) == {"N-1", "N-4", "N-5"}
    assert by_patient["N-1"]["Heart Mean[Gy]"] == 4.5
    assert by_patient["N-1"]["Lung_L Mean[Gy]"] is None
    assert by_patient["N-4"]["Lung_L V20Gy[%]"] == 15.0
