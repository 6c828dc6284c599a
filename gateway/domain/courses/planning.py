"""Reading RTPLAN and RT Ion Plan: intent, approval, prescription, beams, brachytherapy. No control
point after the first of a beam is touched: they hold most of a plan's bytes."""

from pydicom import Dataset

from gateway.domain.courses.facts import BeamFacts, GroupFacts, PlanFacts, SetupFacts, SourceFacts
from gateway.domain.courses.values import number, text, uid, whole


def plan_facts(dataset: Dataset) -> PlanFacts:
    """Summarise a plan; every value that is absent is None or empty."""
    beams = [
        *_beams(dataset, "BeamSequence", "ControlPointSequence"),
        *_beams(dataset, "IonBeamSequence", "IonControlPointSequence"),
    ]
    machines = list(dataset.get("TreatmentMachineSequence") or [])
    return PlanFacts(
        intent=text(dataset, "PlanIntent"),
        label=text(dataset, "RTPlanLabel") or "",
        name=text(dataset, "RTPlanName") or "",
        approval=text(dataset, "ApprovalStatus"),
        planned_on=text(dataset, "RTPlanDate"),
        groups=tuple(_group(group, beams) for group in dataset.get("FractionGroupSequence") or []),
        prescriptions_gy=_prescriptions(dataset),
        beams=tuple(beams),
        setups=tuple(_setup(item) for item in dataset.get("ApplicationSetupSequence") or []),
        sources=tuple(_source(item) for item in dataset.get("SourceSequence") or []),
        afterloader=text(machines[0], "TreatmentMachineName") if machines else None,
        by_hand=text(dataset, "BrachyTreatmentType") == "MANUAL",
        structure_sets=structure_sets(dataset),
        predecessors=_related(dataset, "PREDECESSOR"),
        priors=_related(dataset, "PRIOR"),
        alternatives=_related(dataset, "ALTERNATIVE"),
        verifies=_related(dataset, "VERIFIED_PLAN"),
    )


def _related(dataset: Dataset, relationship: str) -> tuple[str, ...]:
    """Return the plans that this one names under a relationship (PS3.3 C.8.8.9)."""
    return tuple(
        uid(item, "ReferencedSOPInstanceUID")
        for item in dataset.get("ReferencedRTPlanSequence") or []
        if text(item, "RTPlanRelationship") == relationship
    )


def _beams(dataset: Dataset, sequence: str, control_points: str) -> list[BeamFacts]:
    found = []
    for beam in dataset.get(sequence) or []:
        points = beam.get(control_points) or []
        energy = number(points[0], "NominalBeamEnergy") if len(points) else None
        found.append(
            BeamFacts(
                number=whole(beam, "BeamNumber") or 0,
                machine=text(beam, "TreatmentMachineName"),
                delivery=text(beam, "TreatmentDeliveryType"),
                energies_mv=() if energy is None else (energy,),
            )
        )
    return found


def structure_sets(dataset: Dataset) -> tuple[str, ...]:
    """Return the structure sets that a plan or a dose refers to."""
    items = dataset.get("ReferencedStructureSetSequence") or []
    return tuple(uid(item, "ReferencedSOPInstanceUID") for item in items)


def _setup(item: Dataset) -> SetupFacts:
    numbers = {
        whole(channel, "ReferencedSourceNumber") for channel in item.get("ChannelSequence") or []
    }
    return SetupFacts(
        number=whole(item, "ApplicationSetupNumber") or 0,
        source_numbers=tuple(sorted(number for number in numbers if number is not None)),
    )


def _source(item: Dataset) -> SourceFacts:
    return SourceFacts(
        number=whole(item, "SourceNumber") or 0,
        isotope=text(item, "SourceIsotopeName"),
        strength=number(item, "ReferenceAirKermaRate") or number(item, "SourceStrength"),
    )


def _prescriptions(dataset: Dataset) -> tuple[float, ...]:
    """Return what targets are prescribed; what a point or an organ gets is no prescription."""
    doses = {
        number(item, "TargetPrescriptionDose")
        for item in dataset.get("DoseReferenceSequence") or []
        if text(item, "DoseReferenceType") in {"TARGET", None}
    }
    return tuple(sorted(dose for dose in doses if dose))


def _group(group: Dataset, beams: list[BeamFacts]) -> GroupFacts:
    setup_fields = {beam.number for beam in beams if beam.delivery == "SETUP"}
    doses = [
        number(item, "BeamDose")
        for item in group.get("ReferencedBeamSequence") or []
        if whole(item, "ReferencedBeamNumber") not in setup_fields
    ]
    doses += [
        number(item, "BrachyApplicationSetupDose")
        for item in group.get("ReferencedBrachyApplicationSetupSequence") or []
    ]
    given = [dose for dose in doses if dose is not None]
    return GroupFacts(
        number=whole(group, "FractionGroupNumber") or 0,
        fractions=whole(group, "NumberOfFractionsPlanned"),
        # a plan that gives the dose of some beams only says nothing about the sum
        dose_gy=sum(given) if given and len(given) == len(doses) else None,
    )
