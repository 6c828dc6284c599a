"""The long and the wide table: values by hand, and why a value is not there."""

from collections.abc import Collection
from datetime import date
from typing import Any

import pytest

from harmonizer.data.ctcae import load_ctcae
from harmonizer.data.schedules import load_schedule
from harmonizer.domain.clinical.tables import LONG, Layout, PatientRows, long_rows, wide_row
from harmonizer.services.tables import TableService

START = date(2020, 1, 1)
PATIENT = PatientRows(
    "FI1",
    "KUH",
    clinical=[
        {"site": "breast", "laterality": "L", "chemotherapy": None, "rt_start": START},
        {"site": None, "laterality": "R", "chemotherapy": False, "rt_start": None},
    ],
    toxicity=[
        {
            "term": "Fatigue",
            "ctcae_version": "5.0",
            "grade": 0,
            "assessed_on": date(2019, 12, 30),
            "attribution": None,
        },
        {
            "term": "Fatigue",
            "ctcae_version": "5.0",
            "grade": 2,
            "assessed_on": date(2020, 1, 22),
            "attribution": "probable",
        },
    ],
    prom=[
        {
            "instrument": "qlq-lc13",
            "instrument_version": "1.0",
            "answered_on": date(2020, 1, 1),
            "scores": {"LCCO": 100 / 3, "LCDY": None},
            "not_answered": None,
        },
        {
            "instrument": "qlq-lc13",
            "instrument_version": "1.0",
            "answered_on": date(2020, 1, 20),
            "scores": {"LCCO": None, "LCDY": None},
            "not_answered": "too-ill",
        },
    ],
    dose={"Heart Mean[Gy]": 2.5},
)
LAYOUT = Layout(
    [("Fatigue", "5.0")],
    [("qlq-lc13", "LCCO"), ("qlq-lc13", "LCDY")],
    ["Heart Mean[Gy]"],
    load_schedule(),
)


def wide(patient: PatientRows, today: date = date(2020, 3, 20)) -> dict[str, object]:
    return dict(zip(LAYOUT.columns, wide_row(patient, LAYOUT, today), strict=True))


def test_one_row_per_patient() -> None:
    row = wide(PATIENT)
    assert (row["site"], row["laterality"], row["chemotherapy"]) == ("breast", "R", "no")
    assert row["Heart Mean[Gy]"] == 2.5
    assert (row["ctcae-5.0.Fatigue.baseline"], row["ctcae-5.0.Fatigue.worst"]) == (0, 2)
    assert row["ctcae-5.0.Fatigue.days_to_grade_2"] == 21
    assert row["ctcae-5.0.Fatigue.worst_late"] is None
    assert row["qlq-lc13.baseline.status"] == "received"
    assert row["qlq-lc13.baseline.LCCO"] == pytest.approx(100 / 3)
    assert row["qlq-lc13.baseline.LCDY"] is None


def test_why_a_value_is_not_there() -> None:
    row = wide(PATIENT)
    assert row["qlq-lc13.mid-treatment.status"] == "missed:too-ill"
    assert row["qlq-lc13.12-months.status"] == "not-yet-due"
    nobody = PatientRows("FI2", "KUH", [], [], [])
    assert wide(nobody)["qlq-lc13.baseline.status"] == "not-expected"
    unplaced = PatientRows("FI3", "KUH", [], PATIENT.toxicity, PATIENT.prom)
    assert wide(unplaced)["qlq-lc13.baseline.status"] == "no-rt-start"
    assert wide(unplaced)["ctcae-5.0.Fatigue.worst"] is None


def test_who_never_answered_what_everybody_is_asked_misses_it() -> None:
    layout = Layout([], [("qlq-c30", "QL2"), ("qlq-lc13", "LCCO")], [], load_schedule())
    patient = PatientRows("FI4", "KUH", [{"site": "breast", "rt_start": START}], [], [])
    row = dict(zip(layout.columns, wide_row(patient, layout, date(2020, 3, 20)), strict=True))
    assert row["qlq-c30.baseline.status"] == "missed"
    assert row["qlq-c30.3-months.status"] == "not-yet-due"
    assert row["qlq-lc13.baseline.status"] == "not-expected"


def test_one_row_per_value() -> None:
    rows = [
        dict(zip(LONG, row, strict=True))
        for row in long_rows(PATIENT, load_schedule(), load_ctcae(), date(2020, 3, 20))
    ]
    never = [r for r in rows if r["name"] in {"qlq-c30", "qlq-lc13"}]
    rows = [r for r in rows if r not in never]
    assert [(r["name"], r["timepoint"], r["missing"]) for r in never[:4]] == [
        ("qlq-c30", "baseline", "missed"),
        ("qlq-c30", "mid-treatment", "missed"),
        ("qlq-c30", "end", "missed"),
        ("qlq-c30", "3-months", "not-yet-due"),
    ]
    # The baseline of LC13 came, and of its mid-treatment there is a row with the reason.
    others = [(r["timepoint"], r["missing"]) for r in never if r["name"] == "qlq-lc13"]
    assert others[:2] == [("end", "missed"), ("3-months", "not-yet-due")]
    assert len(others) == len(load_schedule().timepoints) - 2
    assert [(r["kind"], r["name"], r["day"], r["timepoint"], r["value"]) for r in rows] == [
        ("toxicity", "Fatigue", -2, "baseline", 0),
        ("toxicity", "Fatigue", 21, "mid-treatment", 2),
        ("prom", "qlq-lc13.LCCO", 0, "baseline", 100 / 3),
        ("prom", "qlq-lc13.LCDY", 0, "baseline", None),
        ("prom", "qlq-lc13.LCCO", 19, "mid-treatment", None),
        ("prom", "qlq-lc13.LCDY", 19, "mid-treatment", None),
        ("dose", "Heart Mean[Gy]", None, None, 2.5),
    ]
    carried = [(r["ctcae_6_code"], r["ctcae_6_grade"]) for r in rows]
    assert carried == [(10016256, 0), (10016256, 2)] + [(None, None)] * 5
    assert [r["text"] for r in rows] == [None, "probable", *[None] * 5]
    assert [r["missing"] for r in rows] == [
        None,
        None,
        None,
        "unscored",
        "too-ill",
        "too-ill",
        None,
    ]


class FakeRecords:
    """A thousand and one patients, to cross a part's end."""

    def patients(self) -> list[str]:
        return [f"FI{n}" for n in range(1001)]

    def rows_of(self, national_ids: list[str]) -> list[PatientRows]:
        return [PatientRows(name, "KUH", [], [], []) for name in national_ids]

    def terms(self) -> list[tuple[str, str]]:
        return []

    def scales(self, asked: Collection[str]) -> list[tuple[str, str]]:
        return []


class NoDoseMetrics:
    """Stands in where no doses are joined."""

    def names(self) -> list[str]:
        return []

    def of(self, national_ids: Collection[str]) -> dict[str, dict[str, float]]:
        return {}


def test_every_patient_comes_once() -> None:
    records: Any = FakeRecords()
    service = TableService(records, load_schedule(), load_ctcae(), NoDoseMetrics())
    head, *rows = service.wide(date(2020, 1, 1))
    assert head[:2] == ["national_id", "centre"]
    assert [row[0] for row in rows] == FakeRecords().patients()
    rows = list(service.long(date(2020, 1, 1)))[1:]
    assert {row[LONG.index("missing")] for row in rows} == {"no-rt-start"}
    assert [row[0] for row in rows] == FakeRecords().patients()
