"""Rules about which objects a course has and how they refer to each other."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from harmonizer.domain.dose.plan import ImageSlice
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.findings import Hits, Rule, Severity

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

SIDEWAYS_MM: Final = 0.5
"""How far a slice may lie beside the others of its series."""

WHOLE_MATRIX: Final = frozenset({512, 768, 1024})
"""Rows that scanners reconstruct: an image of another size may be a crop of one."""

FIELD_SHARE: Final = 0.01
"""Rows times pixel size may differ by 1 % from the diameter: scanners round it."""

WIDEST_MM: Final = 1000.0
"""No scanner's bore is wider."""


def no_structure_set(facts: CourseFacts) -> Hits:
    """A dose without a structure set gives no DVH."""
    if facts.doses and not facts.structure_sets:
        yield "course", "there is a dose but no structure set: no dose-volume data"


def no_dose(facts: CourseFacts) -> Hits:
    """A plan without a dose gives no DVH."""
    if facts.plans and not facts.doses:
        yield "course", "there is a plan but no dose: no dose-volume data"


def no_plan(facts: CourseFacts) -> Hits:
    """Without a plan the prescription is unknown."""
    if facts.doses and not facts.plans:
        yield "course", "there is a dose but no plan: prescription and fractions are unknown"


def unreadable(facts: CourseFacts) -> Hits:
    """Objects that could not be read."""
    yield from facts.unreadable


def plan_structures(facts: CourseFacts) -> Hits:
    """Every plan's structure set should be in the course."""
    here = {s.sop_instance_uid for s in facts.structure_sets}
    for plan in facts.plans:
        if facts.structure_sets and set(plan.structure_set_uids) - here:
            yield "plan", "the plan was made on a structure set that is not in the course"


def plan_no_structures(facts: CourseFacts) -> Hits:
    """A plan made on a patient's images says on which structure set."""
    for plan in facts.plans:
        on_patient = facts.structure_sets and plan.geometry != "TREATMENT_DEVICE"
        if on_patient and not plan.structure_set_uids:
            yield "plan", "the plan does not say which structure set it was made on"


def several_patients(facts: CourseFacts) -> Hits:
    """All objects of a course are of one patient."""
    if facts.patients > 1:
        text = f"the objects have {facts.patients} different Patient IDs"
        yield "course", f"{text}: were patients mixed up?"


def plan_without_dose(facts: CourseFacts) -> Hits:
    """Of several plans, each has its dose."""
    of = {uid for dose in facts.doses for uid in dose.plan_uids}
    lost = sum(1 for plan in facts.plans if plan.sop_instance_uid not in of)
    if of and lost and len(facts.plans) > 1:
        yield "course", f"{lost} of {len(facts.plans)} plans have no dose: values are without them"


def several_structure_sets(facts: CourseFacts) -> Hits:
    """One structure set, or a reference that says which counts."""
    if len(facts.structure_sets) > 1 and facts.structure_set:
        text = (
            f"{len(facts.structure_sets)} structure sets: the one that dose or plan name was used"
        )
        yield "course", text


def dates(facts: CourseFacts) -> Hits:
    """Contours, plan, dose and treatment come after the images that they were made on."""
    scanned = [i.date for i in facts.planning_images if i.date]
    if not scanned:
        return
    first = min(scanned)
    made = {
        "structure set": [s.date for s in facts.structure_sets],
        "plan": [p.date for p in facts.plans],
        "dose": [d.date for d in facts.doses],
        "records": [r.treatment_date for r in facts.records],
    }
    for where, found in made.items():
        early = sum(1 for date in found if date and date < first)
        if early:
            yield where, f"{early} dated before the images were taken"


def treated_before_plan(facts: CourseFacts) -> Hits:
    """Treatment comes after the plan."""
    of = {plan.sop_instance_uid: plan.date for plan in facts.plans if plan.date}
    early = sum(
        1
        for record in facts.records
        if record.treatment_date
        and any(record.treatment_date < of.get(uid, "") for uid in record.plan_uids)
    )
    if early:
        yield "records", f"{early} fractions are dated before their plan"


