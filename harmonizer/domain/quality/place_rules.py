"""Rules that ask by other ways than stored histograms whether dose and targets belong together.

A dose that is shifted along the patient or scaled by a few per cent looks right by itself. What the
plan says of single points, where its fields open, and how evenly a target is covered tell.
"""

from typing import Final

import numpy as np

from harmonizer.domain.dose.grid import DoseGrid
from harmonizer.domain.dose.metrics import dose_at_volume
from harmonizer.domain.dose.openings import Reach, reach_of, reach_of_dose
from harmonizer.domain.dose.plan import Place, Plan, RtDose
from harmonizer.domain.dose.structures import Roi
from harmonizer.domain.quality.constraint_check import is_conventional
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.findings import Hits, Rule, Severity
from harmonizer.domain.quality.shapes import axial, heights
from harmonizer.domain.quality.structure_rules import targets

WARNING, INFO = Severity.WARNING, Severity.INFO

POINT: Final = (0.01, 0.125)
"""A point's dose may differ by 1 % of the highest dose, plus the change over an eighth voxel."""

NOMINAL: Final = 0.05
"""Beam doses, and a point's dose that is the very prescription, may be what was wanted rather than
what was computed: they may differ by 5 % more."""

SAME_PLACE_MM: Final = 1.0

BESIDE_MM: Final = (2.5, 4.0)
"""Both ends of the dose lie beside the fields' in one direction by this at least, and on average;
the latter plus half a voxel."""

DIVERGENCE: Final = 0.05
"""Fields reach that much (share) farther or less far in depths other than the isocentre's."""

COUCH_DEGREES: Final = 5.0

END: Final = (0.70, 0.92)
"""Mean dose on a target's first and last plane, as shares of the prescription: one is below the
first, the other above the second."""


def planned_points(facts: CourseFacts) -> Hits:
    """Dose at the plan's reference points: as the plan says, or the dose is shifted or scaled."""
    for plan, dose, grid in _alone(facts):
        for reference in plan.dose_references:
            if reference.place and reference.prescribed_gy and _same_frame(plan, dose):
                where = reference.description or f"reference point {reference.number}"
                said = reference.prescribed_gy
                wanted = abs(said - (plan.prescribed_gy or 0.0)) < 0.005
                off = _difference(grid, reference.place, said, NOMINAL if wanted else 0.0)
                yield from ((where, text) for text in off)


def beam_points(facts: CourseFacts) -> Hits:
    """Doses of all beams at their common point, times the fractions, against the dose there."""
    for plan, dose, grid in _alone(facts):
        beams = [beam for beam in plan.treatment_beams if beam.dose_place and beam.dose_gy]
        places = np.array([beam.dose_place for beam in beams])
        complete = beams and len(beams) == len(plan.treatment_beams) == len(_used(plan))
        if not complete or not plan.fractions or not _same_frame(plan, dose):
            continue
        if np.ptp(places, axis=0).max() <= SAME_PLACE_MM and beams[0].dose_place:
            total = sum(beam.dose_gy or 0.0 for beam in beams) * plan.fractions
            off = _difference(grid, beams[0].dose_place, total, NOMINAL)
            yield from (("beams' point", text) for text in off)


def _alone(facts: CourseFacts) -> list[tuple[Plan, RtDose, DoseGrid]]:
    """Return the plan and its dose, if the course's dose is of one whole plan."""
    dose, plans = facts.dose, facts.dose_plans
    if dose is None or dose.grid is None or len(plans) != 1 or dose.summation_type != "PLAN":
        return []
    return [(plans[0], dose, dose.grid)] if len(plans[0].fraction_groups) == 1 else []


def _used(plan: Plan) -> set[int]:
    return {number for group in plan.fraction_groups for number in group.beam_numbers}


def _same_frame(plan: Plan, dose: RtDose) -> bool:
    ours, its = plan.frame_of_reference_uid, dose.frame_of_reference_uid
    return not ours or not its or ours == its


def _difference(grid: DoseGrid, place: Place, said: float, more: float) -> list[str]:
    """Say if the grid has another dose at a place; nothing where it has none."""
    steps = np.concatenate([np.zeros((1, 3)), np.eye(3), -np.eye(3)]) / 2
    axes = np.stack([grid.row_direction, grid.column_direction, grid.normal])
    around = np.array(place) + (steps * np.array(grid.spacing)) @ axes
    doses = grid.dose_at(around)
    if np.isnan(doses).any():
        return []
    share, voxels = POINT
    change = float(np.linalg.norm(doses[1:4] - doses[4:7]))  # over one voxel
    allowed = share * grid.maximum_gy() + voxels * change + more * said
    if abs(doses[0] - said) <= allowed:
        return []
    text = f"the dose there is {doses[0]:.2f} Gy, the plan says {said:.2f} Gy"
    return [f"{text} (tolerance {allowed:.2f} Gy): is the dose shifted or scaled?"]


