"""Batches at the archive: checked again, idempotent, superseding, withdrawing; timelines."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from gateway.contract.clinical import ClinicalBatch, ClinicalRow, PromRow, ToxicityRow
from harmonizer.adapters.clinical_records import SqlClinicalRecords, SqlPromRecords
from harmonizer.adapters.tables.base import HarmonizerTable
from harmonizer.data.ctcae import load_ctcae
from harmonizer.data.instruments import load_instruments
from harmonizer.data.schedules import load_schedule
from harmonizer.errors import NotFoundError, RefusedError
from harmonizer.services.clinical import ClinicalService
from harmonizer.services.proms import PromService


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class Archive:
    def __init__(self) -> None:
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        HarmonizerTable.metadata.create_all(self.engine)
        self.clinical = ClinicalService(
            SqlClinicalRecords(self.engine),
            load_ctcae(),
            load_instruments(),
            load_schedule(),
            FixedClock(),
        )
        self.proms = PromService(SqlPromRecords(self.engine), load_instruments(), load_schedule())


@pytest.fixture
def archive() -> Archive:
    return Archive()


def grade(value: int, key: str = "k1", patient: str = "FI1", **changes: object) -> ToxicityRow:
    row: dict[str, object] = {
        "national_id": patient,
        "row_key": key,
        "source": "csv",
        "assessed_on": date(2020, 2, 1),
        "ctcae_version": "5.0",
        "term": "Fatigue",
        "grade": value,
    }
    return ToxicityRow.model_validate(row | changes)


def answers(day: date, key: str, **given: int) -> PromRow:
    items = {code: given.get(code) for code in load_instruments()["qlq-c30"].items}
    return PromRow(
        national_id="FI1",
        row_key=key,
        source="kaiku",
        answered_on=day,
        instrument="qlq-c30",
        instrument_version="3.0",
        answers=items,
    )


def record(**changes: object) -> ClinicalRow:
    row: dict[str, object] = {
        "national_id": "FI1",
        "row_key": "c1",
        "source": "csv",
        "recorded_on": date(2019, 12, 1),
        "site": "breast",
        "laterality": "L",
        "diagnosis_icd10": "C50.4",
        "rt_start": date(2020, 1, 1),
    }
    return ClinicalRow.model_validate(row | changes)


def batch(name: str, **rows: tuple[object, ...]) -> ClinicalBatch:
    return ClinicalBatch.model_validate({"batch_id": name, "centre": "KUH", **rows})


def numbers(archive: Archive, sent: ClinicalBatch) -> tuple[int, int, int, int]:
    receipt = archive.clinical.receive(sent, "KUH")
    return receipt.stored, receipt.unchanged, receipt.superseded, len(receipt.problems)


def test_the_same_batch_and_the_same_row_again_change_nothing(archive: Archive) -> None:
    assert numbers(archive, batch("a", toxicity=(grade(1),))) == (1, 0, 0, 0)
    assert numbers(archive, batch("a", toxicity=(grade(1),))) == (1, 0, 0, 0)
    assert numbers(archive, batch("b", toxicity=(grade(1),))) == (0, 1, 0, 0)
    assert archive.clinical.counts()["toxicity"] == 1


def test_a_corrected_row_is_current_and_the_old_one_is_kept(archive: Archive) -> None:
    numbers(archive, batch("a", toxicity=(grade(1),)))
    assert numbers(archive, batch("b", toxicity=(grade(2),))) == (0, 0, 1, 0)
    assert [event.value for event in archive.clinical.timeline("FI1").events] == [2]
    with archive.engine.begin() as db:
        kept = db.exec_driver_sql("SELECT grade, current FROM toxicity_record ORDER BY id").all()
    assert [tuple(row) for row in kept] == [(1, 0), (2, 1)]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (grade(4), "grade"),
        (grade(1, term="Fatige"), "grade"),
        (grade(1, assessed_on=date(2027, 1, 1)), "on"),
    ],
)
def test_one_impossible_row_keeps_the_batch_out(
    archive: Archive, row: ToxicityRow, field: str
) -> None:
    receipt = archive.clinical.receive(batch("a", toxicity=(grade(1, "k2"), row)), "KUH")
    assert [(p.row_key, p.field) for p in receipt.problems] == [("k1", field)]
    assert archive.clinical.counts()["toxicity"] == 0
    assert archive.clinical.receive(batch("a", toxicity=(grade(1, "k2"), row)), "KUH") == receipt


def test_unknown_items_are_a_problem_and_never_dropped(archive: Archive) -> None:
    row = answers(date(2020, 1, 1), "p1", q1=1)
    wrong = row.model_copy(update={"answers": {**row.answers, "q77": 2}})
    receipt = archive.clinical.receive(batch("a", prom=(wrong,)), "KUH")
    assert [p.field for p in receipt.problems] == ["q77"]


def test_a_centre_writes_only_for_itself(archive: Archive) -> None:
    with pytest.raises(RefusedError):
        archive.clinical.receive(batch("a", toxicity=(grade(1),)), "Tyks")
    numbers(archive, batch("a", toxicity=(grade(1),)))
    foreign = ClinicalBatch(batch_id="t", centre="Tyks", toxicity=(grade(2, "k9"),))
    assert archive.clinical.receive(foreign, "Tyks").problems[0].field == "national_id"
    theft = ClinicalBatch(batch_id="w", centre="Tyks", withdrawn=("FI1",))
    assert archive.clinical.receive(theft, "Tyks").withdrawn == 0
    assert archive.clinical.counts()["toxicity"] == 1


def test_a_withdrawn_patient_s_rows_go_and_stay_gone(archive: Archive) -> None:
    rows = (grade(1), grade(2, "k2", "FI2"))
    numbers(archive, batch("a", toxicity=rows, prom=(answers(date(2020, 1, 1), "p", q1=1),)))
    receipt = archive.clinical.receive(batch("w", withdrawn=("FI1",)), "KUH")
    assert receipt.withdrawn == 2
    left = {"clinical": 0, "toxicity": 1, "prom": 0, "fact": 0, "withdrawn": 1}
    assert archive.clinical.counts() == left
    assert numbers(archive, batch("b", toxicity=(grade(1),))) == (0, 0, 0, 1)
    with pytest.raises(NotFoundError):
        archive.clinical.timeline("FI1")


def test_the_timeline_counts_days_from_the_first_fraction(archive: Archive) -> None:
    asked = answers(date(2019, 12, 31), "p1", q29=7, q30=7)
    numbers(archive, batch("a", clinical=(record(),), toxicity=(grade(2),), prom=(asked,)))
    timeline = archive.clinical.timeline("FI1")
    assert timeline.rt_start == date(2020, 1, 1)
    found = {event.name: (event.day, event.value, event.timepoint) for event in timeline.events}
    assert found["Fatigue"] == (31, 2, "end")
    assert found["qlq-c30 QL2"] == (-1, 100, "baseline")
    assert found["qlq-c30 PF2"] == (-1, None, "baseline")
    assert [event.day for event in timeline.events if event.kind != "prom"] == [-31, 31]


def test_latest_takes_the_newest_value_of_each_field(archive: Archive) -> None:
    later = record(row_key="c2", recorded_on=date(2020, 3, 1), site=None, laterality="R")
    numbers(archive, batch("a", clinical=(record(), later)))
    latest = archive.clinical.latest("FI1")
    assert latest is not None
    assert (latest.site, latest.laterality, latest.diagnosis_icd10) == ("breast", "R", "C50.4")
    assert archive.clinical.latest("FI9") is None


def test_old_scores_are_computed_again(archive: Archive) -> None:
    numbers(archive, batch("a", prom=(answers(date(2020, 1, 1), "p1", q29=7, q30=7),)))
    assert archive.proms.rescore() == 0
    with archive.engine.begin() as db:
        db.exec_driver_sql("UPDATE prom_record SET scoring_version = 'old', scores = '{}'")
    assert archive.proms.rescore() == 1
    events = archive.clinical.timeline("FI1").events
    assert {e.name: e.value for e in events}["qlq-c30 QL2"] == 100


def test_completion_counts_what_was_due(archive: Archive) -> None:
    rows = (answers(date(2019, 12, 31), "p1", q1=1), answers(date(2020, 4, 30), "p2", q1=1))
    numbers(archive, batch("a", clinical=(record(),), prom=rows))
    found = {
        row.completion.timepoint: (row.completion.due, row.completion.received)
        for row in archive.proms.completion(date(2020, 7, 1))
    }
    assert found["baseline"] == (1, 1)
    assert found["mid-treatment"] == (1, 0)
    assert found["3-months"] == (1, 1)
    assert found["12-months"] == (0, 0)


def test_who_never_answered_is_due_all_the_same(archive: Archive) -> None:
    """Four treated, one answered the baseline: 25 %, not 100 % of those who answered once."""
    others = tuple(record(national_id=f"FI{n}", row_key=f"c{n}") for n in (2, 3, 4))
    # A later record without a site or an RT start hides nothing; who has no RT start is not due.
    later = record(national_id="FI4", row_key="c5", recorded_on=date(2020, 2, 1), rt_start=None)
    untreated = record(national_id="FI6", row_key="c6", rt_start=None)
    rows = (record(), *others, later, untreated)
    told = (answers(date(2019, 12, 31), "p1", q1=1),)
    numbers(archive, batch("a", clinical=rows, prom=told))
    found = {
        (row.instrument, row.completion.timepoint): row.completion
        for row in archive.proms.completion(date(2020, 2, 20))
    }
    baseline, late = found["qlq-c30", "baseline"], found["qlq-c30", "3-months"]
    assert (baseline.due, baseline.received, baseline.share) == (4, 1, 0.25)
    assert (late.due, late.received, late.share) == (0, 0, None)
    completers = archive.proms.answered_at("qlq-c30", "baseline", date(2020, 2, 20))
    assert completers == {"FI1": True, "FI2": False, "FI3": False, "FI4": False}


def test_a_module_is_asked_of_its_site_only() -> None:
    schedule = replace(
        load_schedule(), instruments={"qlq-c30": frozenset(), "qlq-br23": frozenset({"breast"})}
    )
    assert schedule.asks("breast") == ["qlq-c30", "qlq-br23"]
    assert schedule.asks("lung") == schedule.asks(None) == ["qlq-c30"]
    known = load_instruments()
    assert set(load_schedule().instruments) <= set(known)


def test_grades_are_counted_by_centre(archive: Archive) -> None:
    rows = (grade(1), grade(1, "k2", "FI2"), grade(2, "k3", "FI3"))
    numbers(archive, batch("a", toxicity=rows))
    found = [
        (row.centre, row.term, row.grade, row.rows) for row in archive.clinical.grade_distribution()
    ]
    assert found == [("KUH", "Fatigue", 1, 2), ("KUH", "Fatigue", 2, 1)]