def no_images(facts: CourseFacts) -> Hits:
    """Images, to check contours against."""
    if facts.structure_sets and not facts.images:
        yield "course", "there are no images: contours could not be checked against them"


def dose_plan(facts: CourseFacts) -> Hits:
    """Every dose's plan should be in the course."""
    here = {p.sop_instance_uid for p in facts.plans}
    for dose in facts.doses:
        if facts.plans and set(dose.plan_uids) - here:
            yield "dose", "the dose was computed for a plan that is not in the course"


def dose_no_reference(facts: CourseFacts) -> Hits:
    """A dose should say which plan it belongs to."""
    for dose in facts.doses:
        if facts.plans and not dose.plan_uids:
            yield "dose", "the dose does not say which plan it belongs to"


def dose_structures(facts: CourseFacts) -> Hits:
    """A dose's structure set, where it names one, should be in the course."""
    here = {s.sop_instance_uid for s in facts.structure_sets}
    for dose in facts.doses:
        if here and dose.structure_set_uids and not here & set(dose.structure_set_uids):
            yield "dose", "the dose refers to a structure set that is not in the course"


def images_missing(facts: CourseFacts) -> Hits:
    """Images that the structures were drawn on."""
    here = {image.sop_instance_uid for image in facts.images}
    chosen = facts.structure_set
    if not here or chosen is None:
        return
    wanted = {uid for uid in chosen.image_uids if uid}
    missing = len(wanted - here)
    if missing:
        text = f"{missing} of {len(wanted)} images that the structures were drawn on are missing"
        yield "structure set", text


def record_plan(facts: CourseFacts) -> Hits:
    """Every record's plan should be in the course."""
    here = {p.sop_instance_uid for p in facts.plans}
    lost = sum(1 for r in facts.records if here and set(r.plan_uids) - here)
    if lost:
        yield "records", f"{lost} treatment records belong to a plan that is not in the course"


def several_doses(facts: CourseFacts) -> Hits:
    """Two plan doses for one plan: which one counts? Objects of one slice each are one dose."""
    of_plans = [(d, uid) for d in facts.doses if d.summation_type == "PLAN" for uid in d.plan_uids]
    slices = {uid for d, uid in of_plans if d.grid and d.grid.offsets.size == 1}
    plans = Counter(uid for d, uid in of_plans if not d.grid or d.grid.offsets.size > 1)
    plans.update(slices)
    for count in plans.values():
        if count > 1:
            yield "dose", f"{count} doses of the whole plan for one plan: the first was used"


def repeated_object(facts: CourseFacts) -> Hits:
    """One SOP Instance UID used twice."""
    groups = (facts.images, facts.structure_sets, facts.plans, facts.doses, facts.records)
    uids = Counter(item.sop_instance_uid for group in groups for item in group)
    repeated = sum(1 for uid, count in uids.items() if uid and count > 1)
    if repeated:
        yield "course", f"{repeated} SOP Instance UIDs are used by more than one object"


def frame_dose(facts: CourseFacts) -> Hits:
    """Dose and structures must share a frame of reference."""
    frames = {roi.frame_of_reference_uid for roi in facts.rois if roi.frame_of_reference_uid}
    for dose in facts.doses:
        frame = dose.frame_of_reference_uid
        if frame and frames and frame not in frames:
            yield "dose", "dose and structures have different frames of reference: not comparable"


def frame_images(facts: CourseFacts) -> Hits:
    """Structures and the images they were drawn on must share one."""
    frames = {roi.frame_of_reference_uid for roi in facts.rois if roi.frame_of_reference_uid}
    images = facts.planning_images or facts.images
    of_images = {i.frame_of_reference_uid for i in images if i.frame_of_reference_uid}
    if frames and of_images and not frames & of_images:
        yield "structure set", "structures and images have different frames of reference"


