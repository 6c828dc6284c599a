"""The registry extract over HTTP: harmonized courses only, for readers only."""

import csv
from io import BytesIO, StringIO

import httpx
import pyarrow.parquet as pq

from tests.integration.harmonizer.reading.conftest import (
    EVERYTHING,
    LEFT_KUH,
    SITE_TOKEN,
    Archive,
)

PLACE = "/api/v1/registry-extract"


def rows(archive: Archive, place: str = PLACE) -> list[dict[str, str]]:
    answer = archive.get(place)
    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(StringIO(answer.text)))


def test_every_harmonized_course_has_one_row(archive: Archive) -> None:
    whole = [one for one in EVERYTHING if one.state == "harmonized" and not one.withdrawn]
    wanted = sorted(one.course_uid for one in whole)
    assert sorted(row["course_uid"] for row in rows(archive)) == wanted


def test_a_row_holds_doses_and_findings(archive: Archive) -> None:
    (row,) = [row for row in rows(archive) if row["course_uid"] == LEFT_KUH.course_uid]
    assert row["centre"] == "KUH"
    assert row["site"] == "breast"
    assert float(row["Heart Mean[Gy]"]) == 3.1
    assert float(row["Lung_L V20Gy[%]"]) == 15.0
    assert row["Prostate Mean[Gy]"] == ""
    assert (row["errors"], row["warnings"]) == ("1", "1")
    assert row["finding_codes"] == "DOSE-HOT|GRID"


def test_the_dictionary_explains_the_very_columns(archive: Archive) -> None:
    header = next(csv.reader(StringIO(archive.get(PLACE).text)))
    told = rows(archive, f"{PLACE}/dictionary")
    assert [row["column"] for row in told] == header
    assert all(row["meaning"] for row in told)


def test_parquet_holds_the_same_with_types_and_meanings(archive: Archive) -> None:
    answer = archive.get(f"{PLACE}?format=parquet")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    table = pq.read_table(BytesIO(answer.content))
    wanted = rows(archive)
    assert table.column_names == list(wanted[0])
    for row, text in zip(table.to_pylist(), wanted, strict=True):
        assert {name: "" if v is None else str(v) for name, v in row.items()} == text
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds["Prostate Mean[Gy]"] == kinds["prescribed_gy"] == "double"
    assert (kinds["errors"], kinds["site"]) == ("int64", "string")
    assert (
        table.schema.field("Heart Mean[Gy]").metadata[b"description"] == b"Mean[Gy] of Heart [Gy]"
    )


def test_centres_and_strangers_get_nothing(archive: Archive) -> None:
    for place in (PLACE, f"{PLACE}/dictionary"):
        assert archive.get(place, token=SITE_TOKEN).status_code == httpx.codes.FORBIDDEN
        assert archive.get(place, role=None).status_code == httpx.codes.UNAUTHORIZED
