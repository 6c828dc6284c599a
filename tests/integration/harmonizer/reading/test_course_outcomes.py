"""One course with what came of it: as a timeline, and as FHIR."""

import csv
import io

import pyarrow.parquet as pq
import pytest

from tests.factories.fhir_rules import check_bundle
from tests.integration.harmonizer.reading.conftest import LEFT_KUH, WITHDRAWN, Archive


def test_doses_and_outcomes_stand_on_one_timeline(archive: Archive) -> None:
    found = archive.get(f"/api/v1/courses/{LEFT_KUH.course_uid}/timeline").json()
    assert found["national_id"] == LEFT_KUH.national_id
    doses = {one["structure"]: one["metrics"] for one in found["doses"]}
    assert doses["Heart"]["Mean[Gy]"] == 3.1
    graded = [(e["name"], e["value"], e["day"]) for e in found["events"] if e["kind"] == "toxicity"]
    assert graded == [("Dermatitis radiation", 2.0, 20), ("Dermatitis radiation", 0.0, 200)]
    (summary,) = found["toxicity"]
    assert (summary["worst_acute"], summary["worst_late"], summary["days_to_grade_2"]) == (2, 0, 20)


def test_a_course_is_a_valid_fhir_bundle(archive: Archive) -> None:
    answer = archive.get(f"/api/v1/courses/{LEFT_KUH.course_uid}/fhir")
    assert answer.headers["content-type"] == "application/fhir+json"
    assert check_bundle(answer.json()) == []
    kinds = [entry["resource"]["resourceType"] for entry in answer.json()["entry"]]
    assert kinds.count("AdverseEvent") == 2
    assert kinds.count("QuestionnaireResponse") == 2
    assert "ImagingStudy" in kinds


def test_neither_is_there_for_strangers_or_of_the_withdrawn(archive: Archive) -> None:
    for what in ("timeline", "fhir"):
        assert archive.get(f"/api/v1/courses/{LEFT_KUH.course_uid}/{what}", None).status_code == 401
        gone = archive.get(f"/api/v1/courses/{WITHDRAWN.course_uid}/{what}")
        assert gone.status_code == 404


@pytest.mark.parametrize("form", ["wide", "long"])
def test_a_parquet_table_says_what_the_csv_says(archive: Archive, form: str) -> None:
    text = archive.get(f"/api/v1/tables/{form}.csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    table = pq.read_table(io.BytesIO(archive.get(f"/api/v1/tables/{form}.parquet").content))
    assert table.column_names == list(rows[0])
    for ours, theirs in zip(table.to_pylist(), rows, strict=True):
        for name, value in ours.items():
            if value is None:
                assert theirs[name] == ""
            else:
                assert type(value)(theirs[name]) == value


def test_columns_of_a_parquet_table_have_types(archive: Archive) -> None:
    wide = pq.read_table(io.BytesIO(archive.get("/api/v1/tables/wide.parquet").content))
    kinds = {field.name: str(field.type) for field in wide.schema}
    assert kinds["Heart Mean[Gy]"] == "double"
    assert kinds["ctcae-5.0.Dermatitis radiation.worst_acute"] == "int64"
    assert kinds["qlq-c30.12-months.status"] == "string"
    assert kinds["qlq-c30.12-months.FA"] == "double"
    long = pq.read_table(io.BytesIO(archive.get("/api/v1/tables/long.parquet").content))
    assert {str(long.schema.field(n).type) for n in ("value", "text")} == {"double", "string"}
