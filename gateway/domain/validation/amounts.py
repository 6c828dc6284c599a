"""Rules that count: dose and fractions planned, prescribed and recorded."""

from collections.abc import Iterable

from gateway.contract.manifest import Role
from gateway.domain.courses.facts import PlanFacts, RecordFacts
from gateway.domain.courses.graph import Draft

PRESCRIPTION_TOLERANCE = 0.10
"""BeamDose is given at a point of the vendor's choice, so only a gross difference is told."""


def prescription(draft: Draft) -> list[str]:
    """Planned dose that agrees with no prescription of its plan.

    Of several targets the beams' dose may be that of any. A prescription may be one fraction
    group's, the plan's, or, of a boost, that of all plans together.
    """
    whole = _course_gy(draft)
    found = []
    for plan in draft.facts_of(PlanFacts):
        parts = _parts_gy(plan)
        given = {*parts, sum(parts), *whole}
        if not parts or not plan.prescriptions_gy or _agree(given, plan.prescriptions_gy):
            continue
        told = " and ".join(
            f"{group.fractions} fractions of {group.dose_gy:.2f} Gy" for group in plan.groups
        )
        asked = ", ".join(f"{gy:.2f}" for gy in plan.prescriptions_gy)
        found.append(f"{told} are {sum(parts):.2f} Gy, prescribed are {asked} Gy")
    return found


def _parts_gy(plan: PlanFacts) -> list[float]:
    """Return the dose of each fraction group, or nothing unless each tells."""
    parts = [
        group.fractions * group.dose_gy
        for group in plan.groups
        if group.fractions and group.dose_gy
    ]
    return parts if len(parts) == len(plan.groups) else []


def _course_gy(draft: Draft) -> list[float]:
    """Return the dose of all plans that are treated together, if each tells."""
    replaced = draft.revised
    plans = [
        member.facts
        for member in draft.of(Role.PLAN)
        if isinstance(member.facts, PlanFacts) and member.sop_instance_uid not in replaced
    ]
    doses = [sum(_parts_gy(plan)) for plan in plans]
    competing = any(plan.alternatives for plan in plans)
    return [sum(doses)] if doses and all(doses) and not competing else []


def _agree(given: Iterable[float], asked: Iterable[float]) -> bool:
    return any(abs(gy - one) <= PRESCRIPTION_TOLERANCE * one for gy in given for one in asked)


def fractions(draft: Draft) -> list[str]:
    return [
        "the plan does not say how many fractions"
        for plan in draft.facts_of(PlanFacts)
        if not plan.fractions
    ]


def too_many_records(draft: Draft) -> list[str]:
    """Fractions recorded of each plan, and of each of its fraction groups if records tell which."""
    found = []
    for member in draft.of(Role.PLAN):
        records = [
            one.facts
            for one in draft.of(Role.RECORD)
            if isinstance(one.facts, RecordFacts) and member.sop_instance_uid in one.references
        ]
        if isinstance(member.facts, PlanFacts):
            found += [
                f"of a plan {recorded} fractions are recorded, {planned} are planned"
                for recorded, planned in _counted(member.facts, records)
                if recorded > planned
            ]
    return found


def _counted(plan: PlanFacts, records: list[RecordFacts]) -> list[tuple[int, int]]:
    """Pair the distinct fractions that are recorded with those planned."""
    done = {(record.group, record.fraction) for record in records if record.fraction}
    planned = {group.number: group.fractions or 0 for group in plan.groups}
    if not plan.fractions:
        return []
    if len(planned) < len(plan.groups) or not {group for group, _ in done} <= set(planned):
        return [(len({fraction for _, fraction in done}), plan.fractions)]
    return [(sum(group == number for group, _ in done), count) for number, count in planned.items()]
