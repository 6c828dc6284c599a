"""One function per rule on what objects say of themselves; `rules` says what each asks."""

import re
from collections.abc import Iterable
from itertools import pairwise

from gateway.contract.manifest import Role
from gateway.domain.courses.facts import (
    DoseFacts,
    ImageFacts,
    PlanFacts,
    RecordFacts,
    StructureFacts,
)
from gateway.domain.courses.graph import Draft

NO_PATIENT = re.compile(
    r"\b(q[ac]|verif\w*|phantom\w*|fantom\w*|delta4|arccheck|octavius|matrixx)\b", re.IGNORECASE
)
"""Words of labels by which a plan or structure set says that no patient lies there."""
TREATING = {"CURATIVE", "PALLIATIVE", "PROPHYLACTIC"}
DOSE_TYPES = {"PHYSICAL", "EFFECTIVE"}


def dose_units(draft: Draft) -> list[str]:
    found = []
    for dose in draft.facts_of(DoseFacts):
        if dose.units != "GY":
            found.append(f"dose units are {dose.units or 'not given'}, not GY")
        if dose.scaling is not None and dose.scaling <= 0:
            found.append(f"dose grid scaling is {dose.scaling:g}")
    return found


def dose_type(draft: Draft) -> list[str]:
    return [
        f"dose type is {dose.kind or 'not given'}"
        for dose in draft.facts_of(DoseFacts)
        if dose.kind not in DOSE_TYPES
    ]


def beams(draft: Draft) -> list[str]:
    found = []
    for plan in draft.facts_of(PlanFacts):
        for beam in plan.beams:
            lacks = _lacks(machine=beam.machine, energy=beam.energies_mv)
            if lacks and beam.delivery != "SETUP":
                found.append(f"beam {beam.number} has no {' and no '.join(lacks)}")
    return found


def brachytherapy(draft: Draft) -> list[str]:
    found = []
    for plan in draft.facts_of(PlanFacts):
        if not plan.setups:
            continue
        if not plan.afterloader and not plan.by_hand:
            found.append("the brachytherapy has no machine")
        found += [
            f"source {source.number} has no {' and no '.join(lacks)}"
            for source in plan.sources
            if (lacks := _lacks(isotope=source.isotope, strength=source.strength))
        ]
        known = {source.number for source in plan.sources}
        found += [
            f"application setup {setup.number} has no source that the plan describes"
            for setup in plan.setups
            if not known.intersection(setup.source_numbers)
        ]
    return found


def _lacks(**values: object) -> list[str]:
    return [name for name, value in values.items() if not value]


def alternative_plans(draft: Draft) -> list[str]:
    return [
        f"a plan names {len(plan.alternatives)} other as an alternative: one of them is delivered"
        for plan in draft.facts_of(PlanFacts)
        if plan.alternatives
    ]


def plan_intent(draft: Draft) -> list[str]:
    return [
        f"the plan's intent is {plan.intent}: not a patient's treatment"
        for plan in draft.facts_of(PlanFacts)
        if plan.intent and plan.intent not in TREATING
    ]


def phantom(draft: Draft) -> list[str]:
    labels = [("plan", f"{p.label} {p.name}") for p in draft.facts_of(PlanFacts)]
    labels += [("structure set", s.label) for s in draft.facts_of(StructureFacts)]
    found = [
        f"a {what}'s label says that it is not of a patient"
        for what, label in labels
        if NO_PATIENT.search(label.replace("_", " "))
    ]
    if any(image.quality_control for image in _planning_images(draft)):
        found.append("an image says that it shows a phantom")
    return list(dict.fromkeys(found))


def superseded(draft: Draft) -> list[str]:
    plans = draft.of(Role.PLAN)
    replaced = draft.revised & {plan.sop_instance_uid for plan in plans}
    if not replaced:
        return []
    return [f"{len(replaced)} of {len(plans)} plans were revised; the latest is in force"]


def plan_unapproved(draft: Draft) -> list[str]:
    return [
        f"the plan is {plan.approval.lower()}"
        for plan in draft.facts_of(PlanFacts)
        if plan.approval in {"UNAPPROVED", "REJECTED"}
    ]


def _planning_images(draft: Draft) -> list[ImageFacts]:
    return [m.facts for m in draft.of(Role.PLANNING_IMAGE) if isinstance(m.facts, ImageFacts)]


def dates_order(draft: Draft) -> list[str]:
    """Each first day of a kind follows that of the kind before it that is known.

    A structure set is only compared with its images: its date is that of the last change.
    """
    images = _first(image.acquired_on for image in _planning_images(draft))
    drawn = _first(one.drawn_on for one in draft.facts_of(StructureFacts))
    planned = _first(plan.planned_on for plan in draft.facts_of(PlanFacts))
    treated = _first(record.treated_on for record in draft.facts_of(RecordFacts))
    steps = [("the images", images), ("the plan", planned), ("the first treatment", treated)]
    known = [(what, day) for what, day in steps if day]
    pairs = [*pairwise(known), (("the images", images), ("the structure set", drawn))]
    return [
        f"{later} is dated before {earlier}"
        for (earlier, one), (later, other) in pairs
        if one and other and other < one
    ]


def _first(days: Iterable[str | None]) -> str | None:
    return min((day for day in days if day), default=None)
