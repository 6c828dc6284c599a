"""One function per validation rule; `rules` says what each asks."""

import re
from itertools import pairwise

from gateway.contract.manifest import Role
from gateway.domain.courses.completeness import contoured_images, drawn_on, drawn_stacks
from gateway.domain.courses.facts import (
    DoseFacts,
    ImageFacts,
    PlanFacts,
    RecordFacts,
    StructureFacts,
)
from gateway.domain.courses.graph import Draft
from gateway.domain.courses.stacks import SAME_PLANE_MM, stacks_of

PRESCRIPTION_TOLERANCE = 0.10
"""BeamDose is given at a point of the vendor's choice, so only a gross difference is told."""
SLICE_TOLERANCE_MM = 0.5
SPACING_TOLERANCE_MM = 0.1
NO_PATIENT = re.compile(
    r"\b(q[ac]|verif\w*|phantom\w*|fantom\w*|delta4|arccheck|octavius|matrixx)\b", re.IGNORECASE
)
"""Words of labels by which a plan or structure set says that no patient lies there."""
TREATING = {"CURATIVE", "PALLIATIVE", "PROPHYLACTIC"}
DOSE_TYPES = {"PHYSICAL", "EFFECTIVE"}


def _plans(draft: Draft) -> list[PlanFacts]:
    return [m.facts for m in draft.members if isinstance(m.facts, PlanFacts)]


def _doses(draft: Draft) -> list[DoseFacts]:
    return [m.facts for m in draft.members if isinstance(m.facts, DoseFacts)]


def _structures(draft: Draft) -> list[StructureFacts]:
    return [m.facts for m in draft.members if isinstance(m.facts, StructureFacts)]


def _planning_images(draft: Draft) -> list[ImageFacts]:
    return [m.facts for m in draft.of(Role.PLANNING_IMAGE) if isinstance(m.facts, ImageFacts)]


def frames_differ(draft: Draft) -> list[str]:
    return [text for text, one, other in _apart(draft) if not _joined(draft, one, other)]


def frames_registered(draft: Draft) -> list[str]:
    return [
        f"{text}; a registration joins them"
        for text, one, other in _apart(draft)
        if _joined(draft, one, other)
    ]


def _apart(draft: Draft) -> list[tuple[str, set[str], set[str]]]:
    """List what lies in another frame than it should, with both frames."""
    images = {uid for image in draft.of(Role.PLANNING_IMAGE) for uid in image.frame_uids}
    drawn = {uid for structures in draft.of(Role.STRUCTURES) for uid in structures.frame_uids}
    set_lies, dose_lies = (Role.STRUCTURES, "a structure set lies"), (Role.DOSE, "a dose lies")
    from_images = [
        (f"{what} in another frame of reference than every image", own, images)
        for role, what in (set_lies, dose_lies)
        for own in _elsewhere(draft, role, images)
    ]
    return from_images or [
        ("a dose lies in another frame of reference than the structures", own, drawn)
        for own in _elsewhere(draft, Role.DOSE, drawn)
    ]


def _elsewhere(draft: Draft, role: Role, frames: set[str]) -> list[set[str]]:
    members = [set(member.frame_uids) for member in draft.of(role)]
    return [own for own in members if frames and own and not frames & own]


def _joined(draft: Draft, frames: set[str], others: set[str]) -> bool:
    """Whether registrations lead from one set of frames of reference to the other."""
    links = [set(registration.frame_uids) for registration in draft.of(Role.REGISTRATION)]
    reached: set[str] = set()
    grown = set(frames)
    while grown != reached:
        reached = set(grown)
        for link in links:
            grown |= link if link & grown else set()
    return bool(reached & others)


def dose_units(draft: Draft) -> list[str]:
    found = []
    for dose in _doses(draft):
        if dose.units != "GY":
            found.append(f"dose units are {dose.units or 'not given'}, not GY")
        if dose.scaling is not None and dose.scaling <= 0:
            found.append(f"dose grid scaling is {dose.scaling:g}")
    return found


def dose_type(draft: Draft) -> list[str]:
    return [
        f"dose type is {dose.kind or 'not given'}"
        for dose in _doses(draft)
        if dose.kind not in DOSE_TYPES
    ]


def dose_off_body(draft: Draft) -> list[str]:
    bodies = [
        (s.body_low_mm, s.body_high_mm)
        for s in _structures(draft)
        if s.body_low_mm is not None and s.body_high_mm is not None
    ]
    found = []
    for dose in _doses(draft):
        if dose.low_mm is None or dose.high_mm is None or not bodies:
            continue
        if not any(_overlap(dose.low_mm, dose.high_mm, low, high) for low, high in bodies):
            found.append("the dose grid lies outside the body contour")
    return found


def _overlap(
    low: tuple[float, ...],
    high: tuple[float, ...],
    lower: tuple[float, ...],
    upper: tuple[float, ...],
) -> bool:
    return all(low[axis] <= upper[axis] and lower[axis] <= high[axis] for axis in range(3))


def prescription(draft: Draft) -> list[str]:
    found = []
    for plan in _plans(draft):
        if not plan.fractions or not plan.fraction_dose_gy or not plan.prescribed_gy:
            continue
        planned = plan.fractions * plan.fraction_dose_gy
        if abs(planned - plan.prescribed_gy) > PRESCRIPTION_TOLERANCE * plan.prescribed_gy:
            found.append(
                f"{plan.fractions} fractions of {plan.fraction_dose_gy:.2f} Gy are {planned:.2f} "
                f"Gy, prescribed are {plan.prescribed_gy:.2f} Gy"
            )
    return found


