"""RT Plan, RT Ion Plan and RT treatment records (PS3.3 A.20, A.49, A.31) to domain objects."""

from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from harmonizer.adapters.dicomrt.elements import (
    items,
    number,
    numbers,
    read_dataset,
    text,
    whole,
)
from harmonizer.adapters.dicomrt.openings import read_openings
from harmonizer.domain.dose.plan import (
    Beam,
    BeamDelivery,
    DoseReference,
    FractionGroup,
    Place,
    Plan,
    TreatmentRecord,
)

ANGLES: Final = ("GantryAngle", "BeamLimitingDeviceAngle", "PatientSupportAngle")


def read_plan(data: bytes) -> Plan:
    """Read an RTPLAN.

    Raises
    ------
    DataError
        If the bytes are no RTPLAN.
    """
    dataset = read_dataset(data, "RTPLAN")
    groups = items(dataset, "FractionGroupSequence")
    uses = {
        whole(use, "ReferencedBeamNumber"): use
        for group in groups
        for use in items(group, "ReferencedBeamSequence")
    }
    beams = items(dataset, "BeamSequence") or items(dataset, "IonBeamSequence")
    setups = items(dataset, "PatientSetupSequence")
    return Plan(
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        label=text(dataset, "RTPlanLabel"),
        intent=text(dataset, "PlanIntent"),
        geometry=text(dataset, "RTPlanGeometry"),
        approval_status=text(dataset, "ApprovalStatus"),
        frame_of_reference_uid=text(dataset, "FrameOfReferenceUID") or None,
        structure_set_uids=_uids(dataset, "ReferencedStructureSetSequence"),
        fraction_groups=tuple(_group(group) for group in groups),
        beams=tuple(_beam(beam, uses) for beam in beams),
        dose_references=tuple(_reference(r) for r in items(dataset, "DoseReferenceSequence")),
        patient_positions=tuple(
            dict.fromkeys(p for s in setups if (p := text(s, "PatientPosition")))
        ),
        date=text(dataset, "RTPlanDate"),
    )


def _uids(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    found = [text(item, "ReferencedSOPInstanceUID") for item in items(dataset, keyword)]
    return tuple(uid for uid in found if uid)


def _group(group: Dataset) -> FractionGroup:
    used = [whole(use, "ReferencedBeamNumber") for use in items(group, "ReferencedBeamSequence")]
    return FractionGroup(
        whole(group, "FractionGroupNumber") or 0,
        whole(group, "NumberOfFractionsPlanned"),
        tuple(n for n in used if n is not None),
        bool(items(group, "ReferencedBrachyApplicationSetupSequence")),
    )


def _beam(beam: Dataset, uses: dict[int | None, Dataset]) -> Beam:
    beam_number = whole(beam, "BeamNumber")
    use = uses.get(beam_number, Dataset())
    points = items(beam, "ControlPointSequence") or items(beam, "IonControlPointSequence")
    first = points[0] if points else Dataset()
    weights = [number(point, "CumulativeMetersetWeight") for point in points]
    angles = [number(point, word) for point in points for word in ANGLES]
    return Beam(
        number=beam_number if beam_number is not None else -1,
        name=text(beam, "BeamName"),
        radiation_type=text(beam, "RadiationType"),
        delivery_type=text(beam, "TreatmentDeliveryType"),
        machine=text(beam, "TreatmentMachineName"),
        energy=number(first, "NominalBeamEnergy"),
        meterset=number(use, "BeamMeterset"),
        dose_gy=number(use, "BeamDose"),
        control_points=len(points),
        last_weight=weights[-1] if weights else None,
        final_weight=number(beam, "FinalCumulativeMetersetWeight"),
        isocenter=_place(first, "IsocenterPosition"),
        weights=tuple(weight for weight in weights if weight is not None),
        angles=tuple(angle for angle in angles if angle is not None),
        dosimeter_unit=text(beam, "PrimaryDosimeterUnit"),
        dose_place=_place(use, "BeamDoseSpecificationPoint"),
        couch=tuple(
            turn for point in points if (turn := number(point, "PatientSupportAngle")) is not None
        ),
        openings=read_openings(beam, points),
    )


def _place(dataset: Dataset, keyword: str) -> Place | None:
    """Return patient coordinates; None if they are not three numbers."""
    found = numbers(dataset, keyword)
    if found.size != 3 or not np.isfinite(found).all():
        return None
    return float(found[0]), float(found[1]), float(found[2])


def _reference(item: Dataset) -> DoseReference:
    return DoseReference(
        number=whole(item, "DoseReferenceNumber") or 0,
        kind=text(item, "DoseReferenceType"),
        structure=text(item, "DoseReferenceStructureType"),
        roi_number=whole(item, "ReferencedROINumber"),
        prescribed_gy=number(item, "TargetPrescriptionDose"),
        description=text(item, "DoseReferenceDescription"),
        place=_place(item, "DoseReferencePointCoordinates"),
    )


def read_record(data: bytes) -> TreatmentRecord:
    """Read an RT Beams (or Ion Beams) Treatment Record.

    Raises
    ------
    DataError
        If the bytes are no RTRECORD.
    """
    dataset = read_dataset(data, "RTRECORD")
    sessions = items(dataset, "TreatmentSessionBeamSequence") or items(
        dataset, "TreatmentSessionIonBeamSequence"
    )
    machines = items(dataset, "TreatmentMachineSequence")
    return TreatmentRecord(
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        plan_uids=_uids(dataset, "ReferencedRTPlanSequence"),
        treatment_date=text(dataset, "TreatmentDate"),
        machine=text(machines[0], "TreatmentMachineName") if machines else "",
        fractions_planned=whole(dataset, "NumberOfFractionsPlanned"),
        deliveries=tuple(_delivery(session) for session in sessions),
    )


def _delivery(session: Dataset) -> BeamDelivery:
    points = items(session, "ControlPointDeliverySequence") or items(
        session, "IonControlPointDeliverySequence"
    )
    last = points[-1] if points else Dataset()
    return BeamDelivery(
        beam_number=whole(session, "ReferencedBeamNumber") or 0,
        fraction=whole(session, "CurrentFractionNumber"),
        delivered_meterset=_first(session, "DeliveredPrimaryMeterset", last, "DeliveredMeterset"),
        termination=text(session, "TreatmentTerminationStatus"),
    )


def _first(first: Dataset, keyword: str, second: Dataset, other: str) -> float | None:
    value = number(first, keyword)
    return value if value is not None else number(second, other)
