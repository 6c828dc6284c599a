"""On SQLite one writes at a time; who only reads waits for nobody."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from harmonizer.adapters import database
from harmonizer.adapters.clinical_records import SqlClinicalRecords, SqlPromRecords
from harmonizer.adapters.clinical_tables import SqlTableRecords
from harmonizer.adapters.dose_metrics import SqlDoseMetrics
from tests.factories.archive_rows import Given, fill

PATIENT = "N-0001"
READS: dict[str, Callable[[Engine], object]] = {
    "receipt": lambda engine: SqlClinicalRecords(engine).receipt("b1", "KUH"),
    "withdrawn": lambda engine: SqlClinicalRecords(engine).withdrawn([PATIENT]),
    "centres": lambda engine: SqlClinicalRecords(engine).centres([PATIENT]),
    "of_patient": lambda engine: SqlClinicalRecords(engine).of_patient(PATIENT),
    "clinical_of": lambda engine: SqlClinicalRecords(engine).clinical_of([PATIENT]),
    "grades": lambda engine: SqlClinicalRecords(engine).grades(),
    "counts": lambda engine: SqlClinicalRecords(engine).counts(),
    "outdated": lambda engine: SqlPromRecords(engine).outdated("qlq-c30", "1", 9),
    "treated": lambda engine: SqlPromRecords(engine).treated(),
    "deaths": lambda engine: SqlPromRecords(engine).deaths(),
    "answered": lambda engine: SqlPromRecords(engine).answered(),
    "patients": lambda engine: SqlTableRecords(engine).patients(),
    "rows_of": lambda engine: SqlTableRecords(engine).rows_of([PATIENT]),
    "terms": lambda engine: SqlTableRecords(engine).terms(),
    "scales": lambda engine: SqlTableRecords(engine).scales([]),
    "metrics": lambda engine: SqlDoseMetrics(engine).of([PATIENT]),
}


@pytest.fixture
def written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An archive that somebody else is writing to and does not finish."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    engine = database.open_engine(f"sqlite:///{tmp_path / 'archive.db'}")
    database.upgrade(engine)
    fill(engine, Given(1, toxicity=(("Fatigue", 1, 20),), scores=(("FA", 66.7, 30),)))
    with engine.begin() as writing:
        assert writing.exec_driver_sql("UPDATE toxicity_record SET grade = 2").rowcount == 1
        yield engine
    engine.dispose()


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_a_read_does_not_wait_for_a_writer(
    written_to: Engine, read: Callable[[Engine], object]
) -> None:
    read(written_to)


def test_a_read_sees_what_was_committed(written_to: Engine) -> None:
    assert [grade for *_, grade, _ in SqlClinicalRecords(written_to).grades()] == [1]


def test_a_write_waits_for_the_other_writer(written_to: Engine) -> None:
    with pytest.raises(Exception, match="database is locked"):
        SqlClinicalRecords(written_to).withdraw(["N-9"], "KUH", datetime(2026, 1, 5, tzinfo=UTC))