def fractions(draft: Draft) -> list[str]:
    return ["the plan does not say how many fractions" for p in _plans(draft) if not p.fractions]


def beams(draft: Draft) -> list[str]:
    found = []
    for plan in _plans(draft):
        for beam in plan.beams:
            lacks = [
                name
                for name, value in (("machine", beam.machine), ("energy", beam.energies_mv))
                if not value
            ]
            if lacks and beam.delivery != "SETUP":
                found.append(f"beam {beam.number} has no {' and no '.join(lacks)}")
    return found


def alternative_plans(draft: Draft) -> list[str]:
    return [
        f"a plan names {len(plan.alternatives)} other as an alternative: one of them is delivered"
        for plan in _plans(draft)
        if plan.alternatives
    ]


def plan_intent(draft: Draft) -> list[str]:
    return [
        f"the plan's intent is {plan.intent}: not a patient's treatment"
        for plan in _plans(draft)
        if plan.intent and plan.intent not in TREATING
    ]


def phantom(draft: Draft) -> list[str]:
    labels = [("plan", p.label) for p in _plans(draft)]
    labels += [("structure set", s.label) for s in _structures(draft)]
    found = [
        f"a {what}'s label says that it is not of a patient"
        for what, label in labels
        if NO_PATIENT.search(label.replace("_", " "))
    ]
    if any(image.quality_control for image in _planning_images(draft)):
        found.append("an image says that it shows a phantom")
    return list(dict.fromkeys(found))


def superseded(draft: Draft) -> list[str]:
    """A plan that another one of the course says it replaces."""
    plans = {m.sop_instance_uid: m.facts for m in draft.of(Role.PLAN)}
    replaced = {
        uid for f in plans.values() if isinstance(f, PlanFacts) for uid in f.predecessors
    } & set(plans)
    if not replaced:
        return []
    return [f"{len(replaced)} of {len(plans)} plans were revised; the latest is in force"]


def slice_spacing(draft: Draft) -> list[str]:
    """Uneven steps. One that is so wide that a slice is missing is told as a gap instead."""
    found = []
    for stack, absent in drawn_stacks(draft):
        steps = [s for s, missing in zip(stack.steps_mm, absent, strict=True) if not missing]
        if steps and max(steps) - min(steps) > SPACING_TOLERANCE_MM:
            found.append(f"slices are {min(steps):.1f} to {max(steps):.1f} mm apart")
    return found


def plan_unapproved(draft: Draft) -> list[str]:
    return [
        f"the plan is {plan.approval.lower()}"
        for plan in _plans(draft)
        if plan.approval in {"UNAPPROVED", "REJECTED"}
    ]


def degenerate(draft: Draft) -> list[str]:
    return [
        f"structure {roi.number}: {roi.degenerate} of {roi.contours} contours have no area"
        for structures in _structures(draft)
        for roi in structures.rois
        if roi.degenerate
    ]


def off_slice(draft: Draft) -> list[str]:
    """Axial images only: an oblique, sagittal or coronal slice has no z of its own."""
    found = []
    for member in draft.of(Role.STRUCTURES):
        images = drawn_on([member], draft) or contoured_images(draft)
        stacks = stacks_of(images)
        placed = sum(len(stack.images) for stack in stacks) == len(images)
        if not isinstance(member.facts, StructureFacts) or not placed:
            continue
        if not stacks or not all(stack.axial for stack in stacks):
            continue
        slices = sorted(z for stack in stacks for z in stack.places_mm)
        off = [z for z in member.facts.contour_z_mm if _is_off(z, slices)]
        if off:
            found.append(
                f"contours at {len(off)} heights lie on no slice, the first at z = {off[0]:.1f} mm"
            )
    return found


def _is_off(z: float, slices: list[float]) -> bool:
    """Whether z lies among the slices and on none of them."""
    among = slices[0] - SAME_PLANE_MM <= z <= slices[-1] + SAME_PLANE_MM
    return among and min(abs(z - at) for at in slices) > SLICE_TOLERANCE_MM


def empty_rois(draft: Draft) -> list[str]:
    return [
        f"structure {roi.number} has no contour"
        for structures in _structures(draft)
        for roi in structures.rois
        if not roi.contours
    ]


def dates_order(draft: Draft) -> list[str]:
    steps = (
        ("the images", [f.acquired_on for f in _planning_images(draft)], min),
        ("the plan", [p.planned_on for p in _plans(draft)], min),
        (
            "the first treatment",
            [m.facts.treated_on for m in draft.members if isinstance(m.facts, RecordFacts)],
            min,
        ),
    )
    known = [(what, pick(d for d in dates if d)) for what, dates, pick in steps if any(dates)]
    return [
        f"{later} is dated before {earlier}"
        for (earlier, one), (later, other) in pairwise(known)
        if other < one
    ]


def too_many_records(draft: Draft) -> list[str]:
    planned = [plan.fractions for plan in _plans(draft) if plan.fractions]
    treated = {
        m.facts.fraction
        for m in draft.members
        if isinstance(m.facts, RecordFacts) and m.facts.fraction
    }
    if not planned or len(treated) <= sum(planned):
        return []
    return [f"{len(treated)} fractions are recorded, {sum(planned)} are planned"]
