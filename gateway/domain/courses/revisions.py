"""Which plan revises which: named by the plan itself, or told by label, place and date.

Planning systems and people mark a revision behind the label: `L:1`, `PROST1R`, `Breast rev 2`,
`HN_replan`, `Lung (1)`. An `R` or `V` there may also be a side or a vessel, so it tells only where
the rest is the very label of the earlier plan. `PROST1` and `PROST2` are two plans.

A revised plan with a structure set of its own is a course of its own. The link keeps the two
together for whoever reads them; it never merges them.
"""

import re
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
    """Same label, but for a mark of revision; same structure set or frame of reference; later."""


_REVISED = re.compile(
    r"""(?: \s*:\s*r?(?=\d) | \s*\((?=\d)
        | [\s_.-]*(?:rev(?:ised|ision)?|re-?plan(?:ned)?|adapt(?:ed|ive|ation)?)
        | [\s_.-]+copy )
        [\s_.-]*(?P<number>\d{0,2})\)?$""",
    re.IGNORECASE | re.VERBOSE,
)
_PERHAPS = re.compile(r"(?:(?<=\d)r|[\s_.-]+[rv](?=\d))(?P<number>\d{0,2})$", re.IGNORECASE)
_SAME_DOSE = 0.02


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
    return (
        _label_revises(_label(plan), _label(other))
        and (_label(plan) == _label(other) or _same_dose(plan.facts, other.facts))
        and plan.facts.intent == other.facts.intent
        and bool(plan.places & other.places)
        and not _related(plan, other)
        and not _related(other, plan)
        and _order(other) < _order(plan)
    )


def _label(plan: _Plan) -> str:
    return (plan.facts.label or plan.facts.name).casefold()


def _label_revises(later: str, earlier: str) -> bool:
    if not later or later == earlier:
        return bool(later)
    mark = _mark(later)
    if mark is None:
        return False
    stem = later[: mark.start()]
    before = _REVISED.search(earlier) if mark.re is _REVISED else None
    follows = before is not None and stem == earlier[: before.start()]
    return stem == earlier or (follows and _number(before) < _number(mark))


def _mark(label: str) -> re.Match[str] | None:
    found = _REVISED.search(label) or _PERHAPS.search(label)
    return found if found and found.start() else None


def _number(mark: re.Match[str] | None) -> int:
    return int(mark["number"] or 1) if mark else 0


def _same_dose(plan: PlanFacts, other: PlanFacts) -> bool:
    """Whether both have the same dose per fraction, where both tell. A boost may differ."""
    one, two = (
        facts.prescriptions_gy[-1] / facts.fractions
        if facts.prescriptions_gy and facts.fractions
        else None
        for facts in (plan, other)
    )
    return one is None or two is None or abs(one - two) <= _SAME_DOSE * one


def _order(plan: _Plan) -> tuple[str, bool, int]:
    """By date; of one day, first what was not approved, then by the number of the revision."""
    facts = plan.facts
    return (facts.planned_on or "", facts.approval == "APPROVED", _number(_mark(_label(plan))))


def _related(plan: _Plan, other: _Plan) -> bool:
    """Whether a plan names the other one as something else than what it revises.

    A concurrent plan, which is delivered together with it, is among its places.
    """
    facts = plan.facts
    return other.uid in {*facts.alternatives, *facts.priors, *facts.verifies, *plan.places}
