"""Every rule of the local validation: one course that it passes and one that it does not."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.contract.ages import age_on
from gateway.contract.manifest import Role
from gateway.domain.courses import (
    Basis,
    BeamFacts,
    DoseFacts,
    Draft,
    GroupFacts,
    ImageFacts,
    Instance,
    PlanFacts,
    RecordFacts,
    Revision,
    RoiFacts,
    SetupFacts,
    SourceFacts,
    StructureFacts,
)
from gateway.domain.courses.facts import Facts
from gateway.domain.validation import (
    RULES,
    TEST_PATIENTS,
    Severity,
    Subject,
    is_test_patient,
    validate,
    with_severities,
)
from tests.factories import site_objects as make

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
GOOD_PLAN = PlanFacts(
    intent="CURATIVE",
    label="Breast L",
    approval="APPROVED",
    planned_on="20200108",
    groups=(GroupFacts(1, 15, 2.67),),
    prescriptions_gy=(40.05,),
    beams=(BeamFacts(1, "M1", "TREATMENT", (6.0,)),),
)
GOOD_DOSE = DoseFacts("GY", "PHYSICAL", 0.001, (0.0, 0.0, 0.0), (9.0, 9.0, 9.0))
GOOD_STRUCTURES = StructureFacts(
    rois=(RoiFacts(1, contours=4),),
    contour_z_mm=(0.0, 3.0, 6.0, 9.0),
    body_low_mm=(0.0, 0.0, 0.0),
    body_high_mm=(100.0, 100.0, 9.0),
)
RECORDS = [("record", RecordFacts(f"202001{12 + n:02d}", n)) for n in range(1, 4)]


def image(z: float, **changes: object) -> ImageFacts:
    return replace(ImageFacts((0.0, 0.0, z), AXIAL, "20200106"), **changes)


IMAGES = [("planning-image", image(3.0 * n)) for n in range(4)]


def draft(*facts: tuple[str, Facts], frames: dict[str, str] | None = None) -> Draft:
    members = tuple(
        Instance(
            sop_instance_uid=f"2.25.{number}",
            sop_class_uid="",
            series_instance_uid=f"series {role}",
            study_instance_uid="",
            pseudonym="P",
            modality="CT" if role == "planning-image" else role,
            role=Role(role),
            frame_uids=tuple(filter(None, [(frames or {}).get(role, "2.25.900")])),
            facts=one,
        )
        for number, (role, one) in enumerate(facts)
    )
    return Draft("2.25.1", members)


def course(**changes: object) -> Draft:
    """A sound course; `plan`, `dose`, `structures`, `images`, `more` replace its parts."""
    parts = {
        "plan": GOOD_PLAN,
        "dose": GOOD_DOSE,
        "structures": GOOD_STRUCTURES,
        "images": IMAGES,
        "more": RECORDS,
        "frames": None,
        **changes,
    }
    return draft(
        *parts["images"],
        ("structures", parts["structures"]),
        ("plan", parts["plan"]),
        ("dose", parts["dose"]),
        *parts["more"],
        frames=parts["frames"],
    )


def plan(**changes: object) -> Draft:
    return course(plan=replace(GOOD_PLAN, **changes))


def dose(**changes: object) -> Draft:
    return course(dose=replace(GOOD_DOSE, **changes))


def structures(**changes: object) -> Draft:
    return course(structures=replace(GOOD_STRUCTURES, **changes))


def with_roi(**changes: object) -> Draft:
    return structures(rois=(replace(GOOD_STRUCTURES.rois[0], **changes),))


def lying(turned: tuple[float, ...], contours: tuple[float, ...] = (-44.0,)) -> Draft:
    """Fifty slices of this orientation, 3 mm apart along their normal, from z = -59 on if axial."""
    ax, ay, az, bx, by, bz = turned
    normal = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    up = 1 if normal[2] >= 0 else -1
    at = [tuple(up * n * (3.0 * k - 59.0) for n in normal) for k in range(50)]
    slices = [image(0.0, position_mm=place, orientation=tuple(turned)) for place in at]
    return course(
        images=[("planning-image", one) for one in slices],
        structures=replace(GOOD_STRUCTURES, contour_z_mm=contours),
    )


OFF_Z = (-44.0, -40.5, 1.3)
NOT_AXIAL = [
    (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),  # sagittal
    (1.0, 0.0, 0.0, 0.0, 0.0, -1.0),  # coronal
    (1.0, 0.0, 0.0, 0.0, 0.8, -0.6),  # oblique, 37 degrees
]
REVISED = replace(
    draft(*IMAGES, ("structures", GOOD_STRUCTURES), ("plan", GOOD_PLAN), ("plan", GOOD_PLAN)),
    revisions=(
        Revision("2.25.6", "2.25.5", Basis.NAMED),
        Revision("2.25.5", "2.25.99", Basis.NAMED),
    ),
)


def grouped(*groups: tuple[int | None, float | None], prescribed: tuple[float, ...]) -> PlanFacts:
    """A plan of fraction groups: fractions and dose of one, each."""
    parts = tuple(GroupFacts(n, *group) for n, group in enumerate(groups, start=1))
    return replace(GOOD_PLAN, groups=parts, prescriptions_gy=prescribed)


def plans(*facts: PlanFacts) -> Draft:
    return draft(*IMAGES, ("structures", GOOD_STRUCTURES), *(("plan", one) for one in facts))


def treated(plans_and_records: list[tuple[PlanFacts, list[RecordFacts]]]) -> Draft:
    """Plans with the records that refer to each."""
    found = draft(*IMAGES)
    members = list(found.members)
    for number, (facts, records) in enumerate(plans_and_records):
        uid = f"2.25.7{number}"
        members.append(replace(members[0], sop_instance_uid=uid, role=Role.PLAN, facts=facts))
        members += [
            replace(
                members[0],
                sop_instance_uid=f"{uid}.{at}",
                role=Role.RECORD,
                references=(uid,),
                facts=record,
            )
            for at, record in enumerate(records)
        ]
    return replace(found, members=tuple(members))


def fractions(first: int, last: int, group: int | None = None) -> list[RecordFacts]:
    return [RecordFacts("20200201", number, group) for number in range(first, last + 1)]


PHASE_1, BOOST = (
    grouped((25, 2.0), prescribed=(50.0,)),
    grouped((5, 2.0), prescribed=(10.0,)),
)
TWO_GROUPS = grouped((25, 2.0), (5, 2.0), prescribed=(60.0,))
BRACHY = replace(
    GOOD_PLAN,
    beams=(),
    groups=(GroupFacts(1, 4, 7.0),),
    prescriptions_gy=(28.0,),
    setups=(SetupFacts(1, (0,)),),
    sources=(SourceFacts(0, "Ir-192", 42580.0),),
    afterloader="Flexitron",
)
OTHER = "2.25.31"
DOSE_ON_ANOTHER_IMAGE = course(frames={"dose": OTHER})
DOSE_ON_ANOTHER_IMAGE = replace(
    DOSE_ON_ANOTHER_IMAGE,
    members=(
        *DOSE_ON_ANOTHER_IMAGE.members,
        replace(DOSE_ON_ANOTHER_IMAGE.members[0], sop_instance_uid="2.25.88", frame_uids=(OTHER,)),
    ),
)


def registered(found: Draft) -> Draft:
    """The same course with two registrations, which lead from one frame to the other."""
    links = [("2.25.900", "2.25.32"), ("2.25.32", OTHER)]
    more = [
        replace(
            found.members[0],
            sop_instance_uid=f"2.25.9{number}",
            role=Role.REGISTRATION,
            frame_uids=frames,
            facts=None,
        )
        for number, frames in enumerate(links)
    ]
    return replace(found, members=(*found.members, *more))


FAULTS: dict[str, list[tuple[Draft, str]]] = {
    "frames-differ": [
        (course(frames={"dose": "2.25.31"}), "a dose lies in another frame"),
        (course(frames={"structures": "2.25.31"}), "a structure set lies in another frame"),
        (course(frames={"plan": "2.25.31"}), "a plan lies in another frame of reference than ever"),
        (
            course(images=[], frames={"plan": "2.25.31"}),
            "a plan lies in another frame of reference than the structures",
        ),
        (
            draft(("plan", GOOD_PLAN), ("dose", GOOD_DOSE), frames={"plan": "2.25.31"}),
            "a dose lies in another frame of reference than its plan",
        ),
        (DOSE_ON_ANOTHER_IMAGE, "a dose lies in another frame of reference than the structures"),
    ],
    "frames-registered": [
        (registered(course(frames={"dose": OTHER})), "every image; a registration joins them"),
        (registered(DOSE_ON_ANOTHER_IMAGE), "the structures; a registration joins them"),
    ],
    "plan-alternative": [(plan(alternatives=("2.25.77",)), "names 1 other as an alternative")],
    "dose-units": [
        (dose(units="RELATIVE"), "dose units are RELATIVE, not GY"),
        (dose(units=None), "dose units are not given"),
        (dose(scaling=0.0), "dose grid scaling is 0"),
    ],
    "dose-type": [(dose(kind="ERROR"), "dose type is ERROR"), (dose(kind=None), "not given")],
    "dose-off-body": [(dose(low_mm=(0.0, 0.0, 50.0), high_mm=(9.0, 9.0, 60.0)), "outside")],
    "prescription": [
        (
            plan(prescriptions_gy=(60.0,)),
            "15 fractions of 2.67 Gy are 40.05 Gy, prescribed are 60.00 Gy",
        ),
        (
            plans(grouped((22, 2.0), (8, 2.0), prescribed=(54.0, 75.0))),
            "22 fractions of 2.00 Gy and 8 fractions of 2.00 Gy are 60.00 Gy, prescribed are "
            "54.00, 75.00 Gy",
        ),
        (
            plans(PHASE_1, replace(BOOST, prescriptions_gy=(16.0,))),
            "10.00 Gy, prescribed are 16.00",
        ),
        (plans(replace(BRACHY, prescriptions_gy=(7.0,))), "4 fractions of 7.00 Gy are 28.00 Gy"),
    ],
    "no-fractions": [
        (plan(groups=()), "does not say how many"),
        (plan(groups=(GroupFacts(1, 0),)), "not"),
        (plan(groups=(GroupFacts(1, 5), GroupFacts(2, None))), "not"),
    ],
    "brachy-incomplete": [
        (plans(replace(BRACHY, afterloader=None)), "the brachytherapy has no machine"),
        (plans(replace(BRACHY, sources=(SourceFacts(0, None, 1.0),))), "source 0 has no isotope"),
        (plans(replace(BRACHY, sources=(SourceFacts(0, "Ir-192", 0.0),))), "no strength"),
        (plans(replace(BRACHY, sources=())), "application setup 1 has no source"),
        (
            plans(replace(BRACHY, setups=(SetupFacts(2, (3,)),))),
            "application setup 2 has no source",
        ),
    ],
    "beam-incomplete": [
        (plan(beams=(BeamFacts(2, None, "TREATMENT"),)), "beam 2 has no machine and no en"),
        (plan(beams=(BeamFacts(3, "M1", None),)), "beam 3 has no energy"),
    ],
    "plan-intent": [(plan(intent="VERIFICATION"), "VERIFICATION"), (plan(intent="SERVICE"), "S")],
    "phantom": [
        (plan(label="QA_arc2"), "a plan's label says that it is not of a patient"),
        (structures(label="Phantom"), "a structure set's label"),
        (course(images=[("planning-image", image(0.0, quality_control=True))]), "an image says"),
    ],
    "plan-unapproved": [
        (plan(approval="UNAPPROVED"), "unapproved"),
        (plan(approval="REJECTED"), "rejected"),
    ],
    "contours-degenerate": [(with_roi(degenerate=2), "2 of 4 contours have no area")],
    "contours-off-slice": [(structures(contour_z_mm=(0.0, 4.4)), "the first at z = 4.4 mm")],
    "roi-empty": [(with_roi(contours=0), "structure 1 has no contour")],
    "slice-spacing": [
        (
            course(images=[("planning-image", image(z)) for z in (0.0, 3.0, 5.5, 8.5)]),
            "slices are 2.5 to 3.0 mm apart",
        )
    ],
    "plan-superseded": [(REVISED, "1 of 2 plans were revised")],
    "dates-order": [
        (plan(planned_on="20200101"), "the plan is dated before the images"),
        (structures(drawn_on="20200105"), "the structure set is dated before the images"),
        (course(more=[("record", RecordFacts("20200107", 1))]), "the first treatment is dated"),
    ],
    "too-many-records": [
        (
            treated([(PHASE_1, fractions(1, 30)), (BOOST, fractions(1, 5))]),
            "of a plan 30 fractions are recorded, 25 are planned",
        ),
        (treated([(PHASE_1, fractions(1, 25)), (BOOST, fractions(1, 9))]), "9 fractions are reco"),
        (
            treated([(TWO_GROUPS, [*fractions(1, 25, 1), *fractions(1, 6, 2)])]),
            "6 fractions are recorded, 5 are planned",
        ),
        (treated([(BRACHY, fractions(1, 5, 1))]), "5 fractions are recorded, 4 are planned"),
    ],
}
PASSES: list[tuple[str, Draft]] = [
    ("beam-incomplete", plan(beams=(BeamFacts(9, None, "SETUP"),))),
    ("plan-intent", plan(intent=None)),
    ("plan-intent", plan(intent="PALLIATIVE")),
    ("plan-unapproved", plan(approval=None)),
    ("phantom", plan(label="Equal quality")),
    ("dates-order", structures(drawn_on="20200301")),
    ("prescription", plan(prescriptions_gy=())),
    ("prescription", plan(prescriptions_gy=(43.0,))),
    ("prescription", plans(TWO_GROUPS)),
    ("prescription", plans(replace(TWO_GROUPS, prescriptions_gy=(10.0, 50.0)))),
    ("prescription", plans(PHASE_1, BOOST)),
    ("prescription", plans(PHASE_1, replace(BOOST, prescriptions_gy=(60.0,)))),
    ("prescription", plans(grouped((33, 1.64), prescribed=(54.0, 59.4, 70.0)))),
    ("prescription", plans(grouped((22, 2.0), (8, None), prescribed=(60.0,)))),
    ("prescription", plans(BRACHY)),
    ("brachy-incomplete", plans(BRACHY)),
    ("brachy-incomplete", plans(replace(BRACHY, afterloader=None, by_hand=True))),
    ("beam-incomplete", plans(BRACHY)),
    ("frames-differ", draft(("plan", GOOD_PLAN), ("dose", GOOD_DOSE), frames={"plan": ""})),
    ("dose-off-body", structures(body_low_mm=None, body_high_mm=None)),
    ("dose-type", dose(kind="EFFECTIVE")),
    ("contours-off-slice", structures(contour_z_mm=(0.0, 3.4))),
    ("contours-off-slice", structures(contour_z_mm=(-50.0,))),
    *(("contours-off-slice", lying(turned, OFF_Z)) for turned in NOT_AXIAL),
    *(("slice-spacing", lying(turned)) for turned in NOT_AXIAL),
    ("slice-spacing", course(images=[*IMAGES, ("planning-image", image(3.0004))])),
    ("too-many-records", treated([(PHASE_1, fractions(1, 25)), (BOOST, fractions(1, 5))])),
    ("too-many-records", treated([(TWO_GROUPS, fractions(1, 30))])),
    ("too-many-records", treated([(TWO_GROUPS, [*fractions(1, 25, 1), *fractions(1, 5, 2)])])),
    ("too-many-records", treated([(PHASE_1, [*fractions(1, 25), *fractions(1, 25)])])),
    ("too-many-records", treated([(replace(PHASE_1, groups=()), fractions(1, 30))])),
    (
        "slice-spacing",
        course(images=[("planning-image", image(z)) for z in (0.0, 3.0, 6.05, 15.0, 18.0)]),
    ),
    ("frames-differ", course(images=[])),
]


@pytest.mark.parametrize("position", make.POSITIONS)
def test_contours_are_compared_with_slices_however_the_patient_lies(position: str) -> None:
    on, off = (lying(make.POSITIONS[position], z) for z in ((-44.0, -38.0), (-44.0, -39.5)))
    assert found(on, "contours-off-slice") == []
    assert found(off, "contours-off-slice") == [
        "contours at 1 heights lie on no slice, the first at z = -39.5 mm"
    ]
    assert found(on, "slice-spacing") == []


def found(case: Draft, code: str) -> list[str]:
    return [finding.text for finding in validate(case) if finding.code == code]


def test_a_sound_course_has_no_finding() -> None:
    assert validate(course(), subject=Subject(age_years=67)) == ()


def test_every_rule_is_here() -> None:
    assert {rule.code for rule in RULES} == {*FAULTS, "test-patient", "under-age"}


@pytest.mark.parametrize(
    ("code", "case", "text"),
    [(code, case, text) for code, cases in FAULTS.items() for case, text in cases],
)
def test_a_fault_is_told_in_words(code: str, case: Draft, text: str) -> None:
    assert len(found(case, code)) == 1
    assert text in found(case, code)[0]


@pytest.mark.parametrize(("code", "case"), PASSES)
def test_what_is_no_fault_passes(code: str, case: Draft) -> None:
    assert found(case, code) == []


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        (Subject(17), "under-age"),
        (Subject(18), None),
        (Subject(None), None),
        (Subject(50, is_test=True), "test-patient"),
    ],
)
def test_rules_about_the_patient(subject: Subject, code: str | None) -> None:
    codes = [finding.code for finding in validate(course(), subject=subject)]
    assert codes == ([code] if code else [])


@pytest.mark.parametrize(
    ("birth", "day", "years"),
    [
        (date(2002, 3, 2), date(2020, 3, 1), 17),
        (date(2002, 3, 2), date(2020, 3, 2), 18),
        (date(2004, 2, 29), date(2022, 2, 28), 17),
        (date(2004, 2, 29), date(2022, 3, 1), 18),
    ],
)
def test_age_is_whole_years(birth: date, day: date, years: int) -> None:
    assert age_on(birth, day) == years


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("ZZ-0042", "Virtanen"), True),
        (("010101-123N", "QA"), True),
        (("X1", "Testi"), True),
        (("X1", "Phantom^Thorax"), True),
        (("010101-123N", "Testamentti"), False),
        (("010101-123N", "Qazi"), False),
        (("AZZ1", "Kontest"), False),
    ],
)
def test_test_patients_are_told_by_identifier_or_name(
    words: tuple[str, ...], expected: bool
) -> None:
    assert is_test_patient(words, TEST_PATIENTS) is expected


def test_severities_are_the_centres() -> None:
    rules = with_severities(RULES, {"phantom": "refuse", "test-patient": "warning"})
    case, subject = plan(label="QA"), Subject(is_test=True)
    told = {f.code: f.severity for f in validate(case, rules, subject)}
    assert told == {"phantom": Severity.REFUSE, "test-patient": Severity.WARNING}