def beside_fields(facts: CourseFacts) -> Hits:
    """Where the dose begins and ends along the patient, against where jaws and leaves open."""
    dose = facts.dose
    opened = _opened(facts)
    if dose is None or dose.grid is None or opened is None:
        return
    found = reach_of_dose(dose.grid)
    if found is None or not all(_same_frame(plan, dose) for plan in facts.dose_plans):
        return
    off = np.array(found) - np.array(opened)
    each, mean = BESIDE_MM
    each += DIVERGENCE / 2 * (opened[1] - opened[0])
    mean += dose.grid.frame_spacing / 2
    if np.abs(off).min() >= each and off[0] * off[1] > 0 and abs(off.mean()) >= mean:
        text = f"it lies {off.mean():.0f} mm along z beside where jaws and leaves open"
        yield "dose", f"{text}: is the dose grid shifted?"


def _opened(facts: CourseFacts) -> Reach | None:
    """Return between which z the photon fields of the dose's plans open; None if not known."""
    plans = facts.dose_plans
    ends = {position[:2] for plan in plans for position in plan.patient_positions}
    beams = [beam for plan in plans for beam in plan.treatment_beams]
    if not beams or ends not in ({"HF"}, {"FF"}):
        return None
    reaches = []
    for beam in beams:
        turned = any(COUCH_DEGREES < angle % 360 < 360 - COUCH_DEGREES for angle in beam.couch)
        if beam.radiation_type != "PHOTON" or turned or beam.isocenter is None:
            return None
        reach = reach_of(beam.openings, beam.isocenter[2], head_first=ends == {"HF"})
        if reach is None:
            return None
        reaches.append(reach)
    return min(low for low, _ in reaches), max(high for _, high in reaches)


def end_uncovered(facts: CourseFacts) -> Hits:
    """The best covered target gets its dose on the first and on the last of its planes."""
    dose, prescribed = facts.dose, facts.prescribed_gy
    if dose is None or dose.grid is None or not prescribed or not is_conventional(facts):
        return
    below, above = END
    for roi in _covered(facts, prescribed):
        places = heights(roi)
        if places.size < 4:
            continue
        ends = [_mean_on(roi, dose.grid, float(z)) / prescribed for z in (places[0], places[-1])]
        if min(ends) < below and max(ends) > above:
            low = ("lowest", "highest")[int(np.argmin(ends))]
            text = f"on its {low} plane it gets {min(ends):.0%} of the prescription"
            yield (
                facts.label(roi),
                f"{text}, on the other end {max(ends):.0%}: is the dose shifted?",
            )


def _covered(facts: CourseFacts, prescribed: float) -> list[Roi]:
    """Return the targets of which at least half gets 95 % of the prescription."""
    return [
        roi
        for roi in targets(facts, "PTV") or targets(facts)
        if (result := facts.dvhs.get(roi.number)) and result.dvh is not None
        if dose_at_volume(result.dvh, 50.0) >= 0.95 * prescribed
    ]


def _mean_on(roi: Roi, grid: DoseGrid, z: float) -> float:
    """Return the mean dose on a plane of a region: at its outline, halfway in and in the middle."""
    rings = []
    for contour in axial(roi.closed_contours):
        if abs(contour.points[0, 2] - z) < 0.05:
            middle = contour.points.mean(axis=0)
            rings += [contour.points, (contour.points + middle) / 2, middle[None]]
    doses = grid.dose_at(np.concatenate(rings))
    return float(np.mean(doses))  # NaN outside the grid: then no comparison holds


PLACE_RULES = (
    Rule("DOSE-POINT", WARNING, "dose at a reference point differs from the plan", planned_points),
    Rule("DOSE-BEAM-POINT", INFO, "dose differs from the sum of beam doses", beam_points),
    Rule("DOSE-BESIDE-FIELDS", WARNING, "dose beside the fields", beside_fields),
    Rule("TARGET-END", WARNING, "one end of the target is not covered", end_uncovered),
)
