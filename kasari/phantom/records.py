"""RT Beams Treatment Records: one object per fraction, with every beam of it."""

from typing import Final

import numpy as np
from pydicom import Dataset
from pydicom.uid import RTBeamsTreatmentRecordStorage, RTPlanStorage

from kasari.phantom.beams import Beam, Opening, beams_of
from kasari.phantom.case import Case
from kasari.phantom.elements import (
    base,
    da,
    decimals,
    item,
    items,
    put_decimals,
    put_series,
    reference,
    write,
)
from kasari.phantom.plans import DOSE_RATE, ENERGY_MV, plan_uid

OUTPUT_NOISE: Final = 0.003
"""Spread of the delivered monitor units about the planned ones."""


def write_records(case: Case, rng: np.random.Generator) -> None:
    """Write a record for every fraction of the plan."""
    beams = beams_of(case.site, case.resolution.arc_step_degrees)
    for fraction, day in enumerate(case.days.fractions, start=1):
        minute = int(rng.integers(0, 55))
        clock = f"{8 + fraction % 8:02d}{minute:02d}00"
        uid = case.uid("record", fraction)
        dataset = base(case, "RTRECORD", RTBeamsTreatmentRecordStorage, uid, day, clock)
        dataset.OperatorsName = "Hoitaja^Håkan"
        put_series(dataset, case.uid("record series"), 10, "Hoitokerrat")
        dataset.InstanceNumber = fraction
        dataset.TreatmentDate, dataset.TreatmentTime = da(day), clock
        dataset.ReferencedRTPlanSequence = items(reference(RTPlanStorage, plan_uid(case)))
        dataset.TreatmentMachineSequence = items(_machine(case))
        dataset.ReferencedFractionGroupNumber = 1
        dataset.NumberOfFractionsPlanned = case.site.fractions
        dataset.PrimaryDosimeterUnit = "MU"
        dataset.TreatmentSessionBeamSequence = items(
            *(_delivery(beam, fraction, da(day), clock, rng) for beam in beams)
        )
        write(dataset, case.folder / f"RT.{fraction:02d}.dcm")


def _machine(case: Case) -> Dataset:
    return item(
        TreatmentMachineName=case.centre.machine,
        Manufacturer=case.centre.planning_system[0],
        InstitutionName=case.centre.institution,
        ManufacturerModelName="Linac",
        DeviceSerialNumber="1",
    )


def _delivery(beam: Beam, fraction: int, day: str, clock: str, rng: np.random.Generator) -> Dataset:
    given = round(beam.meterset * (1.0 + OUTPUT_NOISE * float(rng.standard_normal())), 1)
    ends = (beam.openings[0], beam.openings[-1])
    indices = (0, len(beam.openings) - 1)
    points = [
        _point(beam, opening, index, given, day, clock)
        for opening, index in zip(ends, indices, strict=True)
    ]
    return item(
        ReferencedBeamNumber=beam.number,
        BeamName=beam.name,
        BeamType="DYNAMIC" if beam.arc else "STATIC",
        RadiationType="PHOTON",
        TreatmentDeliveryType="TREATMENT",
        BeamLimitingDeviceLeafPairsSequence=items(
            item(RTBeamLimitingDeviceType="ASYMX", NumberOfLeafJawPairs=1),
            item(RTBeamLimitingDeviceType="ASYMY", NumberOfLeafJawPairs=1),
        ),
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        CurrentFractionNumber=fraction,
        TreatmentTerminationStatus="NORMAL",
        TreatmentVerificationStatus="VERIFIED",
        SpecifiedPrimaryMeterset=beam.meterset,
        DeliveredPrimaryMeterset=given,
        NumberOfControlPoints=len(points),
        ControlPointDeliverySequence=items(*points),
    )


def _point(beam: Beam, opening: Opening, index: int, given: float, day: str, clock: str) -> Dataset:
    """What the machine reported at the first and at the last control point."""
    jaws = []
    for kind, values in (("ASYMX", opening.jaws_x), ("ASYMY", opening.jaws_y)):
        jaw = item(RTBeamLimitingDeviceType=kind)
        put_decimals(jaw, "LeafJawPositions", decimals(values, 1))
        jaws.append(jaw)
    return item(
        ReferencedControlPointIndex=index,
        TreatmentControlPointDate=day,
        TreatmentControlPointTime=clock,
        SpecifiedMeterset=round(beam.meterset * opening.weight, 1),
        DeliveredMeterset=round(given * opening.weight, 1),
        DoseRateSet=DOSE_RATE,
        DoseRateDelivered=DOSE_RATE,
        NominalBeamEnergy=ENERGY_MV,
        NominalBeamEnergyUnit="MV",
        BeamLimitingDevicePositionSequence=items(*jaws),
        GantryAngle=round(opening.gantry, 1),
        GantryRotationDirection=beam.rotation if index == 0 else "NONE",
        BeamLimitingDeviceAngle=beam.collimator,
        BeamLimitingDeviceRotationDirection="NONE",
        PatientSupportAngle=0,
        PatientSupportRotationDirection="NONE",
        TableTopEccentricAngle=0,
        TableTopEccentricRotationDirection="NONE",
        TableTopVerticalPosition=None,
        TableTopLongitudinalPosition=None,
        TableTopLateralPosition=None,
    )
