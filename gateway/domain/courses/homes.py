"""What was sent as a course of its own stays one, also when something that comes later joins two.

A dose that sums two plans, or a structure set drawn on the images of both, makes one course of two
in the graph. What was sent has its name at the archive: each keeps its members, and what is new
goes to the course that it has most to do with.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from gateway.contract.manifest import Role
from gateway.domain.courses.graph import Draft
from gateway.domain.courses.instance import Instance

_IMAGES = {Role.PLANNING_IMAGE, Role.SETUP_IMAGE}
Homes = Mapping[str, int]
Count = Callable[[str], Counter[int]]
"""With how many members of each course one member is tied."""


@dataclass(frozen=True)
class _Place:
    """Where a member lies."""

    series: str
    """Of images; empty for anything else."""
    frames: frozenset[str]


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
    references = _references(draft.members)
    places = {member.sop_instance_uid: _place(member) for member in draft.members}
    while waiting := [uid for uid in uids if uid not in placed]:
        near = _near(places, placed)
        placed |= (
            _next(waiting, _tied(references, placed), near)
            or _next(waiting, near)
            or dict.fromkeys(waiting, first)
        )
    return placed


def _next(waiting: Sequence[str], *ties: Count) -> dict[str, int]:
    """Place what the first of the ties leads to; the others choose between equals."""
    found = {}
    for uid in waiting:
        if not (first := ties[0](uid)):
            continue
        counts = [first, *(tie(uid) for tie in ties[1:])]
        order = {home: ([-count[home] for count in counts], home) for home in first}
        found[uid] = min(order, key=lambda home: order[home])
    return found


def _tied(references: Mapping[str, set[str]], placed: Homes) -> Count:
    return lambda uid: Counter(placed[one] for one in references[uid] if one in placed)


def _references(members: Iterable[Instance]) -> dict[str, set[str]]:
    """Map each member to those that it refers to and those that refer to it."""
    ties: dict[str, set[str]] = {member.sop_instance_uid: set() for member in members}
    for member in members:
        for uid in ties.keys() & set(member.references):
            ties[member.sop_instance_uid].add(uid)
            ties[uid].add(member.sop_instance_uid)
    return ties


def _place(member: Instance) -> _Place:
    series = member.series_instance_uid if member.role in _IMAGES else ""
    return _Place(series, frozenset(member.frame_uids))


def _near(places: Mapping[str, _Place], placed: Homes) -> Count:
    """Count what lies in the same series of images or frame of reference, each member once.

    Kept by place, not by member: a patient has thousands of images in a few places.
    """
    framed: dict[frozenset[str], Counter[int]] = {}
    series: dict[str, dict[frozenset[str], Counter[int]]] = {}
    for uid, home in placed.items():
        place = places[uid]
        framed.setdefault(place.frames, Counter())[home] += 1
        series.setdefault(place.series, {}).setdefault(place.frames, Counter())[home] += 1
    holding: dict[str, set[frozenset[str]]] = {}
    for frames in framed:
        for frame in frames:
            holding.setdefault(frame, set()).add(frames)

    @cache
    def at(place: _Place) -> Counter[int]:
        shared = set[frozenset[str]]().union(*(holding.get(one, ()) for one in place.frames))
        found = [framed[frames] for frames in shared]
        if place.series:  # of the series, what shares a frame was counted already
            others = series.get(place.series, {}).items()
            found += [count for frames, count in others if frames.isdisjoint(place.frames)]
        return _sum(found)

    return lambda uid: at(places[uid])


def _sum(counts: Iterable[Counter[int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for count in counts:
        total.update(count)
    return total
