"""Rows and columns of the registry extract."""

from harmonizer.domain.registry import (
    COLUMNS,
    DESCRIPTORS,
    KeptCourse,
    extract_header,
    extract_row,
    structure_columns,
)

COURSE = KeptCourse(
    values={"course_uid": "2.25.1", "centre": "KUH", "fractions": 15, "prescribed_gy": 40.0500001},
    made_by={"dose": "dvh-2", "quality": "quality-2 2-1-1"},
    findings=[("warning", "DOSE-HOT"), ("warning", "DOSE-HOT"), ("info", "TARGET-NONE")],
    metrics={("Heart", "Mean[Gy]"): 1 / 3, ("Lung_L", "V20Gy[%]"): 12.0},
)


def test_a_row_has_a_value_under_its_own_column() -> None:
    structures = ["Heart", "Lung_L"]
    row = dict(zip(extract_header(structures), extract_row(COURSE, structures), strict=True))
    assert row["course_uid"] == "2.25.1"
    assert row["fractions_planned"] == 15
    assert row["prescribed_gy"] == 40.05
    assert row["Heart Mean[Gy]"] == 0.333333
    assert row["Lung_L V20Gy[%]"] == 12.0
    assert row["Heart V20Gy[%]"] == ""
    assert row["made_by_dose"] == "dvh-2"
    assert row["made_by_names"] == ""


def test_findings_are_counted_and_told_once() -> None:
    row = dict(zip(extract_header([]), extract_row(COURSE, []), strict=True))
    assert (row["errors"], row["warnings"]) == (0, 2)
    assert row["finding_codes"] == "DOSE-HOT"


def test_every_column_is_explained_once() -> None:
    columns = [*COLUMNS, *structure_columns(["Heart"])]
    names = [column.name for column in columns]
    assert len(set(names)) == len(names) == len(COLUMNS) + len(DESCRIPTORS)
    assert all(column.meaning for column in columns)
    assert {c.unit for c in structure_columns(["Heart"])} == {"cc", "Gy", "%"}
