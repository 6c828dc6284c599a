"""A batch of rows and the withdrawal of its patient at the same moment: no row stays."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, date, datetime
from threading import Event

import pytest
from sqlalchemy import Engine

from gateway.contract.clinical import ClinicalBatch, ClinicalRow
from harmonizer.adapters import clinical_records
from harmonizer.adapters.clinical_records import SqlClinicalRecords
from harmonizer.adapters.database import open_engine, upgrade
from tests.factories.postgresql import new_database, postgresql

AT = datetime(2026, 1, 5, tzinfo=UTC)
WHO = "FI-A"
ROW = ClinicalRow(national_id=WHO, row_key="k", source="test", recorded_on=date(2020, 1, 1))
BATCH = ClinicalBatch(batch_id="b1", centre="KUH", clinical=(ROW,))
LONG_S = 30.0
MOMENT_S = 0.5
"""Long enough for a withdrawal that waits for nobody."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    with postgresql() as url:
        engine = open_engine(new_database(url, "withdrawal"))
        upgrade(engine)
        yield engine
        engine.dispose()


def test_rows_that_are_being_stored_do_not_survive_a_withdrawal(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = SqlClinicalRecords(engine)
    checked, go_on = Event(), Event()
    know = clinical_records._know_patients

    def slowly(*given: object) -> None:
        checked.set()
        go_on.wait(LONG_S)
        know(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(clinical_records, "_know_patients", slowly)
    with ThreadPoolExecutor(2) as pool:
        stored = pool.submit(records.store, BATCH, [], 0, AT)
        assert checked.wait(LONG_S)
        withdrawn = pool.submit(records.withdraw, [WHO], "KUH", AT)
        wait([withdrawn], MOMENT_S)
        go_on.set()
        assert stored.result(LONG_S).stored == 1
        assert withdrawn.result(LONG_S) == 1
    assert records.counts()["clinical"] == 0
    assert records.withdrawn([WHO]) == {WHO}