def frame_plan(facts: CourseFacts) -> Hits:
    """The plan must share the structures' frame."""
    frames = {roi.frame_of_reference_uid for roi in facts.rois if roi.frame_of_reference_uid}
    plan = facts.plan
    if (
        plan
        and plan.frame_of_reference_uid
        and frames
        and plan.frame_of_reference_uid not in frames
    ):
        yield "plan", "plan and structures have different frames of reference"


def _positions(facts: CourseFacts) -> dict[str, np.ndarray]:
    """Return per CT series the slices' places along their normal, sorted."""
    series: dict[str, list[float]] = {}
    for image in facts.images:
        if image.position is None or len(image.orientation) != 6 or image.modality != "CT":
            continue
        normal = np.cross(image.orientation[:3], image.orientation[3:])
        series.setdefault(image.series_uid, []).append(float(np.dot(image.position, normal)))
    return {uid: np.sort(values) for uid, values in series.items() if len(values) > 2}


def image_unplaced(facts: CourseFacts) -> Hits:
    """Slices that do not say where they lie."""
    lost = [i for i in facts.planning_images if i.position is None and i.modality == "CT"]
    placed = any(i.position for i in facts.planning_images)
    if lost and placed:
        yield "images", f"{len(lost)} slices do not say where they lie"


def image_gap(facts: CourseFacts) -> Hits:
    """Missing slices."""
    for places in _positions(facts).values():
        steps = np.diff(places)
        steps = steps[steps > 0.01]
        if steps.size and steps.max() > 1.5 * np.median(steps):
            gaps = int(np.count_nonzero(steps > 1.5 * np.median(steps)))
            text = f"{gaps} gaps; the widest is {steps.max():.1f} mm"
            yield "images", f"{text} where slices are {np.median(steps):.1f} mm apart"


def image_twice(facts: CourseFacts) -> Hits:
    """Two slices of a series at one place."""
    for places in _positions(facts).values():
        twice = int(np.count_nonzero(np.diff(places) <= 0.01))
        if twice:
            yield "images", f"{twice} slices lie where another slice of the series lies"


def image_mixed(facts: CourseFacts) -> Hits:
    """A series should have one direction, matrix, pixel size and frame, and no step sideways."""
    series: dict[str, set[object]] = {}
    for image in facts.images:
        if image.modality == "CT" and image.orientation and image.spacing:
            directions = tuple(round(v, 3) for v in image.orientation)
            size = (image.rows, image.columns, round(image.spacing[0], 4))
            kind = (directions, size, image.frame_of_reference_uid)
            series.setdefault(image.series_uid, set()).add(kind)
    if any(len(kinds) > 1 for kinds in series.values()):
        yield "images", "slices of one series differ in direction, matrix, pixel size or frame"
    aside = max((_sideways(group) for group in _by_series(facts).values()), default=0.0)
    if aside > SIDEWAYS_MM:
        yield "images", f"a slice of a series lies {aside:.1f} mm beside the others"


def _by_series(facts: CourseFacts) -> dict[str, list[ImageSlice]]:
    found: dict[str, list[ImageSlice]] = {}
    for image in facts.images:
        if image.modality == "CT" and image.position and len(image.orientation) == 6:
            found.setdefault(image.series_uid, []).append(image)
    return found


def _sideways(images: Sequence[ImageSlice]) -> float:
    """Return the farthest that a slice lies beside the line through most others, mm."""
    direction = np.array(images[0].orientation)
    places = np.array([image.position for image in images])
    across = np.stack([places @ direction[:3], places @ direction[3:]])
    return float(np.abs(across - np.median(across, axis=1, keepdims=True)).max())


