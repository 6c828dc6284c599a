"""What de-identification may not touch: dose, geometry, prescription, beams and pixels."""

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.domain.checker.elements import Element, Elements
from gateway.domain.checker.objects import Problem, sop_class

INVARIANTS: Final[frozenset[int]] = frozenset(
    {
        # images
        0x00180050,  # SliceThickness
        0x00200032,  # ImagePositionPatient
        0x00200037,  # ImageOrientationPatient
        0x00280002,  # SamplesPerPixel
        0x00280004,  # PhotometricInterpretation
        0x00280008,  # NumberOfFrames
        0x00280010,  # Rows
        0x00280011,  # Columns
        0x00280030,  # PixelSpacing
        0x00280100,  # BitsAllocated
        0x00280101,  # BitsStored
        0x00280102,  # HighBit
        0x00280103,  # PixelRepresentation
        0x00281052,  # RescaleIntercept
        0x00281053,  # RescaleSlope
        0x7FE00008,  # FloatPixelData
        0x7FE00009,  # DoubleFloatPixelData
        0x7FE00010,  # PixelData
        # structures
        0x30060042,  # ContourGeometricType
        0x30060044,  # ContourSlabThickness
        0x30060046,  # NumberOfContourPoints
        0x30060050,  # ContourData
        0x30060084,  # ReferencedROINumber
        0x30060022,  # ROINumber
        # dose
        0x30040002,  # DoseUnits
        0x30040004,  # DoseType
        0x3004000A,  # DoseSummationType
        0x3004000C,  # GridFrameOffsetVector
        0x3004000E,  # DoseGridScaling
        0x30040014,  # TissueHeterogeneityCorrection
        0x30040058,  # DVHData
        # plans: prescription, fractions, beams, control points
        0x300A0012,  # DoseReferenceNumber
        0x300A0018,  # DoseReferencePointCoordinates
        0x300A0026,  # TargetPrescriptionDose
        0x300A0078,  # NumberOfFractionsPlanned
        0x300A0080,  # NumberOfBeams
        0x300A0082,  # BeamDoseSpecificationPoint
        0x300A0084,  # BeamDose
        0x300A0086,  # BeamMeterset
        0x300A00B3,  # PrimaryDosimeterUnit
        0x300A00C0,  # BeamNumber
        0x300A00C4,  # BeamType
        0x300A00C6,  # RadiationType
        0x300A00BE,  # LeafPositionBoundaries
        0x300A010E,  # FinalCumulativeMetersetWeight
        0x300A0110,  # NumberOfControlPoints
        0x300A0112,  # ControlPointIndex
        0x300A0114,  # NominalBeamEnergy
        0x300A0115,  # DoseRateSet
        0x300A011C,  # LeafJawPositions
        0x300A011E,  # GantryAngle
        0x300A011F,  # GantryRotationDirection
        0x300A0120,  # BeamLimitingDeviceAngle
        0x300A0122,  # PatientSupportAngle
        0x300A012C,  # IsocenterPosition
        0x300A0134,  # CumulativeMetersetWeight
        0x300A0394,  # ScanSpotPositionMap
        0x300A0396,  # ScanSpotMetersetWeights
        # treatment records
        0x30080022,  # CurrentFractionNumber
        0x30080032,  # SpecifiedPrimaryMeterset
        0x30080036,  # DeliveredPrimaryMeterset
        0x30080042,  # SpecifiedMeterset
        0x30080044,  # DeliveredMeterset
        # registrations
        0x300600C6,  # FrameOfReferenceTransformationMatrix
        0x00640009,  # VectorGridData
    }
)
"""Tags whose values must be the same bytes, in the same order, before and after."""


def check_unchanged(
    before: Elements, after: Elements, allowed: Mapping[str, frozenset[int]]
) -> tuple[list[Problem], int]:
    """Compare every invariant value, at every depth.

    Parameters
    ----------
    allowed
        SOP Class UID to the tags that may stay. What is not among them was to be removed with
        everything inside: an icon's pixels are not the image's.

    Returns
    -------
    tuple[list[Problem], int]
        The objections, one per attribute, and how many values were compared.
    """
    stays = allowed.get(sop_class(before), frozenset())
    first = [(e.tag, e) for e in _staying(before, stays) if e.tag in INVARIANTS]
    second = [(e.tag, e) for e in after.found if e.tag in INVARIANTS]
    if [tag for tag, _ in first] != [tag for tag, _ in second]:
        kept, left = {tag for tag, _ in first}, {tag for tag, _ in second}
        tags = sorted(kept ^ left) or [first[0][0]]
        return [Problem("invariant", tag, "was added, lost or moved") for tag in tags], 0
    changed = {
        tag
        for (tag, one), (_, other) in zip(first, second, strict=True)
        if not before.holds(one, after.value(other))
    }
    return [Problem("invariant", tag, "was changed") for tag in sorted(changed)], len(first)


def _staying(elements: Elements, stays: frozenset[int]) -> Iterator[Element]:
    """Yield what is on the list and in no sequence that is not."""
    removed_at: int | None = None
    for element in elements.found:
        if removed_at is not None and element.depth > removed_at:
            continue
        removed_at = None if element.tag in stays else element.depth
        if removed_at is None:
            yield element
