"""Faults as they happen, each with the finding that must name it.

`FAULTS` fit the clean course of `quality_course`; those in `ANY_COURSE` fit real courses too.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.quality_course import recomputed
from benchmarks.quality_plant import (
    biggest,
    changed_dvh,
    clipped,
    cut_grid,
    extra_fraction,
    moved,
    negative,
    one_fraction,
    scaled,
    second_plan_dose,
    shifted_grid,
    spiked,
    swap_sides,
    twisted,
    with_beam,
    with_contours,
    with_deliveries,
    with_dose,
    with_grid,
    with_plan,
    with_roi,
    with_spacing,
    without_dvhs,
    without_planes,
    without_points,
)
from harmonizer.domain.quality import CourseFacts


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and the code that must be found."""

    name: str
    code: str
    plant: Callable[[CourseFacts], CourseFacts]


ANY_COURSE = (
    Fault("dose in another frame of reference", "FRAME-DOSE",
          lambda f: with_dose(f, lambda d: replace(d, frame_of_reference_uid="2.25.77"))),
    Fault("dose grid shifted by 15 cm", "DOSE-SHIFTED", lambda f: shifted_grid(f, 150.0)),
    Fault("half of the dose grid missing", "GRID-CUTS-STRUCTURE", cut_grid),
    Fault("scaling ten times too large", "DOSE-IMPLAUSIBLE",
          lambda f: scaled(f, 20.0)),
    Fault("scaling 20 % off", "TPS-DVH-DIFFERS",
          lambda f: scaled(f, 1.2)),
    Fault("dose cut off at 16 bits", "DOSE-OVERFLOW", clipped),
    Fault("negative dose", "DOSE-NEGATIVE", negative),
    Fault("effective dose", "DOSE-TYPE",
          lambda f: with_dose(f, lambda d: replace(d, dose_type="EFFECTIVE"))),
    Fault("dose of one beam only", "DOSE-SUMMATION",
          lambda f: with_dose(f, lambda d: replace(d, summation_type="BEAM"))),
    Fault("dose of another plan", "REF-DOSE-PLAN",
          lambda f: with_dose(f, lambda d: replace(d, plan_uids=("2.25.88",)))),
    Fault("two doses of the plan", "COURSE-SEVERAL-DOSES", second_plan_dose),
    Fault("no plan", "COURSE-NO-PLAN", lambda f: replace(f, plans=())),
    Fault("no dose", "COURSE-NO-DOSE", lambda f: recomputed(replace(f, doses=()))),
    Fault("no structure set", "COURSE-NO-STRUCTURES",
          lambda f: recomputed(replace(f, structure_sets=()))),
    Fault("images missing", "REF-IMAGES-MISSING", lambda f: replace(f, images=f.images[:-5])),
    Fault("gap in the images", "IMAGE-GAP",
          lambda f: replace(f, images=f.images[:10] + f.images[13:])),
    Fault("a slice twice", "IMAGE-TWICE",
          lambda f: replace(f, images=(
              *f.images, replace(f.images[3], sop_instance_uid="2.25.66")))),
    Fault("one UID for two images", "COURSE-UID-TWICE",
          lambda f: replace(f, images=(*f.images, f.images[3]))),
    Fault("images in another frame", "FRAME-IMAGES",
          lambda f: replace(f, images=tuple(
              replace(i, frame_of_reference_uid="2.25.55") for i in f.images))),
    Fault("feet-first scan, head-first plan", "POSITION-DIFFERS",
          lambda f: replace(f, images=tuple(
              replace(i, patient_position="FFP") for i in f.images),
              plans=tuple(replace(p, patient_positions=("HFS",)) for p in f.plans))),
    Fault("contours half a slice off", "CONTOUR-OFF-SLICE",
          lambda f: with_contours(f, biggest(f), lambda cs: tuple(moved(c, z=1.4) for c in cs))),
    Fault("a structure without contours", "CONTOUR-NONE",
          lambda f: with_contours(f, biggest(f), lambda cs: ())),
    Fault("a contour of two points", "CONTOUR-FEW-POINTS",
          lambda f: with_contours(f, biggest(f), lambda cs: (
              *cs, replace(cs[0], points=cs[0].points[:2])))),
    Fault("an open contour", "CONTOUR-OPEN",
          lambda f: with_contours(f, biggest(f), lambda cs: (
              replace(cs[0], geometric_type="OPEN_PLANAR"), *cs[1:]))),
    Fault("a figure of eight", "CONTOUR-CROSSING",
          lambda f: with_contours(f, biggest(f), lambda cs: (
              *cs[:15], twisted(cs[15]), *cs[16:]))),
    Fault("a contour twice", "CONTOUR-TWICE",
          lambda f: with_contours(f, biggest(f), lambda cs: (*cs, cs[5]))),
    Fault("planes left out", "CONTOUR-GAP",
          lambda f: with_contours(f, biggest(f), without_planes)),
    Fault("a name used twice", "ROI-NAME-TWICE",
          lambda f: with_roi(f, biggest(f), lambda r: replace(r, name=next(
              o.name for o in f.rois if o.contours and o.number != r.number)))),
    Fault("a structure without name", "ROI-NO-NAME",
          lambda f: with_roi(f, biggest(f), lambda r: replace(r, name=""))),
    Fault("prescription of another course", "DOSE-PRESCRIPTION",
          lambda f: with_plan(f, dose_references=tuple(
              replace(r, prescribed_gy=(r.prescribed_gy or 1) * 1.4)
              for r in f.plans[0].dose_references))),
    Fault("ten times the fractions", "PLAN-FRACTION-SIZE",
          lambda f: with_plan(f, fraction_groups=one_fraction(f.plans[0]))),
    Fault("no number of fractions", "PLAN-NO-FRACTIONS",
          lambda f: with_plan(f, fraction_groups=tuple(
              replace(g, fractions=None) for g in f.plans[0].fraction_groups))),
    Fault("beam without MU", "PLAN-NO-METERSET", lambda f: with_beam(f, meterset=None)),
    Fault("energy in kV", "PLAN-ENERGY", lambda f: with_beam(f, energy=6000.0)),
    Fault("two machines", "PLAN-MACHINES", lambda f: with_beam(f, machine="Other")),
    Fault("control points end early", "PLAN-CONTROL-POINTS",
          lambda f: with_beam(f, last_weight=0.8, final_weight=1.0)),
    Fault("isocentre of another patient", "PLAN-ISOCENTRE",
          lambda f: with_beam(f, isocenter=(0.0, -900.0, 0.0))),
    Fault("objects of two patients", "COURSE-PATIENTS", lambda f: replace(f, patients=2)),
    Fault("plan dated before the images", "COURSE-DATES",
          lambda f: with_plan(
              replace(f, images=tuple(replace(i, date="20200110") for i in f.images)),
              date="20200101")),
    Fault("a second plan without dose", "COURSE-PLAN-NO-DOSE",
          lambda f: replace(f, plans=(
              *f.plans, replace(f.plans[0], sop_instance_uid="2.25.71")))),
    Fault("plan names no structure set", "REF-PLAN-NONE",
          lambda f: with_plan(f, structure_set_uids=())),
    Fault("dose shifted by 20 mm along the patient, no stored DVH", "TARGET-END",
          lambda f: without_dvhs(shifted_grid(f, z=20.0))),
    Fault("dose 6 % too high, no stored DVH", "DOSE-POINT",
          lambda f: without_dvhs(scaled(f, 1.06))),
    Fault("dose 6 % too low, no stored DVH", "DOSE-POINT",
          lambda f: without_dvhs(scaled(f, 0.94))),
    Fault("pixel spacing 3 % too large in all slices", "IMAGE-PIXEL-SIZE",
          lambda f: with_spacing(f, 1.03)),
    Fault("pixel spacing halved in all slices", "IMAGE-PIXEL-SIZE",
          lambda f: with_spacing(f, 0.5)),
    Fault("pixel spacing tripled in all slices", "IMAGE-PIXEL-SIZE",
          lambda f: with_spacing(f, 3.0)),
    Fault("a slice beside the others", "IMAGE-MIXED",
          lambda f: replace(f, images=(
              replace(f.images[0], position=(
                  (f.images[0].position or (0, 0, 0))[0] + 20, *(f.images[0].position or ())[1:])),
              *f.images[1:]))),
    Fault("a contour that names another image", "CONTOUR-OTHER-IMAGE",
          lambda f: with_contours(f, biggest(f), lambda cs: (
              replace(cs[0], image_uid=cs[-1].image_uid), *cs[1:]))),
    Fault("a plan for verification", "PLAN-INTENT",
          lambda f: with_plan(f, intent="VERIFICATION")),
    Fault("two beams of one number", "PLAN-BEAM-TWICE",
          lambda f: with_plan(f, beams=(*f.plans[0].beams, f.plans[0].beams[0]))),
    Fault("a slice without a place", "IMAGE-UNPLACED",
          lambda f: replace(f, images=tuple(
              replace(i, position=None) if i == f.planning_images[0] else i for i in f.images))),
    Fault("a contour twice, the other way round", "CONTOUR-TWICE",
          lambda f: with_contours(f, biggest(f), lambda cs: (
              *cs, replace(cs[5], points=cs[5].points[::-1].copy())))),
    Fault("a contour again, a little beside", "CONTOUR-OVERLAP",
          lambda f: with_contours(f, biggest(f), lambda cs: (*cs, moved(cs[15], x=8.0)))),
    Fault("a point far from its contour", "CONTOUR-SPIKE",
          lambda f: with_contours(f, biggest(f), lambda cs: (
              *cs[:15], spiked(cs[15]), *cs[16:]))),
    Fault("two structures of one number", "ROI-NUMBER-TWICE",
          lambda f: with_roi(f, biggest(f), lambda r: replace(r, number=next(
              o.number for o in f.rois if o.number != r.number)))),
    Fault("one dose frame off its place", "GRID-UNEVEN",
          lambda f: with_grid(f, offsets=f.doses[0].grid.offsets + np.eye(
              f.doses[0].grid.offsets.size)[5] if f.doses[0].grid else None)),
    Fault("beam without energy", "PLAN-NO-ENERGY", lambda f: with_beam(f, energy=None)),
    Fault("beam without machine", "PLAN-NO-MACHINE", lambda f: with_beam(f, machine="")),
    Fault("gantry at 400 degrees", "PLAN-ANGLE", lambda f: with_beam(f, angles=(400.0,))),
    Fault("isocentres 30 mm apart", "PLAN-ISOCENTRES",
          lambda f: with_beam(f, isocenter=tuple(
              np.add(f.plans[0].beams[0].isocenter or (0, 0, 0), (30, 0, 0)).tolist()))),
    Fault("weights of control points fall", "PLAN-CONTROL-POINTS",
          lambda f: with_beam(f, weights=(0.0, 0.7, 0.4, 1.0))),
    Fault("a beam in no fraction group", "PLAN-BEAM-UNUSED",
          lambda f: with_plan(f, fraction_groups=tuple(
              replace(g, beam_numbers=g.beam_numbers[1:]) for g in f.plans[0].fraction_groups))),
    Fault("ten times the MU in one beam", "PLAN-METERSET",
          lambda f: with_beam(f, meterset=10 * (f.plans[0].beams[0].meterset or 100))),
    Fault("plan rejected", "APPROVAL-REJECTED",
          lambda f: with_plan(f, approval_status="REJECTED")),
    Fault("stored mean of another structure", "TPS-DVH-STATISTICS",
          lambda f: changed_dvh(f, same_factor=False)),
    Fault("stored curve of another plan", "TPS-DVH-DIFFERS",
          lambda f: changed_dvh(f, dose_gy=max(
              f.doses[0].dvhs, key=lambda s: s.mean_gy or 0).dose_gy * 0.8)),
    Fault("stored DVH of a structure that is gone", "TPS-DVH-ORPHAN",
          lambda f: changed_dvh(f, roi_number=9999)),
    Fault("fraction group of another plan", "PLAN-BEAM-UNKNOWN",
          lambda f: with_plan(f, fraction_groups=tuple(
              replace(g, beam_numbers=(77,)) for g in f.plans[0].fraction_groups))),
)  # fmt: skip