def pixel_size(facts: CourseFacts) -> Hits:
    """Rows and columns times the pixel size are the diameter that the scanner reconstructed."""
    fields = [
        (size, image.reconstructed_mm if image.rows == image.columns else None, count)
        for image in facts.planning_images
        if image.modality == "CT" and image.spacing
        for size, count in zip(image.spacing, (image.rows, image.columns), strict=True)
        if count
    ]
    widest = max((size * count for size, _, count in fields), default=0.0)
    if widest > WIDEST_MM:
        yield "images", f"their pixels make them {widest:.0f} mm wide: wider than any bore"
        return
    shares = [
        size * count / diameter
        for size, diameter, count in fields
        if diameter and count in WHOLE_MATRIX
    ]
    worst = max(shares, key=lambda share: abs(share - 1), default=1.0)
    if abs(worst - 1) > FIELD_SHARE:
        text = f"rows or columns times their spacing are {worst:.1%} of the diameter"
        yield "images", f"{text} that the scanner reconstructed: is the pixel spacing wrong?"


def patient_position(facts: CourseFacts) -> Hits:
    """Scanned and planned in one position."""
    plan = facts.plan
    scanned = {i.patient_position for i in facts.planning_images if i.patient_position}
    if plan and plan.patient_positions and scanned and not scanned & set(plan.patient_positions):
        seen, planned = "/".join(sorted(scanned)), "/".join(plan.patient_positions)
        yield "plan", f"scanned {seen}, planned {planned}"


COURSE_RULES = (
    Rule("COURSE-NO-STRUCTURES", WARNING, "dose without structure set", no_structure_set),
    Rule("COURSE-NO-DOSE", WARNING, "plan without dose", no_dose),
    Rule("COURSE-NO-PLAN", WARNING, "dose without plan", no_plan),
    Rule("COURSE-PATIENTS", ERROR, "objects of different patients", several_patients),
    Rule("COURSE-DATES", WARNING, "made before the images were taken", dates),
    Rule("COURSE-PLAN-NO-DOSE", WARNING, "one of several plans has no dose", plan_without_dose),
    Rule("COURSE-SEVERAL-SETS", INFO, "several structure sets", several_structure_sets),
    Rule("COURSE-NO-IMAGES", INFO, "no images", no_images),
    Rule("COURSE-UNREADABLE", ERROR, "object cannot be read", unreadable),
    Rule("COURSE-SEVERAL-DOSES", WARNING, "several plan doses for one plan", several_doses),
    Rule("COURSE-UID-TWICE", ERROR, "one UID, several objects", repeated_object),
    Rule("REF-PLAN-STRUCTURES", WARNING, "plan's structure set is missing", plan_structures),
    Rule("REF-PLAN-NONE", WARNING, "plan names no structure set", plan_no_structures),
    Rule("REF-DOSE-PLAN", WARNING, "dose's plan is missing", dose_plan),
    Rule("REF-DOSE-NONE", WARNING, "dose names no plan", dose_no_reference),
    Rule("REF-DOSE-STRUCTURES", WARNING, "dose's structure set is missing", dose_structures),
    Rule("REF-IMAGES-MISSING", WARNING, "images are missing", images_missing),
    Rule("REF-RECORD-PLAN", WARNING, "record's plan is missing", record_plan),
    Rule("RECORD-BEFORE-PLAN", WARNING, "treated before the plan was made", treated_before_plan),
    Rule("FRAME-DOSE", ERROR, "dose in another frame of reference", frame_dose),
    Rule("FRAME-IMAGES", ERROR, "structures in another frame than the images", frame_images),
    Rule("FRAME-PLAN", WARNING, "plan in another frame of reference", frame_plan),
    Rule("IMAGE-UNPLACED", WARNING, "slices without a place", image_unplaced),
    Rule("IMAGE-GAP", WARNING, "slices are missing", image_gap),
    Rule("IMAGE-TWICE", WARNING, "two slices at one place", image_twice),
    Rule("IMAGE-MIXED", WARNING, "a series of several geometries", image_mixed),
    Rule("IMAGE-PIXEL-SIZE", WARNING, "pixel size and field differ", pixel_size),
    Rule("POSITION-DIFFERS", ERROR, "scanned and planned positions differ", patient_position),
)
