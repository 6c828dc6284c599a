"""Plans that are kept apart inside a course, with what hangs on them; the rest goes without them.

Exports often hold several plans of one structure set: the one that was treated, and some that were
only tried, or verified on a machine.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from gateway.contract.manifest import Role
from gateway.domain.courses.completeness import Reason
from gateway.domain.courses.graph import Draft, anchor_of, strong_references

_HANGS = {Role.PLAN, Role.DOSE, Role.RECORD, Role.SETUP_IMAGE}
WITH_ANOTHER = Reason("plan-apart", "it names a plan that is kept apart as treated together")


def kept_apart(
    draft: Draft, objected: Collection[str], left_out: Collection[str], free: Collection[str]
) -> dict[str, str]:
    """Map each member that stays here to the plan that keeps it here.

    Parameters
    ----------
    objected
        Plans that the centre's policy keeps apart, as long as another plan is left.
    left_out
        Plans that a person keeps apart.
    free
        What was sent already, or a person took in: it is never kept apart.
    """
    apart = _with_what_hangs(draft, {*objected, *left_out}, free)
    if all(plan.sop_instance_uid in apart for plan in draft.of(Role.PLAN)):
        apart = _with_what_hangs(draft, set(left_out), free)
    return apart


def _with_what_hangs(draft: Draft, plans: set[str], free: Collection[str]) -> dict[str, str]:
    """Add whatever refers to one of the plans: what goes must not refer to what stays."""
    here = {member.sop_instance_uid for member in draft.members}
    apart = {uid: uid for uid in sorted(plans & here - set(free))}
    before = -1
    while before != len(apart):
        before = len(apart)
        for member in draft.members:
            uid = member.sop_instance_uid
            on = [apart[other] for other in strong_references(member) if other in apart]
            if on and member.role in _HANGS and uid not in apart and uid not in free:
                apart[uid] = uid if member.role is Role.PLAN else min(on)
    return apart


def without(draft: Draft, apart: Mapping[str, str]) -> Draft:
    """Return the course without what is kept apart, named after what is left."""
    members = tuple(m for m in draft.members if m.sop_instance_uid not in apart)
    links = tuple(link for link in draft.revisions if link.plan_uid not in apart)
    anchor = anchor_of(members) if members else draft.anchor_uid
    return replace(draft, anchor_uid=anchor, members=members, revisions=links)
