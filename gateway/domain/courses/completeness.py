"""What a course still waits for, in words that a physicist can act on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gateway.contract.manifest import Role
from gateway.domain.courses.facts import DoseFacts, PlanFacts
from gateway.domain.courses.graph import Draft
from gateway.domain.courses.instance import Instance
from gateway.domain.courses.stacks import Gap, Stack, absent_slices, gaps_of, stacks_of

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
_ANCHORED = (Role.PLAN, Role.DOSE, Role.RECORD, Role.SETUP_IMAGE)
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
        Missing(member.sop_instance_uid, to_uid, f"{_name(member)} {why}; it has not come")
        for member in draft.members
        for to_uid in member.references
        if to_uid not in present
        for why in [_other_plan(member, to_uid) or "refers to it"]
    )


def _other_plan(member: Instance, uid: str) -> str | None:
    """Say as what a plan names another one that is not delivered with it."""
    if not isinstance(member.facts, PlanFacts):
        return None
    named = {
        "was derived from it": member.facts.predecessors,
        "names it as of an earlier treatment": member.facts.priors,
        "names it as an alternative": member.facts.alternatives,
        "verifies it": member.facts.verifies,
    }
    return next((why for why, uids in named.items() if uid in uids), None)


def reasons_of(draft: Draft, present: Collection[str], needs: Needs) -> tuple[Reason, ...]:
    """Say why the course cannot go by itself; empty when it can.

    A registration that refers to something absent does not hold a course, and neither does a plan
    that names an earlier, alternative or verified one: those are often never exported.
    """
    if not draft.has_anchor:
        kind = "/".join(sorted({m.modality for m in draft.members}))
        count = len(draft.members)
        what = f"{count} {kind} instance{'s' if count != 1 else ''}"
        return (Reason("unreferenced", f"{what}: no plan, structure set or dose refers to them"),)
    reasons: list[Reason] = []
    for member in draft.members:
        reasons += _dangling(member, draft, present)
    reasons += [Reason(*_ABSENT[role]) for role in needs.roles if _lacks(draft, role, reasons)]
    reasons += _gaps(draft, told=any(reason.code == "images-missing" for reason in reasons))
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


def _dangling(member: Instance, draft: Draft, present: Collection[str]) -> list[Reason]:
    others = member.facts.others if isinstance(member.facts, PlanFacts) else ()
    wanted = [uid for uid in member.references if uid not in others]
    absent = [uid for uid in wanted if uid not in present]
    if not absent:
        return []
    if member.role is Role.STRUCTURES:
        return [_absent_slices(member, draft, len(absent))]
    if member.role not in _ANCHORED:
        return []
    sets = member.facts.structure_sets if isinstance(member.facts, PlanFacts | DoseFacts) else ()
    a_plan = "a concurrent plan" if member.role is Role.PLAN else "a plan"
    kinds = {
        ("structures-missing", "a structure set") if uid in sets else ("plan-missing", a_plan)
        for uid in absent
    }
    return [
        Reason(code, f"{_name(member)} refers to {target} that has not come")
        for code, target in sorted(kinds)
    ]


def _absent_slices(structures: Instance, draft: Draft, absent: int) -> Reason:
    """Say how many slices of a structure set are missing and, where geometry tells, which."""
    images = drawn_on([structures], draft)
    modality = next((i.modality for i in images), "image")  # of none that is here, nobody knows
    total = len(structures.references)
    gaps = [gap for stack in stacks_of(images) for gap in gaps_of(stack, absent_slices(stack))]
    if not gaps or sum(gap.slices for gap in gaps) > absent:
        have = "has" if absent == 1 else "have"
        return Reason(
            "images-missing",
            f"{total - absent} of {total} {modality} slices are here: the structure set refers to "
            f"{absent} that {have} not come",
        )
    beyond = absent - sum(gap.slices for gap in gaps)
    rest = f", and {beyond} above or below those that are here" if beyond else ""
    where = _places(gaps)
    return Reason("images-missing", f"{absent} of {total} {modality} slices missing: {where}{rest}")


def _gaps(draft: Draft, told: bool) -> list[Reason]:
    """Tell gaps of the series that contours lie on; a localizer or an MR beside may have them.

    `told`: that slices are missing is said already, by the structure set that refers to them.
    """
    found = []
    for stack, counts in [] if told else drawn_stacks(draft):
        if absent := sum(counts):
            total = len(stack.heights_mm) + absent
            what = f"{absent} of {total} {stack.images[0].modality} slices missing"
            found.append(Reason("slice-gap", f"{what}: {_places(gaps_of(stack, counts))}"))
    return found


def drawn_on(structures: Sequence[Instance], draft: Draft) -> list[Instance]:
    """Return the planning images of every series that structure sets refer to."""
    images = draft.of(Role.PLANNING_IMAGE)
    named = {uid for one in structures for uid in one.references}
    series = {i.series_instance_uid for i in images if i.sop_instance_uid in named}
    return [i for i in images if i.series_instance_uid in series]


def contoured_images(draft: Draft) -> list[Instance]:
    """Return the planning images of every series that a structure set refers to, or all."""
    images = drawn_on(draft.of(Role.STRUCTURES), draft)
    return images or list(draft.of(Role.PLANNING_IMAGE))


def drawn_stacks(
    draft: Draft, drawn: Sequence[Instance] = ()
) -> list[tuple[Stack, tuple[int, ...]]]:
    """Return the stacks that contours lie on, and how many slices each of their steps lacks.

    None are missing, however wide a step, where structure sets name every slice that is here and
    no other: such a list is of the whole series and not of the slices with contours only.

    Parameters
    ----------
    drawn
        Structure sets whose stacks are meant; without any, those of all.
    """
    named = {uid for one in draft.of(Role.STRUCTURES) for uid in one.references}
    listed = named.issubset(member.sop_instance_uid for member in draft.members)
    found = []
    for stack in stacks_of(drawn_on(drawn, draft) or contoured_images(draft)):
        whole = listed and named.issuperset(image.sop_instance_uid for image in stack.images)
        found.append((stack, (0,) * len(stack.steps_mm) if whole else absent_slices(stack)))
    return found


def _places(gaps: Sequence[Gap]) -> str:
    told = [
        f"{'' if before and before.axis == gap.axis else f'{gap.axis} = '}{gap.first_mm:.1f}"
        + (f" to {gap.last_mm:.1f}" if gap.slices > 1 else "")
        for before, gap in zip([None, *gaps], gaps, strict=False)
    ]
    return f"gap{'s' if len(gaps) > 1 else ''} at {', '.join(told)} mm"
