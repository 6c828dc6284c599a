"""What was sent as a course of its own stays one, also when something that comes later joins two.

A dose that sums two plans, or a structure set drawn on the images of both, makes one course of two
in the graph. What was sent has its name at the archive: each keeps its members, and what is new
goes to the course that it has most to do with.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gateway.contract.manifest import Role
from gateway.domain.courses.graph import Draft
from gateway.domain.courses.instance import Instance

_IMAGES = {Role.PLANNING_IMAGE, Role.SETUP_IMAGE}


def by_home(
    drafts: Sequence[Draft], homes: Mapping[str, int]
) -> tuple[dict[int, Draft], list[Draft]]:
    """Return the members of each course that was sent, and the courses of which nothing was.

    Parameters
    ----------
    homes
        SOP Instance UID to the course that it was sent with.
    """
    sent: dict[int, list[Draft]] = {}
    new: list[Draft] = []
    for draft in drafts:
        placed = _placed(draft, homes)
        for home in sorted(set(placed.values())):
            part = _part(draft, {uid for uid, other in placed.items() if other == home})
            sent.setdefault(home, []).append(part)
        if not placed:
            new.append(draft)
    return {home: _joined(parts) for home, parts in sorted(sent.items())}, new


def _part(draft: Draft, chosen: set[str]) -> Draft:
    return replace(
        draft,
        members=tuple(m for m in draft.members if m.sop_instance_uid in chosen),
        revisions=tuple(link for link in draft.revisions if link.plan_uid in chosen),
    )


def _joined(parts: Sequence[Draft]) -> Draft:
    members = sorted((m for part in parts for m in part.members), key=lambda m: m.sop_instance_uid)
    links = tuple(link for part in parts for link in part.revisions)
    return replace(parts[0], members=tuple(members), revisions=links)


def _placed(draft: Draft, homes: Mapping[str, int]) -> dict[str, int]:
    """Say of every member where it belongs; of none if nothing of the draft was sent.

    From what was sent it goes along references, then along series of images and frames of
    reference. Of several courses the one with most ties counts, then the one in whose frame of
    reference it lies, then the one that was sent first.
    """
    uids = [member.sop_instance_uid for member in draft.members]
    placed = {uid: homes[uid] for uid in uids if uid in homes}
    if len(set(placed.values())) < 2:
        return dict.fromkeys(uids, next(iter(placed.values()))) if placed else {}
    first = min(placed.values())
    references, places = _references(draft.members), _neighbours(draft.members)
    while waiting := [uid for uid in uids if uid not in placed]:
        placed |= (
            _next(waiting, placed, references, places)
            or _next(waiting, placed, places)
            or dict.fromkeys(waiting, first)
        )
    return placed


def _next(
    waiting: Sequence[str], placed: Mapping[str, int], *ties: Mapping[str, set[str]]
) -> dict[str, int]:
    """Place what the first of the ties leads to; the others choose between equals."""
    found = {}
    for uid in waiting:
        counts = [Counter(placed[one] for one in tie[uid] if one in placed) for tie in ties]
        order = {home: ([-count[home] for count in counts], home) for home in counts[0]}
        if order:
            found[uid] = min(order, key=lambda home: order[home])
    return found


def _references(members: Iterable[Instance]) -> dict[str, set[str]]:
    """Map each member to those that it refers to and those that refer to it."""
    ties: dict[str, set[str]] = {member.sop_instance_uid: set() for member in members}
    for member in members:
        for uid in ties.keys() & set(member.references):
            ties[member.sop_instance_uid].add(uid)
            ties[uid].add(member.sop_instance_uid)
    return ties


def _places(member: Instance) -> Iterable[str]:
    series = [f"series {member.series_instance_uid}"] if member.role in _IMAGES else []
    return [*series, *member.frame_uids]


def _neighbours(members: Iterable[Instance]) -> dict[str, set[str]]:
    """Map each member to those of its series of images and of its frames of reference."""
    shared: dict[str, set[str]] = {}
    for member in members:
        for place in _places(member):
            shared.setdefault(place, set()).add(member.sop_instance_uid)
    return {m.sop_instance_uid: set().union(*(shared[p] for p in _places(m))) for m in members}
