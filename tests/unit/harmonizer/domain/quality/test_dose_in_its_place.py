"""Whether a dose lies where it belongs, told without stored histograms."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality_course import clean_course
from benchmarks.quality_plant import scaled, with_grid, with_plan, without_dvhs
from harmonizer.adapters.dicomrt import read_course
from harmonizer.domain.dose.openings import Opening, reach_of, reach_of_dose
from harmonizer.domain.dose.plan import DoseReference, Plan
from harmonizer.domain.quality import CourseFacts, Severity, check_course, computed

PLACE = {"DOSE-SHIFTED", "DOSE-BESIDE-TARGET", "DOSE-BESIDE-FIELDS", "DOSE-POINT", "TARGET-END"}


def codes(facts: CourseFacts) -> set[str]:
    return {f.code for f in check_course(facts) if f.severity is not Severity.INFO}


def moved(facts: CourseFacts, axis: int, mm: float) -> CourseFacts:
    grid = facts.doses[0].grid
    assert grid is not None
    return with_grid(facts, origin=grid.origin + mm * np.eye(3)[axis])


@pytest.fixture(scope="module")
def clean() -> CourseFacts:
    return without_dvhs(clean_course())


@pytest.fixture(scope="module")
def breast(shared: Path) -> CourseFacts:
    folder = shared / "data" / "eclipse-breast-boost"
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith("_")]
    data = (p.read_bytes() for p in files)
    facts = computed(read_course(d for d in data if d[128:132] == b"DICM"))
    return without_dvhs(facts)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("mm", [-5, 5])
def test_a_shift_of_the_real_dose_is_found_along_every_axis(
    breast: CourseFacts, axis: int, mm: float
) -> None:
    assert codes(moved(breast, axis, mm)) & PLACE


@pytest.mark.parametrize("factor", [0.95, 1.05])
def test_a_wrong_scaling_of_the_real_dose_is_found(breast: CourseFacts, factor: float) -> None:
    assert "DOSE-POINT" in codes(scaled(breast, factor))


def test_where_it_lies_the_real_dose_gives_no_alarm(breast: CourseFacts) -> None:
    assert codes(breast) == set()


def test_dose_begins_and_ends_where_the_fields_do(breast: CourseFacts) -> None:
    """Jaws at -40 and +40 mm about an isocentre at z -9.3; collimators not turned."""
    (plan,) = breast.plans
    first = plan.beams[0]
    assert first.isocenter is not None
    reach = reach_of(first.openings, first.isocenter[2], head_first=True)
    assert reach == pytest.approx((-49.3, 30.7), abs=0.1)
    assert breast.doses[0].grid is not None
    assert reach_of_dose(breast.doses[0].grid) == pytest.approx((-49.4, 29.6), abs=0.1)


def test_feet_first_the_fields_are_mirrored() -> None:
    openings = (Opening(0.0, (-20.0, 20.0), (-30.0, 50.0)),)
    assert reach_of(openings, 100.0, head_first=True) == pytest.approx((70.0, 150.0))
    assert reach_of(openings, 100.0, head_first=False) == pytest.approx((50.0, 130.0))


def test_a_turned_collimator_reaches_by_its_corners() -> None:
    """A quarter turn brings x along the patient; 45 degrees the corners of the box."""
    box = {"jaws_x": (-20.0, 60.0), "jaws_y": (-30.0, 30.0)}
    assert Opening(90.0, **box).reach() == pytest.approx((-20.0, 60.0))
    half = np.sqrt(0.5)
    assert Opening(45.0, **box).reach() == pytest.approx((-50 * half, 90 * half))


def test_closed_leaves_do_not_count() -> None:
    leaves = np.array([0.0, -9, -9, 0.0, 0.0, 9, 9, 0.0])
    borders = np.array([-20.0, -10, 0, 10, 20])
    behind_jaws = Opening(0.0, (-50.0, 50.0), (-40.0, 40.0), leaves, borders)
    assert behind_jaws.reach() == pytest.approx((-10.0, 10.0))
    sideways = replace(behind_jaws, leaves_along_x=False)  # pairs lie side by side along x
    assert sideways.reach() == pytest.approx((-9.0, 9.0))
    assert Opening(0.0, None, None, leaves[:6], borders).reach() is None


@pytest.mark.parametrize("position", ["HFS", "FFS"])
def test_beside_the_fields_by_ten_millimetres(clean: CourseFacts, position: str) -> None:
    """The fields are even about the isocentre: fed either way the plan says the same."""
    facts = with_plan(clean, patient_positions=(position,))
    facts = replace(
        facts, images=tuple(replace(i, patient_position=position) for i in facts.images)
    )
    assert codes(facts) == set()
    assert "DOSE-BESIDE-FIELDS" in codes(moved(facts, 2, 10.0))


def test_a_turned_couch_or_an_electron_field_is_not_judged(clean: CourseFacts) -> None:
    off = moved(clean, 2, 10.0)
    beams = clean.plans[0].beams
    turned = with_plan(off, beams=tuple(replace(b, couch=(90.0,)) for b in beams))
    electrons = with_plan(off, beams=tuple(replace(b, radiation_type="ELECTRON") for b in beams))
    assert "DOSE-BESIDE-FIELDS" in codes(off)
    assert "DOSE-BESIDE-FIELDS" not in codes(turned) | codes(electrons)


def test_a_wide_field_that_the_dose_does_not_fill_is_no_shift(clean: CourseFacts) -> None:
    wide = tuple(
        replace(b, openings=(Opening(0.0, (-60.0, 60.0), (-60.5, 120.0)),))
        for b in clean.plans[0].beams
    )
    assert "DOSE-BESIDE-FIELDS" not in codes(with_plan(clean, beams=wide))


@pytest.mark.parametrize(("gray", "told"), [(39.5, True), (40.05, False), (38.0, True)])
def test_a_point_with_the_very_prescription_may_be_meant_not_computed(
    clean: CourseFacts, gray: float, told: bool
) -> None:
    """The dose at the point is 40.07 Gy; off by 3 % it was not 40.05 Gy that was computed."""
    site, point = clean.plans[0].dose_references
    off = scaled(with_plan(clean, dose_references=(site, replace(point, prescribed_gy=gray))), 1.03)
    assert ("DOSE-POINT" in codes(off)) is told


def test_a_prescription_is_to_a_volume_before_it_is_to_a_point() -> None:
    """As exported: 16 Gy to the site, and what the reference point gets."""
    site = DoseReference(1, "TARGET", "SITE", None, 16.0)
    point = DoseReference(2, "TARGET", "COORDINATES", None, 16.1191, "", (0.0, 0.0, 0.0))
    organ = DoseReference(3, "ORGAN_AT_RISK", "VOLUME", 4, 20.0)
    assert Plan("1", dose_references=(point, site, organ)).prescribed_gy == 16.0
    assert Plan("1", dose_references=(point, organ)).prescribed_gy == 16.1191
    assert Plan("1", dose_references=(organ,)).prescribed_gy is None
