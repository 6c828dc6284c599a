"""The course graph: which instances of one patient were planned and treated together.

Strong edges build a course: plan → structure set → images (and the rest of their series),
dose → plan, record → plan, setup image → plan. Weak edges only attach: a registration to the
images it refers to, and images that only a registration or a frame of reference connects (CBCT).
A weak edge never merges two courses: a registration between the CTs of 2024 and 2026 must not.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gateway.contract.manifest import Role
from gateway.domain.courses.facts import Known, PlanFacts
from gateway.domain.courses.instance import Instance, by_series
from gateway.domain.courses.revisions import Revision, revisions

_ANCHOR_ORDER = (Role.PLAN, Role.STRUCTURES, Role.DOSE)
_WEAK = {Role.REGISTRATION, Role.OTHER}


@dataclass(frozen=True)
class Draft:
    """A course as the references stand now."""

    anchor_uid: str
    """SOPInstanceUID of the plan, else structure set, else dose; else a SeriesInstanceUID."""
    members: tuple[Instance, ...]
    """Sorted by SOPInstanceUID."""
    revisions: tuple[Revision, ...] = ()
    """Which of its plans revise which, of this course or another of the patient."""

    def of(self, role: Role) -> tuple[Instance, ...]:
        return tuple(member for member in self.members if member.role is role)

    def facts_of(self, kind: type[Known]) -> list[Known]:
        return [member.facts for member in self.members if isinstance(member.facts, kind)]

    @property
    def revised(self) -> set[str]:
        """The plans that a later one revises."""
        return {link.earlier_uid for link in self.revisions}

    @property
    def has_anchor(self) -> bool:
        """Whether it has a plan, structure set or dose, so that it is a course at all."""
        return any(member.role in _ANCHOR_ORDER for member in self.members)


class _Groups:
    """Union-find over UIDs; a UID that has not come is a node like any other."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, node: str) -> str:
        root = node
        while self._parent.setdefault(root, root) != root:
            root = self._parent[root]
        while self._parent[node] != root:
            node, self._parent[node] = self._parent[node], root
        return root

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.find(one), self.find(other)))
        self._parent[second] = first


def assemble(instances: Sequence[Instance]) -> list[Draft]:
    """Cut one patient's instances into courses; every instance is in exactly one.

    The result depends only on the set of instances, not on the order in which they came.
    """
    ordered = sorted(instances, key=lambda i: i.sop_instance_uid)
    groups = _Groups()
    for instance in ordered:
        if instance.role in _WEAK:
            continue
        if instance.role is Role.PLANNING_IMAGE:
            groups.join(instance.sop_instance_uid, f"series {instance.series_instance_uid}")
        for reference in strong_references(instance):
            groups.join(instance.sop_instance_uid, reference)
    members: dict[str, list[Instance]] = {}
    for instance in ordered:
        if instance.role not in _WEAK:
            members.setdefault(groups.find(instance.sop_instance_uid), []).append(instance)
    courses = [group for group in members.values() if _is_course(group)]
    loose = [i for group in members.values() if not _is_course(group) for i in group]
    weak = [i for i in ordered if i.role in _WEAK]
    loose = _attach(courses, weak, loose)
    links = revisions(ordered)
    drafts = [_draft(group, links) for group in [*courses, *by_series(loose)]]
    return sorted(drafts, key=lambda draft: draft.anchor_uid)


def strong_references(instance: Instance) -> Iterable[str]:
    """Return what an instance refers to, but plans that are not treated together with it."""
    others = instance.facts.others if isinstance(instance.facts, PlanFacts) else ()
    return (r for r in instance.references if r not in others)


def _is_course(group: list[Instance]) -> bool:
    return any(instance.role in _ANCHOR_ORDER for instance in group)


def _attach(
    courses: list[list[Instance]], weak: list[Instance], loose: list[Instance]
) -> list[Instance]:
    """Add registrations, then what only they or a frame connect. Returns what stays alone."""
    home = {i.sop_instance_uid: index for index, group in enumerate(courses) for i in group}
    frames = _frame_homes(courses)
    by_uid = {i.sop_instance_uid: i for i in loose}
    series_home: dict[str, int] = {}
    alone: list[Instance] = []
    for instance in weak:
        index = _most([home.get(r) for r in instance.references])
        if index is None:
            index = _most([frames.get(f) for f in instance.frame_uids])
        if index is None:
            alone.append(instance)
            continue
        courses[index].append(instance)
        for reference in instance.references:
            if reference in by_uid:
                series_home.setdefault(by_uid[reference].series_instance_uid, index)
        for frame in instance.frame_uids:
            frames.setdefault(frame, index)
    for instance in loose:
        index = series_home.get(instance.series_instance_uid)
        if index is None:
            index = _most([frames.get(f) for f in instance.frame_uids])
        if index is None:
            alone.append(instance)
        else:
            courses[index].append(_as_attached(instance))
    return alone


def _as_attached(image: Instance) -> Instance:
    """A CT that no structure set refers to but a frame or registration does is a setup image."""
    return replace(image, role=Role.SETUP_IMAGE) if image.modality == "CT" else image


def _frame_homes(courses: list[list[Instance]]) -> dict[str, int]:
    """Map a frame of reference to the first course, by anchor, whose objects live in it."""
    homes: dict[str, int] = {}
    for index in sorted(range(len(courses)), key=lambda i: anchor_of(courses[i])):
        for instance in courses[index]:
            for frame in instance.frame_uids:
                homes.setdefault(frame, index)
    return homes


def _most(candidates: list[int | None]) -> int | None:
    counted = Counter(c for c in candidates if c is not None)
    return min(counted, key=lambda c: (-counted[c], c)) if counted else None


def anchor_of(group: Sequence[Instance]) -> str:
    """Return what names a course: its oldest plan, else structure set, dose or series."""
    for role in _ANCHOR_ORDER:
        found = [i for i in group if i.role is role]
        if found:
            return min(found, key=_age).sop_instance_uid
    return min(i.series_instance_uid for i in group)


def _age(instance: Instance) -> tuple[str, str]:
    planned = instance.facts.planned_on if isinstance(instance.facts, PlanFacts) else None
    return (planned or "", instance.sop_instance_uid)


def _draft(group: list[Instance], links: Sequence[Revision]) -> Draft:
    members = tuple(sorted(group, key=lambda i: i.sop_instance_uid))
    here = {member.sop_instance_uid for member in members}
    own = tuple(link for link in links if link.plan_uid in here)
    return Draft(anchor_uid=anchor_of(group), members=members, revisions=own)
