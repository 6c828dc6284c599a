"""Ways to disturb a course: what goes wrong in `quality_faults` is put together of these."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.quality_course import recomputed
from harmonizer.domain.dose import Contour, Roi
from harmonizer.domain.dose.plan import Beam, BeamDelivery, Plan, RtDose
from harmonizer.domain.quality import CourseFacts


def with_roi(facts: CourseFacts, name: str, change: Callable[[Roi], Roi]) -> CourseFacts:
    """Change one region and compute again."""
    chosen = facts.structure_set
    assert chosen is not None
    rois = tuple(change(roi) if roi.name == name else roi for roi in chosen.rois)
    return recomputed(replace(facts, structure_sets=(replace(chosen, rois=rois),)))


def with_contours(
    facts: CourseFacts, name: str, change: Callable[[tuple[Contour, ...]], tuple[Contour, ...]]
) -> CourseFacts:
    """Change one region's contours and compute again."""
    return with_roi(facts, name, lambda roi: replace(roi, contours=change(roi.contours)))


def with_dose(facts: CourseFacts, change: Callable[[RtDose], RtDose]) -> CourseFacts:
    """Change the first dose and compute again."""
    return recomputed(replace(facts, doses=(change(facts.doses[0]), *facts.doses[1:])))


def with_grid(facts: CourseFacts, **changes: object) -> CourseFacts:
    """Change fields of the dose grid."""

    def change(dose: RtDose) -> RtDose:
        assert dose.grid is not None
        return replace(dose, grid=replace(dose.grid, **changes))  # type: ignore[arg-type]

    return with_dose(facts, change)


def with_plan(facts: CourseFacts, **changes: object) -> CourseFacts:
    """Change fields of the plan."""
    return replace(facts, plans=(replace(facts.plans[0], **changes),))  # type: ignore[arg-type]


def with_beam(facts: CourseFacts, **changes: object) -> CourseFacts:
    """Change fields of the plan's first beam."""
    first, *others = facts.plans[0].beams
    beam: Beam = replace(first, **changes)  # type: ignore[arg-type]
    return with_plan(facts, beams=(beam, *others))


def with_deliveries(
    facts: CourseFacts, change: Callable[[BeamDelivery], BeamDelivery]
) -> CourseFacts:
    """Change every delivery of the last record."""
    *others, last = facts.records
    changed = replace(last, deliveries=tuple(change(d) for d in last.deliveries))
    return replace(facts, records=(*others, changed))


def moved(contour: Contour, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Contour:
    """Shift a contour."""
    return replace(contour, points=contour.points + np.array([x, y, z]))


def twisted(contour: Contour) -> Contour:
    """Make a figure of eight of a contour."""
    points = contour.points.copy()
    half = len(points) // 2
    points[half:] = points[half:][::-1]
    return replace(contour, points=points)


def biggest(facts: CourseFacts) -> str:
    """Return the name of the region with the most contours that is not the body."""
    rois = [r for r in facts.rois if r.interpreted_type != "EXTERNAL"]
    return max(rois, key=lambda roi: len(roi.contours)).name


def swap_sides(facts: CourseFacts) -> CourseFacts:
    """Give the left lung's name to the right one and the other way round."""
    other = {"Lung_L": "Lung_R", "Lung_R": "Lung_L"}
    names = {number: other.get(name, name) for number, name in facts.names.items()}
    return replace(facts, names=names)


def shifted_grid(facts: CourseFacts, x: float = 0.0, z: float = 0.0) -> CourseFacts:
    """Shift the dose sideways or along the patient."""
    grid = facts.doses[0].grid
    assert grid is not None
    return with_grid(facts, origin=grid.origin + np.array([x, 0.0, z]))


def without_dvhs(facts: CourseFacts) -> CourseFacts:
    """Leave out the histograms that the planning system stored."""
    return with_dose(facts, lambda dose: replace(dose, dvhs=()))


def cut_grid(facts: CourseFacts) -> CourseFacts:
    """Leave out the upper half of the dose."""
    grid = facts.doses[0].grid
    assert grid is not None
    half = grid.offsets.size // 2
    return with_grid(facts, stored=grid.stored[:half], offsets=grid.offsets[:half])


def clipped(facts: CourseFacts) -> CourseFacts:
    """Store the dose in 16 bits with a scaling that is too fine."""
    grid = facts.doses[0].grid
    assert grid is not None
    scaling = grid.maximum_gy() / 65535 * 0.7
    fine = np.minimum(grid.stored * (grid.scaling / scaling), 65535).astype(np.uint16)
    return with_grid(facts, stored=fine, scaling=scaling)


def without_planes(contours: tuple[Contour, ...]) -> tuple[Contour, ...]:
    """Leave three planes in the middle out."""
    heights = sorted({float(c.points[0, 2]) for c in contours})
    gone = heights[len(heights) // 2 :][:3]
    return tuple(c for c in contours if float(c.points[0, 2]) not in gone)


def with_spacing(facts: CourseFacts, factor: float) -> CourseFacts:
    """Make the pixels of all images larger, alike."""
    images = tuple(
        replace(i, spacing=(i.spacing[0] * factor, i.spacing[1] * factor)) if i.spacing else i
        for i in facts.images
    )
    return replace(facts, images=images)


def without_points(facts: CourseFacts) -> CourseFacts:
    """Leave out what the plan says of doses at points."""
    plan = facts.plans[0]
    references = tuple(r for r in plan.dose_references if r.place is None)
    beams = tuple(replace(beam, dose_place=None) for beam in plan.beams)
    return with_plan(facts, dose_references=references, beams=beams)


def scaled(facts: CourseFacts, factor: float) -> CourseFacts:
    """Multiply the dose."""
    grid = facts.doses[0].grid
    assert grid is not None
    return with_grid(facts, scaling=grid.scaling * factor)


def negative(facts: CourseFacts) -> CourseFacts:
    """Store signed values, one below zero."""
    grid = facts.doses[0].grid
    assert grid is not None
    stored = grid.stored.astype(np.int64)
    stored[0, 0, 0] = -1000
    return with_grid(facts, stored=stored)


def second_plan_dose(facts: CourseFacts) -> CourseFacts:
    """Add another dose of the whole plan."""
    return replace(facts, doses=(*facts.doses, replace(facts.doses[0], sop_instance_uid="2.25.9")))


def extra_fraction(facts: CourseFacts) -> CourseFacts:
    """Record one fraction more than planned."""
    last = facts.records[-1]
    number = len(facts.records) + 1
    given = tuple(replace(d, fraction=number) for d in last.deliveries)
    extra = replace(last, sop_instance_uid="2.25.99", deliveries=given)
    return replace(facts, records=(*facts.records, extra))


def one_fraction(plan: Plan) -> tuple[object, ...]:
    """Return fraction groups with a count ten times too large."""
    return tuple(replace(g, fractions=(g.fractions or 1) * 10) for g in plan.fraction_groups)


def spiked(contour: Contour) -> Contour:
    """Throw one point 60 mm away."""
    points = contour.points.copy()
    points[len(points) // 3, :2] += 60.0
    return replace(contour, points=points)


def changed_dvh(facts: CourseFacts, **changes: object) -> CourseFacts:
    """Change the stored DVH of the region with the largest mean; none is planted without one."""

    def change(dose: RtDose) -> RtDose:
        hottest = max(dose.dvhs, key=lambda stored: stored.mean_gy or 0.0)
        new = tuple(
            replace(stored, **changes) if stored is hottest else stored  # type: ignore[arg-type]
            for stored in dose.dvhs
        )
        return replace(dose, dvhs=new)

    return with_dose(facts, change)
