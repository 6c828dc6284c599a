"""Rules that ask where things lie: frames of reference, dose grid, slices, contours."""

from collections.abc import Iterable, Sequence

from gateway.contract.manifest import Role
from gateway.domain.courses.completeness import contoured_images, drawn_on, drawn_stacks
from gateway.domain.courses.facts import DoseFacts, StructureFacts
from gateway.domain.courses.graph import Draft
from gateway.domain.courses.instance import Instance
from gateway.domain.courses.stacks import SAME_PLANE_MM, gaps_of

SLICE_TOLERANCE_MM = 0.5
SPACING_TOLERANCE_MM = 0.1


def frames_differ(draft: Draft) -> list[str]:
    return [text for text, one, other in _apart(draft) if not _joined(draft, one, other)]


def frames_registered(draft: Draft) -> list[str]:
    return [
        f"{text}; a registration joins them"
        for text, one, other in _apart(draft)
        if _joined(draft, one, other)
    ]


def _apart(draft: Draft) -> list[tuple[str, set[str], set[str]]]:
    """List what lies in another frame than it should, with both frames.

    What is told of the images is not told of the structures again, nor that of the plans.
    """
    images = _frames(draft.of(Role.PLANNING_IMAGE))
    sets, plans, doses = (draft.of(r) for r in (Role.STRUCTURES, Role.PLAN, Role.DOSE))
    return (
        _off("a structure set", "every image", [(one, images) for one in sets])
        + _off("a dose", "every image", [(one, images) for one in doses])
        + _off("a plan", "every image", [(one, images) for one in plans])
        or _off("a dose", "the structures", [(one, _named(one, sets)) for one in doses])
        + _off("a plan", "the structures", [(one, _named(one, sets)) for one in plans])
        or _off("a dose", "its plan", [(one, _named(one, plans)) for one in doses])
    )


def _off(
    what: str, other: str, pairs: Iterable[tuple[Instance, set[str]]]
) -> list[tuple[str, set[str], set[str]]]:
    return [
        (f"{what} lies in another frame of reference than {other}", set(member.frame_uids), frames)
        for member, frames in pairs
        if frames and member.frame_uids and frames.isdisjoint(member.frame_uids)
    ]


def _frames(members: Iterable[Instance]) -> set[str]:
    return {uid for member in members for uid in member.frame_uids}


def _named(member: Instance, others: Sequence[Instance]) -> set[str]:
    """Return the frames of those that one refers to; of all where it refers to none."""
    named = [one for one in others if one.sop_instance_uid in member.references]
    return _frames(named or others)


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


def dose_off_body(draft: Draft) -> list[str]:
    bodies = [
        (s.body_low_mm, s.body_high_mm)
        for s in draft.facts_of(StructureFacts)
        if s.body_low_mm is not None and s.body_high_mm is not None
    ]
    found = []
    for dose in draft.facts_of(DoseFacts):
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


def slice_spacing(draft: Draft) -> list[str]:
    """Uneven steps. One that is so wide that a slice is missing is told as a gap instead."""
    found = []
    for stack, absent in drawn_stacks(draft):
        steps = [s for s, missing in zip(stack.steps_mm, absent, strict=True) if not missing]
        if steps and max(steps) - min(steps) > SPACING_TOLERANCE_MM:
            found.append(f"slices are {min(steps):.1f} to {max(steps):.1f} mm apart")
    return found


def degenerate(draft: Draft) -> list[str]:
    return [
        f"structure {roi.number}: {roi.degenerate} of {roi.contours} contours have no area"
        for structures in draft.facts_of(StructureFacts)
        for roi in structures.rois
        if roi.degenerate
    ]


def off_slice(draft: Draft) -> list[str]:
    """Axial images only: an oblique, sagittal or coronal slice has no z of its own.

    A contour on a slice that has not come is no second fault.
    """
    found = []
    for member in draft.of(Role.STRUCTURES):
        images = drawn_on([member], draft) or contoured_images(draft)
        stacks = drawn_stacks(draft, [member])
        placed = sum(len(stack.images) for stack, _ in stacks) == len(images)
        if not isinstance(member.facts, StructureFacts) or not placed:
            continue
        if not stacks or not all(stack.axial for stack, _ in stacks):
            continue
        slices = [z for stack, _ in stacks for z in stack.places_mm]
        slices += [z for one in stacks for gap in gaps_of(*one) for z in gap.places_mm]
        off = [z for z in member.facts.contour_z_mm if _is_off(z, slices)]
        if off:
            found.append(
                f"contours at {len(off)} heights lie on no slice, the first at z = {off[0]:.1f} mm"
            )
    return found


def _is_off(z: float, slices: list[float]) -> bool:
    """Whether z lies among the slices and on none of them."""
    among = min(slices) - SAME_PLANE_MM <= z <= max(slices) + SAME_PLANE_MM
    return among and min(abs(z - at) for at in slices) > SLICE_TOLERANCE_MM


def empty_rois(draft: Draft) -> list[str]:
    return [
        f"structure {roi.number} has no contour"
        for structures in draft.facts_of(StructureFacts)
        for roi in structures.rois
        if not roi.contours
    ]
