"""The plan: prescription, fractions and beams with their control points."""

from pydicom import Dataset
from pydicom.uid import RTPlanStorage, RTStructureSetStorage

from kasari.phantom.beams import LEAF_EDGES_MM, Beam, Opening, beams_of
from kasari.phantom.case import Case
from kasari.phantom.contours import structure_set_uid
from kasari.phantom.elements import (
    base,
    da,
    decimals,
    item,
    items,
    put_decimals,
    put_frame,
    put_series,
    reference,
    write,
)

ENERGY_MV = 6
DOSE_RATE = 600
SOURCE_AXIS_MM = 1000


def plan_uid(case: Case) -> str:
    return case.uid("plan")


def write_plan(case: Case) -> None:
    day = case.days.planned
    dataset = base(case, "RTPLAN", RTPlanStorage, plan_uid(case), day, "131500")
    put_series(dataset, case.uid("plan series"), 3, "Suunnitelma")
    put_frame(dataset, case.frame_uid)
    dataset.InstanceNumber = 1
    dataset.RTPlanLabel = case.centre.plan_label.format(site=case.site.name)[:16]
    dataset.RTPlanName = f"{case.person.family} {case.site.icd10}"
    dataset.RTPlanDate, dataset.RTPlanTime = da(day), "131500"
    dataset.RTPlanGeometry = "PATIENT"
    dataset.PlanIntent = "CURATIVE"
    dataset.DoseReferenceSequence = items(_prescription(case))
    beams = beams_of(case.site, case.resolution.arc_step_degrees)
    dataset.FractionGroupSequence = items(_fractions(case, beams))
    dataset.PatientSetupSequence = items(item(PatientPosition="HFS", PatientSetupNumber=1))
    dataset.BeamSequence = items(*(_beam(case, beam) for beam in beams))
    dataset.ReferencedStructureSetSequence = items(
        reference(RTStructureSetStorage, structure_set_uid(case))
    )
    _approve(dataset, case)
    write(dataset, case.folder / "RP.dcm")


def _approve(dataset: Dataset, case: Case) -> None:
    dataset.ApprovalStatus = "APPROVED" if case.approved else "UNAPPROVED"
    if case.approved:
        dataset.ReviewDate, dataset.ReviewTime = da(case.days.planned), "150500"
        dataset.ReviewerName = case.centre.physician


def _prescription(case: Case) -> Dataset:
    return item(
        DoseReferenceNumber=1,
        DoseReferenceUID=case.uid("prescription"),
        DoseReferenceStructureType="SITE",
        DoseReferenceDescription=case.naming.written["ptv"],
        DoseReferenceType="TARGET",
        TargetPrescriptionDose=case.site.dose_gy,
    )


def _fractions(case: Case, beams: tuple[Beam, ...]) -> Dataset:
    used = (
        item(
            BeamDose=beam.dose_gy,
            BeamMeterset=beam.meterset,
            ReferencedBeamNumber=beam.number,
        )
        for beam in beams
    )
    return item(
        FractionGroupNumber=1,
        NumberOfFractionsPlanned=case.site.fractions,
        NumberOfBeams=len(beams),
        NumberOfBrachyApplicationSetups=0,
        ReferencedBeamSequence=items(*used),
    )


def _beam(case: Case, beam: Beam) -> Dataset:
    maker, model = case.centre.planning_system[0], "Linac"
    points = [_control_point(case, beam, at, opening) for at, opening in enumerate(beam.openings)]
    return item(
        Manufacturer=maker,
        InstitutionName=case.centre.institution,
        ManufacturerModelName=model,
        TreatmentMachineName=case.centre.machine,
        PrimaryDosimeterUnit="MU",
        SourceAxisDistance=SOURCE_AXIS_MM,
        BeamLimitingDeviceSequence=items(*_devices()),
        BeamNumber=beam.number,
        BeamName=beam.name,
        BeamType="DYNAMIC" if beam.arc else "STATIC",
        RadiationType="PHOTON",
        TreatmentDeliveryType="TREATMENT",
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        FinalCumulativeMetersetWeight=1,
        NumberOfControlPoints=len(points),
        ControlPointSequence=items(*points),
        ReferencedPatientSetupNumber=1,
    )


def _devices() -> list[Dataset]:
    leaves = item(
        RTBeamLimitingDeviceType="MLCX",
        SourceToBeamLimitingDeviceDistance=510,
        NumberOfLeafJawPairs=len(LEAF_EDGES_MM) - 1,
    )
    put_decimals(leaves, "LeafPositionBoundaries", decimals(LEAF_EDGES_MM, 1))
    return [
        item(RTBeamLimitingDeviceType="ASYMX", NumberOfLeafJawPairs=1),
        item(RTBeamLimitingDeviceType="ASYMY", NumberOfLeafJawPairs=1),
        leaves,
    ]


def _control_point(case: Case, beam: Beam, at: int, opening: Opening) -> Dataset:
    """The first holds everything; later ones what changes."""
    point = item(ControlPointIndex=at)
    if at == 0:
        point.NominalBeamEnergy, point.DoseRateSet = ENERGY_MV, DOSE_RATE
    if at == 0 or beam.arc:
        point.BeamLimitingDevicePositionSequence = items(*_positions(opening))
        point.GantryAngle = round(opening.gantry, 1)
        last = at == len(beam.openings) - 1
        point.GantryRotationDirection = "NONE" if last else beam.rotation
    if at == 0:
        _set_up(point, case, beam)
    point.CumulativeMetersetWeight = f"{opening.weight:.6f}"
    weight = item(CumulativeDoseReferenceCoefficient=f"{opening.weight:.6f}")
    weight.ReferencedDoseReferenceNumber = 1
    point.ReferencedDoseReferenceSequence = items(weight)
    return point


def _set_up(point: Dataset, case: Case, beam: Beam) -> None:
    point.BeamLimitingDeviceAngle = beam.collimator
    point.BeamLimitingDeviceRotationDirection = "NONE"
    point.PatientSupportAngle = 0
    point.PatientSupportRotationDirection = "NONE"
    point.TableTopEccentricAngle = 0
    point.TableTopEccentricRotationDirection = "NONE"
    point.TableTopVerticalPosition = None
    point.TableTopLongitudinalPosition = None
    point.TableTopLateralPosition = None
    point.IsocenterPosition = list(case.isocentre)


def _positions(opening: Opening) -> list[Dataset]:
    found = []
    for kind, values in (
        ("ASYMX", opening.jaws_x),
        ("ASYMY", opening.jaws_y),
        ("MLCX", opening.leaves),
    ):
        device = item(RTBeamLimitingDeviceType=kind)
        put_decimals(device, "LeafJawPositions", decimals(values, 1))
        found.append(device)
    return found
