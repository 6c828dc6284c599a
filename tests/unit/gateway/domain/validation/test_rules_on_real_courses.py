"""The rules on real objects of several planning systems: what they find there, and no more."""

from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from gateway.domain.courses import (
    ImageFacts,
    Instance,
    Needs,
    PlanFacts,
    assemble,
    read_instance,
    reasons_of,
)
from gateway.domain.validation import validate
from tests.factories.engine import site_bytes
from tests.factories.site_objects import POSITIONS

FOUND: dict[str, set[str]] = {
    "oncentra-singles/brachy_plan.dcm": set(),
    "oncentra-singles/simple_plan.dcm": {"plan-unapproved"},  # electrons
    "varian-ion-plan/MultpleFL.dcm": set(),
    "topas-rti/rtip_demo.dcm": set(),
    "pydicom-testfiles/test_files/rtplan.dcm": {"plan-unapproved"},
    "pymedphys-orientations/dcmplan/RP.DICOMORIENT.HFS.dcm": {"plan-unapproved"},
    "pymedphys-orientations/dcmplan/RP.test.dcm": {
        "beam-incomplete",
        "plan-intent",
        "plan-unapproved",
    },
    "eyeplan-dose/rtdose.dcm": set(),
}
"""By object, alone as it was published."""


@pytest.fixture(scope="module")
def breast(shared: Path) -> list[Instance]:
    """The one whole course: 98 slices, structures, a boost plan and its dose."""
    folder = shared / "data" / "eclipse-breast-boost"
    paths = [*sorted((folder / "CT").iterdir()), *sorted(folder.glob("rt*.dcm"))]
    return [read_instance(site_bytes(path.read_bytes())) for path in paths]


def told(instances: list[Instance]) -> list[str]:
    (draft,) = assemble(instances)
    present = {i.sop_instance_uid for i in instances}
    waits = reasons_of(draft, present, Needs())
    return [one.text for one in (*waits, *validate(draft))]


WHOLE = ["the plan is unapproved", "structure 2 has no contour"]


@pytest.mark.parametrize("position", POSITIONS)
def test_a_whole_course_however_the_patient_lies(breast: list[Instance], position: str) -> None:
    """The slices stay where they are; rows and columns go the other way, and so the normal."""
    lying = [turned(one, position) for one in breast]
    assert told(lying) == WHOLE
    absent = sorted(lying, key=height)[49]
    assert told([one for one in lying if one is not absent]) == [
        f"1 of 98 CT slices missing: gap at z = {height(absent):.1f} mm",
        *WHOLE,
    ]


def turned(one: Instance, position: str) -> Instance:
    if not isinstance(one.facts, ImageFacts):
        return one
    way = tuple(float(part) for part in POSITIONS[position])
    return replace(one, facts=replace(one.facts, orientation=way))


def height(one: Instance) -> float:
    """The z of a slice; what is none comes last."""
    place = one.facts.position_mm if isinstance(one.facts, ImageFacts) else None
    return place[2] if place else inf


@pytest.mark.parametrize("name", FOUND)
def test_an_object_alone(shared: Path, name: str) -> None:
    one = read_instance(site_bytes((shared / "data" / name).read_bytes(), "P"))
    (draft,) = assemble([one])
    assert {finding.code for finding in validate(draft)} == FOUND[name]


def test_brachytherapy_of_a_real_plan(shared: Path) -> None:
    path = shared / "data" / "oncentra-singles" / "brachy_plan.dcm"
    facts = read_instance(site_bytes(path.read_bytes())).facts
    assert isinstance(facts, PlanFacts)
    assert (facts.fractions, facts.groups[0].dose_gy) == (1, 4.2)
    assert facts.prescriptions_gy == ()  # its dose references are of points
    assert [source.strength for source in facts.sources] == [42580.0]
    assert facts.setups[0].source_numbers == (0,)
