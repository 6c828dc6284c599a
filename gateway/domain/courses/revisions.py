"""Which plan revises which: named by the plan itself, or told by label, place and date.

A revised plan with a structure set of its own is a course of its own. The link keeps the two
together for whoever reads them; it never merges them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.contract.manifest import Role
from gateway.domain.courses.facts import PlanFacts
from gateway.domain.courses.instance import Instance


class Basis(StrEnum):
    NAMED = "named"
    """The later plan names the earlier one (RTPlanRelationship PREDECESSOR)."""
    SAME_LABEL = "same-label"
    """Same label, same structure set or frame of reference, a later date."""


@dataclass(frozen=True)
class Revision:
    """SOP Instance UIDs of a plan and of the one that it revises, which may not have come."""

    plan_uid: str
    earlier_uid: str
    basis: Basis


@dataclass(frozen=True)
class _Plan:
    uid: str
    facts: PlanFacts
    places: frozenset[str]
    """Its structure set, and the frames of reference of both."""


def revisions(instances: Sequence[Instance]) -> tuple[Revision, ...]:
    """Link one patient's plans, each to its latest predecessor or to those that it names."""
    found: list[Revision] = []
    plans = _plans(instances)
    for plan in plans:
        named = [Revision(plan.uid, uid, Basis.NAMED) for uid in plan.facts.predecessors]
        earlier = [other for other in plans if _revises(plan, other)]
        if earlier and not named:
            latest = max(earlier, key=_order)
            named = [Revision(plan.uid, latest.uid, Basis.SAME_LABEL)]
        found += named
    return tuple(found)


def _plans(instances: Sequence[Instance]) -> list[_Plan]:
    frames = {i.sop_instance_uid: i.frame_uids for i in instances if i.role is Role.STRUCTURES}
    return [
        _Plan(
            one.sop_instance_uid,
            one.facts,
            frozenset(one.frame_uids)
            | {uid for uid in one.references if uid not in one.facts.others}
            | {frame for uid in one.references for frame in frames.get(uid, ())},
        )
        for one in sorted(instances, key=lambda i: i.sop_instance_uid)
        if one.role is Role.PLAN and isinstance(one.facts, PlanFacts)
    ]


def _revises(plan: _Plan, other: _Plan) -> bool:
    """Whether a plan looks like a later one of the same name in the same place."""
    label = plan.facts.label.casefold()
    return (
        bool(label)
        and label == other.facts.label.casefold()
        and plan.facts.intent == other.facts.intent
        and bool(plan.places & other.places)
        and not _related(plan, other)
        and not _related(other, plan)
        and _order(other) < _order(plan)
    )


def _order(plan: _Plan) -> tuple[str, bool]:
    """By date; of one day, the approved plan comes after the one that was not."""
    return (plan.facts.planned_on or "", plan.facts.approval == "APPROVED")


def _related(plan: _Plan, other: _Plan) -> bool:
    """Whether a plan names the other one as something else than what it revises.

    A concurrent plan, which is delivered together with it, is among its places.
    """
    facts = plan.facts
    return other.uid in {*facts.alternatives, *facts.priors, *facts.verifies, *plan.places}
