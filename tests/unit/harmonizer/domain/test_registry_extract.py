"""Rows and columns of the registry extract."""

from harmonizer.domain.registry import (
    COLUMNS,
    DESCRIPTORS,
    KeptCourse,
    extract_row,
    structure_columns,
)

COURSE = KeptCourse(
    values={"course_uid": "2.25.1", "centre": "KUH", "fractions": 15, "prescribed_gy": 40.0500001},
    made_by={"dose": "dvh-2", "quality": "quality-2 2-1-1"},
    findings=[("warning", "DOSE-HOT"), ("warning", "DOSE-HOT"), ("info", "TARGET-NONE")],
    metrics={("Heart", "Mean[Gy]"): 1 / 3, ("Lung_L", "V20Gy[%]"): 12.0},
)


def row_of(structures: list[str]) -> dict[str, object]:
    columns = [*COLUMNS, *structure_columns(structures)]
    row = extract_row(COURSE, structures)
    return {column.name: value for column, value in zip(columns, row, strict=True)}


def test_a_row_has_a_value_under_its_own_column() -> None:
    row = row_of(["Heart", "Lung_L"])
    assert row["course_uid"] == "2.25.1"
    assert row["fractions_planned"] == 15
    assert row["prescribed_gy"] == 40.05
    assert row["Heart Mean[Gy]"] == 0.333333
    assert row["Lung_L V20Gy[%]"] == 12.0
    assert row["Heart V20Gy[%]"] == ""
    assert row["made_by_dose"] == "dvh-2"
    assert row["made_by_names"] == ""


def test_findings_are_counted_and_told_once() -> None:
    row = row_of([])
    assert (row["errors"], row["warnings"]) == (0, 2)
    assert row["finding_codes"] == "DOSE-HOT"


def test_every_column_is_explained_once() -> None:
    columns = [*COLUMNS, *structure_columns(["Heart"])]
    names = [column.name for column in columns]
    assert len(set(names)) == len(names) == len(COLUMNS) + len(DESCRIPTORS)
    assert all(column.meaning for column in columns)
    assert {c.unit for c in structure_columns(["Heart"])} == {"cc", "Gy", "%"}


def test_every_value_is_of_its_column_s_kind() -> None:
    columns = {column.name: column for column in (*COLUMNS, *structure_columns(["Heart"]))}
    told = {name: value for name, value in row_of(["Heart"]).items() if value != ""}
    assert len(told) == 10
    assert all(type(value) is columns[name].kind for name, value in told.items())
