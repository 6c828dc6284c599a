"""Which dose a course's histograms are of, put together where no single object holds it.

- Doses of one frame each (per-slice RTDOSE) are joined into a grid.
- Doses of beams are added up to their plan's, if every treatment beam has one.
- The dose of one session is taken as often as the plan has fractions.
- Doses of several plans are added up only if treatment records show that each was given. Without
  records a second plan may as well be an alternative: then only the first plan's dose is used.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harmonizer.domain.dose.plan import Plan, RtDose, TreatmentRecord
from harmonizer.domain.dose.summation import Part, add_up, delivered_share, stack_frames
from harmonizer.errors import DataError

WHOLE = frozenset({"PLAN", "MULTI_PLAN", ""})


@dataclass(frozen=True, eq=False)
class CourseDose:
    """The dose that was planned for the course, and the one that was given where it differs.

    `planned.made_of` says what a sum consists of. `delivered` is None without records, or if every
    planned fraction was given. `problems` are (code, text).
    """

    planned: RtDose | None
    delivered: RtDose | None = None
    problems: tuple[tuple[str, str], ...] = ()


def assemble(
    doses: Sequence[RtDose], plans: Sequence[Plan] = (), records: Sequence[TreatmentRecord] = ()
) -> CourseDose:
    """Put a course's dose together."""
    problems: list[tuple[str, str]] = []
    usable = [dose for dose in _joined(doses, problems) if dose.grid is not None]
    several = next((dose for dose in usable if dose.summation_type == "MULTI_PLAN"), None)
    if several is not None:
        return CourseDose(several)
    known = {plan.sop_instance_uid: plan for plan in plans}
    wholes = _per_plan(usable, known, problems)
    if not wholes:
        first = usable[0] if usable else None
        return CourseDose(first, problems=tuple(problems))
    given = {uid: share for uid in wholes if (share := _share(known.get(uid), records)) is not None}
    chosen = [uid for uid in wholes if given.get(uid)] or list(wholes)[:1]
    if len(wholes) > 1 and not given:
        text = f"doses of {len(wholes)} plans and no treatment records: only the first is used"
        problems.append(("COURSE-SEVERAL-PLANS", text))
    planned = _added([wholes[uid] for uid in chosen], [1.0] * len(chosen), problems)
    if planned is None:  # what cannot be added stays apart: the first plan's dose is still known
        return CourseDose(wholes[chosen[0]], problems=tuple(problems))
    shares = [given.get(uid, 1.0) for uid in chosen]
    delivered = None
    if any(abs(share - 1.0) > 1e-9 for share in shares):
        delivered = _added([wholes[uid] for uid in chosen], shares, problems)
    return CourseDose(planned, delivered, tuple(problems))


def _joined(doses: Sequence[RtDose], problems: list[tuple[str, str]]) -> list[RtDose]:
    """Join per-slice doses; others stay."""
    groups: dict[tuple[object, ...], list[RtDose]] = defaultdict(list)
    found: list[RtDose] = []
    for dose in doses:
        if dose.grid is not None and dose.grid.stored.shape[0] == 1:
            groups[(dose.plan_uids, dose.summation_type, dose.beam_numbers)].append(dose)
        else:
            found.append(dose)
    for slices in groups.values():
        if len(slices) == 1:
            found.append(slices[0])
            continue
        try:
            grid = stack_frames([dose.grid for dose in slices if dose.grid is not None])
        except DataError as error:
            problems.append((error.code, str(error)))
            found.extend(slices)
            continue
        note = f"{len(slices)} objects of one slice each"
        found.append(replace(slices[0], grid=grid, made_of=(note,)))
    return found


def _per_plan(
    doses: Sequence[RtDose], plans: Mapping[str, Plan], problems: list[tuple[str, str]]
) -> dict[str, RtDose]:
    """Return the whole dose of each plan that has one, by the plan's UID ("" for no plan)."""
    groups: dict[str, list[RtDose]] = defaultdict(list)
    for dose in doses:
        groups[dose.plan_uids[0] if dose.plan_uids else ""].append(dose)
    wholes = {}
    for uid, group in groups.items():
        whole = next((dose for dose in group if dose.summation_type in WHOLE), None)
        whole = whole or _of_sessions(group, plans.get(uid))
        whole = whole or _of_beams(group, plans.get(uid), problems)
        if whole is not None:
            wholes[uid] = whole
    return wholes