FAULTS = (
    *ANY_COURSE,
    Fault("lungs' names swapped", "SIDE-SWAPPED", swap_sides),
    Fault("diagnosis on the other side", "SIDE-DIAGNOSIS",
          lambda f: replace(f, laterality="R")),
    Fault("PTV sticks out of the body", "TARGET-OUTSIDE-BODY",
          lambda f: with_contours(f, "PTVp", lambda cs: tuple(moved(c, x=80) for c in cs))),
    Fault("CTV beside its PTV", "TARGET-NESTING",
          lambda f: with_contours(f, "CTVp", lambda cs: tuple(moved(c, x=-25) for c in cs))),
    Fault("heart drawn on few planes", "VOLUME-OUTLIER",
          lambda f: with_contours(f, "Heart", lambda cs: cs[:6])),
    Fault("heart not drawn", "STRUCTURE-MISSING",
          lambda f: with_contours(f, "Heart", lambda cs: ())),
    Fault("dose shifted by 2 cm, stored DVH not", "TPS-DVH-DIFFERS",
          lambda f: shifted_grid(f, 20.0)),
    Fault("dose shifted by 2 cm, no stored DVH", "DOSE-BESIDE-TARGET",
          lambda f: without_dvhs(shifted_grid(f, 20.0))),
    Fault("dose shifted by 10 mm against the fields, no stored DVH", "DOSE-BESIDE-FIELDS",
          lambda f: without_dvhs(shifted_grid(f, z=10.0))),
    Fault("dose 3 % too high, no stored DVH, no reference point", "DOSE-UNUSUAL",
          lambda f: without_dvhs(scaled(without_points(f), 1.03))),
    Fault("dose 3 % too low, no stored DVH, no reference point", "DOSE-UNUSUAL",
          lambda f: without_dvhs(scaled(without_points(f), 0.97))),
    Fault("beam doses of another plan", "DOSE-BEAM-POINT",
          lambda f: with_beam(f, dose_gy=2.0)),
    Fault("plan labelled for the other side", "SIDE-PLAN",
          lambda f: with_plan(f, label="Rt breast")),
    Fault("plan labelled for the other side, no diagnosis", "SIDE-PLAN",
          lambda f: with_plan(replace(f, laterality=None), label="Breast dx")),
    Fault("target named for the other side, no diagnosis", "SIDE-NAME",
          lambda f: replace(f, laterality=None, names={**f.names, 7: "PTVp_R"})),
    Fault("dose of a single fraction", "DOSE-ONE-FRACTION",
          lambda f: scaled(f, 1 / 15)),
    Fault("a copy of a structure, renamed", "ROI-SAME-SHAPE",
          lambda f: with_contours(f, "CTVp", lambda cs: f.rois[6].contours)),
    Fault("one fraction too many", "RECORD-TOO-MANY", extra_fraction),
    Fault("treatment stopped half-way", "RECORD-TOO-FEW",
          lambda f: replace(f, records=f.records[:8])),
    Fault("a beam delivered short", "RECORD-METERSET",
          lambda f: with_deliveries(f, lambda d: replace(d, delivered_meterset=90.0))),
    Fault("a beam interrupted", "RECORD-INTERRUPTED",
          lambda f: with_deliveries(f, lambda d: replace(d, termination="MACHINE"))),
    Fault("treated elsewhere", "RECORD-MACHINE",
          lambda f: replace(f, records=(replace(f.records[0], machine="Linac 9"), *f.records[1:]))),
    Fault("records of another beam", "RECORD-BEAM-UNKNOWN",
          lambda f: with_deliveries(f, lambda d: replace(d, beam_number=77))),
    Fault("fractions out of order", "RECORD-ORDER",
          lambda f: replace(f, records=(
              replace(f.records[0], treatment_date="20200131"), *f.records[1:]))),
    Fault("treated before the plan was made", "RECORD-BEFORE-PLAN",
          lambda f: with_plan(f, date="20200103")),
    Fault("dose shifted by 6 mm, no stored DVH", "DOSE-SHIFTED",
          lambda f: without_dvhs(shifted_grid(f, 6.0))),
    Fault("the only lung named for the other side", "SIDE-ORGAN",
          lambda f: replace(
              with_contours(f, "Lung_R", lambda cs: ()),
              names={n: "Lung_R" if name == "Lung_L" else name for n, name in f.names.items()
                     if name != "Lung_R"})),
    Fault("a fraction recorded twice", "RECORD-TWICE",
          lambda f: replace(f, records=(*f.records, replace(
              f.records[0], sop_instance_uid="2.25.98")))),
    Fault("records of another plan", "REF-RECORD-PLAN",
          lambda f: replace(f, records=tuple(
              replace(r, plan_uids=("2.25.44",)) for r in f.records))),
    Fault("structures of another plan", "REF-PLAN-STRUCTURES",
          lambda f: with_plan(f, structure_set_uids=("2.25.33",))),
    Fault("coarse dose grid", "GRID-COARSE",
          lambda f: with_grid(
              f,
              stored=f.doses[0].grid.stored[:, ::2, ::2] if f.doses[0].grid else None,
              row_spacing=6.0, column_spacing=6.0)),
)  # fmt: skip
