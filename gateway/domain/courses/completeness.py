"""What a course still waits for, in words that a physicist can act on."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from gateway.contract.manifest import Role
from gateway.domain.courses.facts import ImageFacts, PlanFacts
from gateway.domain.courses.graph import Draft
from gateway.domain.courses.instance import Instance

GAP_FACTOR = 1.5
"""A step between neighbouring slices beyond this multiple of the usual step is a gap."""

WAITING_CODES = (
    "no-images",
    "no-structures",
    "no-plan",
    "no-dose",
    "images-missing",
    "structures-missing",
    "plan-missing",
    "slice-gap",
    "unreferenced",
)
"""Every reason that something missing can have, and that may settle itself."""

_NAMES = {
    Role.STRUCTURES: "the structure set",
    Role.PLAN: "the plan",
    Role.DOSE: "the dose",
    Role.RECORD: "a treatment record",
    Role.REGISTRATION: "a registration",
    Role.SETUP_IMAGE: "a setup image",
}
_TARGETS = {
    Role.PLAN: ("structures-missing", "a structure set"),
    Role.DOSE: ("plan-missing", "a plan"),
    Role.RECORD: ("plan-missing", "a plan"),
    Role.SETUP_IMAGE: ("plan-missing", "a plan"),
}
_ABSENT = {
    Role.PLANNING_IMAGE: ("no-images", "no planning image has come"),
    Role.STRUCTURES: ("no-structures", "no structure set has come"),
    Role.PLAN: ("no-plan", "no plan has come"),
    Role.DOSE: ("no-dose", "no dose has come"),
}


@dataclass(frozen=True)
class Reason:
    """Why a course waits. `code` is stable; `text` is for people and holds no identifier."""

    code: str
    text: str


@dataclass(frozen=True)
class Missing:
    """A reference that nothing resolves."""

    from_uid: str
    to_uid: str
    reason: str


@dataclass(frozen=True)
class Needs:
    """What a course must have before it goes by itself. A centre's policy."""

    roles: tuple[Role, ...] = (Role.PLANNING_IMAGE, Role.STRUCTURES, Role.PLAN, Role.DOSE)


def missing_of(draft: Draft, present: Collection[str]) -> tuple[Missing, ...]:
    """List every reference out of the course that resolves to nothing in `present`."""
    return tuple(
        Missing(member.sop_instance_uid, to_uid, f"{_name(member)} refers to it; it has not come")
        for member in draft.members
        for to_uid in member.references
        if to_uid not in present
    )


def reasons_of(draft: Draft, present: Collection[str], needs: Needs) -> tuple[Reason, ...]:
    """Say why the course cannot go by itself; empty when it can.

    A registration or predecessor plan that refers to something absent does not hold a course:
    such objects are often made against images that are never exported.
    """
    if not draft.has_anchor:
        kind = "/".join(sorted({m.modality for m in draft.members}))
        count = len(draft.members)
        what = f"{count} {kind} instance{'s' if count != 1 else ''}"
        return (Reason("unreferenced", f"{what}: no plan, structure set or dose refers to them"),)
    reasons: list[Reason] = []
    modality = next((i.modality for i in draft.of(Role.PLANNING_IMAGE)), "image")
    for member in draft.members:
        reasons += _dangling(member, present, modality)
    reasons += [Reason(*_ABSENT[role]) for role in needs.roles if _lacks(draft, role, reasons)]
    reasons += _gaps(draft)
    return tuple(dict.fromkeys(reasons))


def _name(member: Instance) -> str:
    return _NAMES.get(member.role, "an instance")


def _lacks(draft: Draft, role: Role, told: list[Reason]) -> bool:
    """Whether a needed role is absent and no dangling reference has said so already."""
    codes = {reason.code for reason in told}
    said = {
        Role.PLANNING_IMAGE: "images-missing",
        Role.STRUCTURES: "structures-missing",
        Role.PLAN: "plan-missing",
    }.get(role)
    return role in _ABSENT and not draft.of(role) and said not in codes


def _dangling(member: Instance, present: Collection[str], modality: str) -> list[Reason]:
    others = member.facts.others if isinstance(member.facts, PlanFacts) else ()
    wanted = [uid for uid in member.references if uid not in others]
    absent = [uid for uid in wanted if uid not in present]
    if not absent:
        return []
    if member.role is Role.STRUCTURES:
        here = len(wanted) - len(absent)
        return [
            Reason(
                "images-missing",
                f"{here} of {len(wanted)} {modality} slices are here: the structure set "
                f"refers to {len(absent)} that {_have(len(absent))} not come",
            )
        ]
    if member.role in _TARGETS:
        code, target = _TARGETS[member.role]
        return [Reason(code, f"{_name(member)} refers to {target} that has not come")]
    return []


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _gaps(draft: Draft) -> list[Reason]:
    series: dict[str, list[Instance]] = {}
    for image in draft.of(Role.PLANNING_IMAGE):
        series.setdefault(image.series_instance_uid, []).append(image)
    return [reason for images in series.values() for reason in _series_gaps(images)]


def _series_gaps(images: list[Instance]) -> list[Reason]:
    """Find missing slices inside one series by its geometry alone."""
    heights = sorted({round(h, 2) for h in map(slice_height, images) if h is not None})
    steps = [high - low for low, high in pairwise(heights)]
    if len(steps) < 2:
        return []
    usual = median(steps)
    found = []
    for low, high in pairwise(heights):
        absent = round((high - low) / usual) - 1
        if high - low > GAP_FACTOR * usual:
            where = f"z = {low + usual:.1f} mm"
            what = f"{absent} {images[0].modality} slice{'s' if absent != 1 else ''}"
            found.append(Reason("slice-gap", f"{what} missing: gap at {where}"))
    return found


def slice_height(image: Instance) -> float | None:
    """Return the slice's position in mm along its own normal, or None without geometry."""
    facts = image.facts
    if not isinstance(facts, ImageFacts) or facts.position_mm is None or not facts.orientation:
        return None
    ax, ay, az, bx, by, bz = facts.orientation
    normal = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    return sum(p * n for p, n in zip(facts.position_mm, normal, strict=True))