def _of_sessions(group: Sequence[RtDose], plan: Plan | None) -> RtDose | None:
    """Return a session's dose times the planned fractions."""
    for dose in group:
        if dose.summation_type == "FRACTION_SESSION" and plan and plan.fractions and dose.grid:
            grid = replace(dose.grid, scaling=dose.grid.scaling * plan.fractions)
            text = f"dose of one session x {plan.fractions} fractions"
            return replace(dose, grid=grid, summation_type="PLAN", dvhs=(), made_of=(text,))
    return None


def _of_beams(
    group: Sequence[RtDose], plan: Plan | None, problems: list[tuple[str, str]]
) -> RtDose | None:
    """Add the doses of beams, or of fraction groups, if together they are the whole plan."""
    for kind in ("BEAM", "FRACTION"):
        parts = [dose for dose in group if dose.summation_type == kind]
        if not parts or plan is None:
            continue
        if kind == "FRACTION":
            complete = len(parts) == len(plan.fraction_groups)
        else:
            wanted = {beam.number for beam in plan.treatment_beams}
            used = [number for dose in parts for number in dose.beam_numbers]
            complete = len(used) == len(set(used)) and wanted <= set(used)
        if not complete:
            text = f"doses of {len(parts)} {kind.lower()}s are not the whole plan: not added up"
            problems.append(("DOSE-SUM-INCOMPLETE", text))
            continue
        summed = _added(parts, [1.0] * len(parts), problems)
        if summed is not None:
            note = f"{len(parts)} doses of {kind.lower()}s added up"
            return replace(summed, summation_type="PLAN", made_of=(note,))
    return None


def _added(
    doses: Sequence[RtDose], shares: Sequence[float], problems: list[tuple[str, str]]
) -> RtDose | None:
    """Return the weighted sum; the dose itself if there is one with share 1."""
    if len(doses) == 1:
        return _shared(doses[0], shares[0])
    parts = []
    for number, (dose, share) in enumerate(zip(doses, shares, strict=True), start=1):
        own = "; ".join(dose.made_of)
        text = f"plan {number}: {share:.1%} of its dose" + (f" ({own})" if own else "")
        if dose.grid is not None:
            parts.append(Part(dose.grid, share, text))
    try:
        total = add_up(parts)
    except DataError as error:
        problems.append((error.code, str(error)))
        return None
    uids = tuple(dict.fromkeys(uid for dose in doses for uid in dose.plan_uids))
    return replace(
        doses[0],
        grid=total.grid,
        dvhs=(),
        scaling=1.0,
        made_of=total.made_of,
        summation_type="MULTI_PLAN",
        plan_uids=uids,
    )


def _shared(dose: RtDose, share: float) -> RtDose:
    """Return a share of a dose, without touching its voxels."""
    if share == 1.0 or dose.grid is None:
        return dose
    grid = replace(dose.grid, scaling=dose.grid.scaling * share)
    return replace(dose, grid=grid, dvhs=(), made_of=(f"{share:.1%} of the plan's dose",))


def fractions_given(plan: Plan, records: Sequence[TreatmentRecord]) -> int | None:
    """Return how many distinct fractions of a plan have a record; None without any record."""
    own = [record for record in records if plan.sop_instance_uid in record.plan_uids]
    given = {
        (record.treatment_date if delivery.fraction is None else "", delivery.fraction or 0)
        for record in own
        for delivery in record.deliveries
    }
    return len(given) if own else None


def _share(plan: Plan | None, records: Sequence[TreatmentRecord]) -> float | None:
    """Return the share of a plan's fractions that were given; None if that is not known."""
    if plan is None or not plan.fractions:
        return None
    count = fractions_given(plan, records)
    return None if count is None else delivered_share(count, plan.fractions)
