"""A clean breast course in memory, to plant faults in."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harmonizer.data.quality import load_knowledge
from harmonizer.domain.dose import Contour, DoseGrid, Roi, StructureSet
from harmonizer.domain.dose.metrics import differential
from harmonizer.domain.dose.openings import Opening
from harmonizer.domain.dose.plan import (
    Beam,
    BeamDelivery,
    DoseReference,
    FractionGroup,
    ImageSlice,
    Plan,
    RtDose,
    StoredDvh,
    TreatmentRecord,
)
from harmonizer.domain.quality import CourseFacts, computed
from harmonizer.domain.quality.knowledge import UsualTargetDose

Floats = NDArray[np.float64]
FRAME = "2.25.1"
SPACING = 3.0
HEIGHTS = SPACING * np.arange(-40, 41)
FRACTIONS, PER_FRACTION = 15, 2.67
PRESCRIBED = FRACTIONS * PER_FRACTION
MACHINE = "Linac 1"
FIELD_Y = (-60.5, 60.5)
USUAL = {"breast": UsualTargetDose(100.0, 0.5, 40)}
"""Of a centre that plans alike; what it would be at an archive."""
POINT = (95.0, -75.0, 0.0)
POINT_GY = PRESCRIBED * (1 + 0.015 * np.cos(95.0 / 20))


def ellipsoid(
    centre: tuple[float, float, float], half: tuple[float, float, float], planes: Floats
) -> tuple[Contour, ...]:
    """Return an ellipsoid's outlines on the planes that meet it."""
    angle = 2 * np.pi * np.arange(90) / 90
    contours = []
    for number, z in enumerate(planes):
        share = 1 - ((z - centre[2]) / half[2]) ** 2
        if share > 0.01:
            x = centre[0] + half[0] * np.sqrt(share) * np.cos(angle)
            y = centre[1] + half[1] * np.sqrt(share) * np.sin(angle)
            points = np.column_stack([x, y, np.full(90, z)])
            contours.append(Contour(points, "CLOSED_PLANAR", f"2.25.100{number}"))
    return tuple(contours)


def structures() -> StructureSet:
    """Return body, heart, lungs, cord, CTV and PTV of a left breast."""
    parts = [
        ("Body", "EXTERNAL", (0, 0, 0), (190, 120, 400)),
        ("Heart", "ORGAN", (20, -20, 0), (50, 45, 60)),
        ("Lung_L", "ORGAN", (90, 10, 10), (55, 70, 95)),
        ("Lung_R", "ORGAN", (-90, 10, 10), (55, 70, 95)),
        ("SpinalCord", "ORGAN", (0, 80, 0), (7, 7, 400)),
        ("CTVp", "CTV", (95, -75, 0), (30, 16, 40)),
        ("PTVp", "PTV", (95, -75, 0), (37, 22, 47)),
    ]
    rois = tuple(
        Roi(number, name, ellipsoid(centre, half, HEIGHTS), kind, FRAME, SPACING)
        for number, (name, kind, centre, half) in enumerate(parts, start=1)
    )
    images = tuple(image.sop_instance_uid for image in slices())
    return StructureSet(rois, "2.25.2", images, "CT 1", "APPROVED")


def slices() -> tuple[ImageSlice, ...]:
    """Return the CT's geometry."""
    return tuple(
        ImageSlice(
            f"2.25.100{number}",
            "CT",
            "2.25.5",
            FRAME,
            (-250.0, -250.0, float(z)),
            (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
            (0.9765625, 0.9765625),
            512,
            512,
            SPACING,
            "HFS",
            reconstructed_mm=500.0,
        )
        for number, z in enumerate(HEIGHTS)
    )


def dose_grid() -> DoseGrid:
    """Return a dose that covers the PTV and falls off around it; none in air."""
    step = 3.0
    x, y = np.arange(-201, 202, step), np.arange(-129, 130, step)
    zz, yy, xx = np.meshgrid(HEIGHTS, y, x, indexing="ij")
    away = np.sqrt(
        ((xx - 95) / 37) ** 2 + ((yy + 75) / 22) ** 2 + (zz / 47) ** 2
    )  # 1 on the PTV's surface
    dose = PRESCRIBED * np.where(away < 1.06, 1.0, 0.998 * np.exp(-(away - 1.06) * 3.0) + 0.002)
    dose *= 1 + 0.015 * np.cos(xx / 20)
    dose[(xx / 190) ** 2 + (yy / 120) ** 2 > 1] = 0.0
    scaling = 1e-5
    stored = np.round(dose / scaling).astype(np.uint32)
    origin = np.array([x[0], y[0], HEIGHTS[0]])
    axes = np.eye(3)
    offsets = HEIGHTS - HEIGHTS[0]
    return DoseGrid(stored, scaling, origin, axes[0], axes[1], step, step, offsets, FRAME)


def plan() -> Plan:
    """Return two tangents."""
    beams = tuple(
        Beam(
            number,
            f"Tangent {number}",
            "PHOTON",
            "TREATMENT",
            MACHINE,
            6.0,
            150.0,
            PER_FRACTION / 2,
            2,
            1.0,
            1.0,
            (80.0, -60.0, 0.0),
            dose_place=POINT,
            openings=(Opening(0.0, (-60.0, 60.0), FIELD_Y),),
        )
        for number in (1, 2)
    )
    return Plan(
        "2.25.3",
        "Left breast",
        "CURATIVE",
        "PATIENT",
        "APPROVED",
        FRAME,
        ("2.25.2",),
        (FractionGroup(1, FRACTIONS, (1, 2)),),
        beams,
        (
            DoseReference(1, "TARGET", "SITE", None, PRESCRIBED),
            DoseReference(2, "TARGET", "COORDINATES", None, POINT_GY, "calc point", POINT),
        ),
        ("HFS",),
    )


def records() -> tuple[TreatmentRecord, ...]:
    """Return one record per fraction."""
    return tuple(
        TreatmentRecord(
            f"2.25.20{fraction}",
            ("2.25.3",),
            f"202001{fraction:02d}",
            MACHINE,
            FRACTIONS,
            tuple(BeamDelivery(beam, fraction, 150.0, "NORMAL") for beam in (1, 2)),
        )
        for fraction in range(1, FRACTIONS + 1)
    )


def clean_course() -> CourseFacts:
    """Return a course in which no rule should find anything."""
    dose = RtDose("2.25.4", dose_grid(), "GY", "PHYSICAL", "PLAN", FRAME, ("2.25.3",), ("2.25.2",))
    drawn = structures()
    facts = CourseFacts(
        structure_sets=(drawn,),
        doses=(dose,),
        plans=(plan(),),
        records=records(),
        images=slices(),
        names={roi.number: roi.name for roi in drawn.rois},
        site="breast",
        laterality="L",
        knowledge=replace(load_knowledge(), target_doses=USUAL),
    )
    facts = recomputed(facts)
    stored = tuple(_stored(facts, number) for number in facts.dvhs)
    return recomputed(replace(facts, doses=(replace(dose, dvhs=stored),)))


def _stored(facts: CourseFacts, number: int) -> StoredDvh:
    """Return what a planning system would have stored: the very curve."""
    result = facts.dvhs[number]
    assert result.dvh is not None
    dose, _ = differential(result.dvh)
    volume = result.dvh.volume_cm3[:-1]
    return StoredDvh(number, "CUMULATIVE", dose, volume, result.mean_gy)


def recomputed(facts: CourseFacts) -> CourseFacts:
    """Return the facts with DVHs of what they hold now."""
    return computed(facts)
