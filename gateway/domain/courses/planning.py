"""Reading RTPLAN and RT Ion Plan: intent, approval, prescription, beams. No control point after
the first of a beam is touched: they hold most of a plan's bytes."""

from pydicom import Dataset

from gateway.domain.courses.facts import BeamFacts, PlanFacts
from gateway.domain.courses.values import number, text, uid, whole

_LABELS = ("RTPlanLabel", "RTPlanName")


def plan_facts(dataset: Dataset) -> PlanFacts:
    """Summarise a plan; every value that is absent is None or empty."""
    beams = [
        *_beams(dataset, "BeamSequence", "ControlPointSequence"),
        *_beams(dataset, "IonBeamSequence", "IonControlPointSequence"),
    ]
    groups = list(dataset.get("FractionGroupSequence") or [])
    return PlanFacts(
        intent=text(dataset, "PlanIntent"),
        label=" ".join(filter(None, (text(dataset, name) for name in _LABELS))),
        approval=text(dataset, "ApprovalStatus"),
        planned_on=text(dataset, "RTPlanDate"),
        fractions=whole(groups[0], "NumberOfFractionsPlanned") if groups else None,
        prescribed_gy=_prescribed(dataset),
        fraction_dose_gy=_fraction_dose(groups[0], beams) if groups else None,
        beams=tuple(beams),
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
                kind=text(beam, "RadiationType"),
                delivery=text(beam, "TreatmentDeliveryType"),
                energies_mv=() if energy is None else (energy,),
            )
        )
    return found


def _prescribed(dataset: Dataset) -> float | None:
    doses = [
        number(item, "TargetPrescriptionDose")
        for item in dataset.get("DoseReferenceSequence") or []
    ]
    given = [dose for dose in doses if dose]
    return max(given) if given else None


def _fraction_dose(group: Dataset, beams: list[BeamFacts]) -> float | None:
    setup = {beam.number for beam in beams if beam.delivery == "SETUP"}
    doses = [
        number(item, "BeamDose")
        for item in group.get("ReferencedBeamSequence") or []
        if whole(item, "ReferencedBeamNumber") not in setup
    ]
    given = [dose for dose in doses if dose is not None]
    # a plan that gives the dose of some beams only says nothing about the sum
    return sum(given) if given and len(given) == len(doses) else None
