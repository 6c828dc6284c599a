"""Every planted fault is found under its own code; a clean course gives no alarm."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality_course import clean_course
from benchmarks.quality_faults import ANY_COURSE, FAULTS, Fault
from harmonizer.adapters.dicomrt import read_course
from harmonizer.domain.quality import CourseFacts, Severity, check_course, computed
from harmonizer.domain.quality.engine import RULES


@pytest.fixture(scope="module")
def clean() -> CourseFacts:
    return clean_course()


@pytest.fixture(scope="module")
def breast(shared: Path) -> CourseFacts:
    folder = shared / "data" / "eclipse-breast-boost"
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith("_")]
    data = (p.read_bytes() for p in files)
    return computed(read_course(d for d in data if d[128:132] == b"DICM"))


def test_a_clean_course_gives_no_finding(clean: CourseFacts) -> None:
    assert check_course(clean) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found(clean: CourseFacts, fault: Fault) -> None:
    codes = {finding.code for finding in check_course(fault.plant(clean))}
    assert fault.code in codes
    assert "RULE-FAILED" not in codes


def test_the_public_breast_course_gives_no_false_alarm(breast: CourseFacts) -> None:
    """True are: Areola is empty, the plan never approved, stored means in per cent."""
    findings = check_course(breast)
    assert {f.code for f in findings} == {"CONTOUR-NONE", "PLAN-APPROVAL", "TPS-DVH-UNITS"}
    assert not [f for f in findings if f.severity is not Severity.INFO]


@pytest.mark.parametrize("fault", ANY_COURSE, ids=lambda fault: fault.name)
def test_a_fault_planted_in_the_public_course_is_found(breast: CourseFacts, fault: Fault) -> None:
    assert fault.code in {finding.code for finding in check_course(fault.plant(breast))}


def test_there_are_enough_rules_with_codes_of_their_own() -> None:
    assert len(RULES) >= 40
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all(rule.title and rule.check.__doc__ for rule in RULES)


def test_a_rule_that_breaks_is_a_finding_and_hides_nothing(clean: CourseFacts) -> None:
    broken = CourseFacts(plans=clean.plans, structure_sets=(None,))  # type: ignore[arg-type]
    codes = [finding.code for finding in check_course(broken)]
    assert "RULE-FAILED" in codes
    assert "COURSE-NO-DOSE" in codes


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("Breast dx", True),
        ("Rt breast", True),
        ("RT breast", False),  # radiotherapy
        ("RT_rinta_vas", False),
        ("dx+sin", False),
        ("Brystet", False),
    ],
)
def test_a_side_in_a_label_against_where_the_targets_lie(
    clean: CourseFacts, label: str, told: bool
) -> None:
    plans = tuple(replace(plan, label=label) for plan in clean.plans)
    codes = {f.code for f in check_course(replace(clean, plans=plans, laterality=None))}
    assert codes == ({"SIDE-PLAN"} if told else set())


def test_a_dose_in_one_object_per_slice_is_one_dose(clean: CourseFacts) -> None:
    (dose,) = clean.doses
    assert dose.grid is not None
    slices = []
    for i, offset in enumerate(dose.grid.offsets):
        place = dose.grid.origin + offset * dose.grid.normal
        only = replace(
            dose.grid, stored=dose.grid.stored[i : i + 1], origin=place, offsets=np.zeros(1)
        )
        slices.append(replace(dose, sop_instance_uid=f"2.25.9{i}", grid=only))
    codes = {f.code for f in check_course(computed(replace(clean, doses=tuple(slices))))}
    assert codes <= {"DOSE-SUM"}


@pytest.mark.parametrize(
    ("rows", "columns", "spacing", "diameter", "told"),
    [
        (512, 512, 0.431, 220.0, False),  # as a scanner rounds it
        (512, 512, 0.9765625, None, False),
        (128, 128, 0.661468, 338.6716, False),  # a crop keeps the diameter of the whole
        (400, 512, 0.9765625, 500.0, False),
        (512, 512, 0.9765625, 490.0, True),
        (300, 300, 4.0, None, True),  # 1.2 m
    ],
)
def test_pixel_size_against_the_reconstructed_diameter(
    clean: CourseFacts, rows: int, columns: int, spacing: float, diameter: float | None, told: bool
) -> None:
    geometry = {"rows": rows, "columns": columns, "spacing": (spacing, spacing)}
    images = tuple(
        replace(image, reconstructed_mm=diameter, **geometry)  # type: ignore[arg-type]
        for image in clean.images
    )
    codes = {f.code for f in check_course(replace(clean, images=images))}
    assert ("IMAGE-PIXEL-SIZE" in codes) is told


def test_images_for_setup_do_not_count_as_what_was_drawn_on(clean: CourseFacts) -> None:
    """A cone-beam CT has a small field; the body reaches beyond it, and that is no fault."""
    narrow = tuple(
        replace(image, sop_instance_uid=f"2.25.7{i}", series_uid="2.25.8", rows=40, columns=40)
        for i, image in enumerate(clean.images[:5])
    )
    assert check_course(replace(clean, images=(*narrow, *clean.images))) == []


def test_a_structure_under_an_unsure_name_is_not_called_missing(clean: CourseFacts) -> None:
    heart = next(number for number, name in clean.names.items() if name == "Heart")
    chosen = clean.structure_set
    assert chosen is not None
    rois = tuple(replace(roi, name="Hert") if roi.number == heart else roi for roi in chosen.rois)
    names = {number: name for number, name in clean.names.items() if number != heart}
    unsure = replace(clean, names=names, structure_sets=(replace(chosen, rois=rois),))
    assert "STRUCTURE-MISSING" in {f.code for f in check_course(unsure)}
    guessed = replace(unsure, guesses={heart: "Heart"})
    assert "STRUCTURE-MISSING" not in {f.code for f in check_course(guessed)}
