"""What the generator writes is what a gateway takes: courses, consent list, tables."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.clinical_codelists import load_code_lists
from gateway.contract.clinical import RowKind
from gateway.contract.manifest import Role
from gateway.domain.clinical import CheckedRow, RowChecker, read_table
from gateway.domain.consent import ListRules, read_sheet
from gateway.domain.courses import Needs, assemble, missing_of, read_instance, reasons_of
from gateway.domain.courses.graph import Draft
from gateway.domain.validation import Severity, validate
from kasari.phantom import generate_cohort
from tests.factories.engine import national_bytes, objections, site_bytes

TABLES = (
    ("clinical.csv", RowKind.CLINICAL),
    ("ctcae.csv", RowKind.TOXICITY),
    ("qlq-c30.csv", RowKind.PROM),
)
LAST_DAY = date(2026, 1, 1)
"""Nothing in a cohort is dated later, whenever it is generated."""


def drafts_of(folder: Path) -> list[Draft]:
    stored = [site_bytes(path.read_bytes()) for path in sorted(folder.glob("*.dcm"))]
    return assemble([read_instance(data) for data in stored])


@pytest.fixture(scope="module")
def courses(patients: list[Path]) -> dict[str, Draft]:
    """Every patient's objects after the first stage; each patient must be one course."""
    found = {folder.name: drafts_of(folder) for folder in patients}
    assert {len(drafts) for drafts in found.values()} == {1}
    return {key: drafts[0] for key, drafts in found.items()}


def test_every_course_goes_by_itself(courses: dict[str, Draft]) -> None:
    for key, draft in courses.items():
        present = {member.sop_instance_uid for member in draft.members}
        assert not missing_of(draft, present), key
        assert not reasons_of(draft, present, Needs()), key
        assert not validate(draft), key


def test_a_course_holds_what_the_folder_holds(
    courses: dict[str, Draft], patients: list[Path]
) -> None:
    for folder in patients:
        draft = courses[folder.name]
        for pattern, role in (
            ("CT.*", Role.PLANNING_IMAGE),
            ("CB*", Role.SETUP_IMAGE),
            ("RT.*", Role.RECORD),
            ("RE.*", Role.REGISTRATION),
            ("RS.*", Role.STRUCTURES),
            ("RP.*", Role.PLAN),
            ("RD.*", Role.DOSE),
        ):
            assert len(draft.of(role)) == len(list(folder.glob(f"{pattern}dcm"))), role


def test_some_have_records_and_some_cone_beam_scans(courses: dict[str, Draft]) -> None:
    for role in (Role.RECORD, Role.SETUP_IMAGE):
        having = [key for key, draft in courses.items() if draft.of(role)]
        assert 0 < len(having) < len(courses), role


@pytest.mark.parametrize("kind", ["CT.001", "CB1.001", "RS", "RP", "RD", "RT.01", "RE.01"])
def test_there_is_something_to_remove_and_both_stages_remove_it(
    cohort: Path, truth: dict[str, Any], kind: str
) -> None:
    paths = sorted(cohort.glob(f"*/dicom/*/{kind}.dcm"))
    assert paths
    before = paths[0].read_bytes()
    patient = truth["patients"][paths[0].parent.name]["identifiers"]
    assert patient["patient_id"].encode() in before
    assert not objections(before, national_bytes(before), *patient.values())


def test_the_consent_list_has_no_problem(cohort: Path, truth: dict[str, Any]) -> None:
    for centre in ("KUH", "Tyks"):
        listed = (cohort / centre / "consent.csv").read_bytes()
        sheet = read_sheet(listed, ListRules(latest=date.max))
        assert not sheet.problems
        told = {
            patient["identifiers"]["patient_id"]: patient["consent"]
            for patient in truth["patients"].values()
            if patient["centre"] == centre
        }
        assert {row.patient_id: row.consent.status for row in sheet.rows} == told


@pytest.mark.parametrize(("name", "kind"), TABLES)
def test_every_row_of_the_tables_is_accepted(cohort: Path, name: str, kind: RowKind) -> None:
    for centre in ("KUH", "Tyks"):
        table = read_table((cohort / centre / name).read_bytes())
        checker = RowChecker(kind, table.columns, load_code_lists(), LAST_DAY)
        checked = [checker.check(row) for row in table.rows]
        assert checked
        assert all(isinstance(row, CheckedRow) for row in checked)
        assert not checker.dropped


def test_who_declined_got_no_questionnaire(cohort: Path, truth: dict[str, Any]) -> None:
    answers = "".join((cohort / c / "qlq-c30.csv").read_text("utf-8") for c in ("KUH", "Tyks"))
    declined = [p for p in truth["patients"].values() if p["consent"] == "declined"]
    assert len(declined) == 1
    assert declined[0]["identifiers"]["patient_id"] not in answers


def test_an_unapproved_plan_waits_for_a_person(tmp_path: Path) -> None:
    generate_cohort(tmp_path, patients=4, seed=3, small=True, declined=0, deviations=4)
    held = {
        finding.code
        for folder in tmp_path.glob("*/dicom/*")
        for draft in drafts_of(folder)
        for finding in validate(draft)
        if finding.severity is Severity.HOLD
    }
    assert held == {"plan-unapproved"}
