"""Rules about prescription, beams and what was delivered."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from harmonizer.domain.dose.assembly import fractions_given
from harmonizer.domain.dose.plan import Beam
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.findings import Hits, Rule, Severity
from harmonizer.domain.quality.shapes import axial
from harmonizer.domain.quality.structure_rules import bodies

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

FRACTION_GY: Final = (0.5, 34.0)
"""Prescribed dose per fraction outside this is a slip of units or of fractions."""

METERSET_PER_CGY: Final = (0.3, 15.0)
"""Monitor units per prescribed cGy, over all beams of a fraction."""

METERSET_OVER_OTHERS: Final = 5.0
"""Times the other beams' MU per dose that a beam may need."""

LEAST_BEAM_GY: Final = 0.1
"""Beams that give less to the reference point are not compared: it may lie in their shadow."""

NOT_TREATED: Final = frozenset({"VERIFICATION", "MACHINE_QA", "RESEARCH", "SERVICE"})

DELIVERED: Final = 0.05
"""Delivered meterset may differ from the planned one by 5 %."""


def no_prescription(facts: CourseFacts) -> Hits:
    """Percentages and target checks need the prescription."""
    for plan in facts.plans:
        if not plan.prescribed_gy:
            yield "plan", "no prescribed dose to a target: percentages cannot be computed"


def no_fractions(facts: CourseFacts) -> Hits:
    """EQD2 needs the number of fractions."""
    for plan in facts.plans:
        if not plan.fractions:
            yield "plan", "the number of fractions is missing"


def fraction_size(facts: CourseFacts) -> Hits:
    """Dose per fraction."""
    for plan in facts.plans:
        if plan.prescribed_gy and plan.fractions:
            one = plan.prescribed_gy / plan.fractions
            if not FRACTION_GY[0] <= one <= FRACTION_GY[1]:
                text = f"{plan.prescribed_gy:g} Gy in {plan.fractions} fractions"
                yield "plan", f"{text} is {one:.3g} Gy each"


def no_beams(facts: CourseFacts) -> Hits:
    """A plan without beams."""
    for plan in facts.plans:
        brachy = any(group.brachy for group in plan.fraction_groups)
        if not plan.beams and not brachy:
            yield "plan", "the plan has no beams"


def not_for_treatment(facts: CourseFacts) -> Hits:
    """Plans for verification, machines or research."""
    for plan in facts.plans:
        if plan.intent in NOT_TREATED or plan.geometry == "TREATMENT_DEVICE":
            yield (
                "plan",
                f"its intent is {plan.intent or 'not given'}: was a patient treated by it?",
            )


def repeated_beam(facts: CourseFacts) -> Hits:
    """One beam per number."""
    for plan in facts.plans:
        counts = Counter(beam.number for beam in plan.beams)
        for number, count in counts.items():
            if count > 1:
                yield "plan", f"{count} beams have the number {number}"


def unknown_beam(facts: CourseFacts) -> Hits:
    """Fraction groups name beams that the plan has."""
    for plan in facts.plans:
        known = {beam.number for beam in plan.beams}
        used = {number for group in plan.fraction_groups for number in group.beam_numbers}
        if known and used - known:
            yield "plan", f"the fraction group uses {len(used - known)} beams that do not exist"


def no_meterset(facts: CourseFacts) -> Hits:
    """Every treatment beam has monitor units."""
    for plan in facts.plans:
        used = {number for group in plan.fraction_groups for number in group.beam_numbers}
        for beam in plan.treatment_beams:
            if beam.number in used and (beam.meterset is None or beam.meterset <= 0):
                yield f"beam {beam.number}", "has no meterset"


def meterset_unusual(facts: CourseFacts) -> Hits:
    """Monitor units against the dose of a fraction."""
    for plan in facts.plans:
        photon = [
            beam
            for beam in plan.treatment_beams
            if beam.radiation_type in {"PHOTON", "ELECTRON"} and beam.dosimeter_unit in {"", "MU"}
        ]
        yield from _beyond_the_others(photon)
        total = sum(beam.meterset or 0.0 for beam in photon)
        if total > 0 and plan.prescribed_gy and plan.fractions and len(plan.fraction_groups) == 1:
            ratio = total / (100 * plan.prescribed_gy / plan.fractions)
            if not METERSET_PER_CGY[0] <= ratio <= METERSET_PER_CGY[1]:
                yield "plan", f"{total:.0f} MU per fraction are {ratio:.2f} MU per prescribed cGy"


def _beyond_the_others(beams: Sequence[Beam]) -> Hits:
    """Yield beams that need many more MU for their dose than the plan's others do."""
    ratios = {
        beam.number: beam.meterset / beam.dose_gy
        for beam in beams
        if beam.meterset and beam.dose_gy and beam.dose_gy > LEAST_BEAM_GY
    }
    for number, ratio in ratios.items():
        others = [other for key, other in ratios.items() if key != number]
        if others and ratio > METERSET_OVER_OTHERS * float(np.median(others)):
            times = ratio / float(np.median(others))
            yield (
                f"beam {number}",
                f"its MU per dose are {times:.1f} times those of the other beams",
            )


def no_energy(facts: CourseFacts) -> Hits:
    """Every treatment beam has an energy."""
    for plan in facts.plans:
        for beam in plan.treatment_beams:
            if beam.energy is None and beam.control_points:
                yield f"beam {beam.number}", "has no nominal energy"


def energy(facts: CourseFacts) -> Hits:
    """Energies that linear accelerators have."""
    for plan in facts.plans:
        for beam in plan.treatment_beams:
            top = {"PHOTON": 25.0, "ELECTRON": 30.0}.get(beam.radiation_type, 500.0)
            if beam.energy is not None and not 0 < beam.energy <= top:
                yield f"beam {beam.number}", f"nominal energy {beam.energy:g} is not plausible"


def machines(facts: CourseFacts) -> Hits:
    """One plan, one machine."""
    for plan in facts.plans:
        names = {beam.machine for beam in plan.treatment_beams if beam.machine}
        if len(names) > 1:
            yield "plan", f"beams are for {len(names)} different machines"


def no_machine(facts: CourseFacts) -> Hits:
    """Every treatment beam names its machine."""
    for plan in facts.plans:
        lost = [beam for beam in plan.treatment_beams if not beam.machine]
        if lost:
            yield "plan", f"{len(lost)} beams name no treatment machine"


def unused_beam(facts: CourseFacts) -> Hits:
    """Treatment beams are in a fraction group."""
    for plan in facts.plans:
        used = {number for group in plan.fraction_groups for number in group.beam_numbers}
        lost = [beam for beam in plan.treatment_beams if beam.number not in used]
        if used and lost:
            yield "plan", f"{len(lost)} treatment beams are in no fraction group: are they given?"


def angles(facts: CourseFacts) -> Hits:
    """Gantry, collimator and couch angles lie between 0 and 360 degrees."""
    for plan in facts.plans:
        for beam in plan.beams:
            bad = [angle for angle in beam.angles if not -0.05 <= angle <= 360.05]
            if bad:
                yield f"beam {beam.number}", f"an angle of {bad[0]:g} degrees"


def control_points(facts: CourseFacts) -> Hits:
    """Cumulative weights never fall, and end at the final weight."""
    for plan in facts.plans:
        for beam in plan.treatment_beams:
            last, final = beam.last_weight, beam.final_weight
            if last is not None and final and abs(last - final) > 1e-3 * final:
                text = f"control points end at weight {last:g}, the beam at {final:g}"
                yield f"beam {beam.number}", text
            if np.any(np.diff(beam.weights) < -1e-6):
                yield f"beam {beam.number}", "the weights of its control points fall"


def isocentres(facts: CourseFacts) -> Hits:
    """Beams of a plan share an isocentre, or are meant not to."""
    for plan in facts.plans:
        places = [beam.isocenter for beam in plan.treatment_beams]
        known = np.array([place for place in places if place is not None])
        if known.size and len(known) < len(places):
            yield "plan", f"{len(places) - len(known)} beams have no isocentre"
        if not known.size and places and not any(beam.dosimeter_unit == "" for beam in plan.beams):
            yield "plan", "no beam has an isocentre"
        if len(known) > 1 and np.ptp(known, axis=0).max() > 1.0:
            apart = float(np.ptp(known, axis=0).max())
            yield "plan", f"its beams' isocentres lie up to {apart:.0f} mm apart"


def isocentre(facts: CourseFacts) -> Hits:
    """The isocentre lies in or near the body."""
    plan = facts.plan
    contours = [c for body in bodies(facts)[:1] for c in axial(body.closed_contours)]
    if plan is None or not contours:
        return
    points = np.concatenate([c.points for c in contours])
    low, high = points.min(axis=0) - 50.0, points.max(axis=0) + 50.0
    for beam in plan.treatment_beams:
        if beam.isocenter is None:
            continue
        place = np.array(beam.isocenter)
        if np.any(place < low) or np.any(place > high):
            yield f"beam {beam.number}", "its isocentre lies more than 5 cm outside the body"


def beam_doses(facts: CourseFacts) -> Hits:
    """Beam doses add up to the fraction's."""
    for plan in facts.plans:
        doses = [beam.dose_gy for beam in plan.treatment_beams if beam.dose_gy is not None]
        complete = len(doses) == len(plan.treatment_beams) and len(plan.fraction_groups) == 1
        if doses and complete and plan.prescribed_gy and plan.fractions:
            one = plan.prescribed_gy / plan.fractions
            if abs(sum(doses) / one - 1) > 0.2:
                text = f"beam doses add up to {sum(doses):.2f} Gy, a fraction is {one:.2f} Gy"
                yield "plan", text


def approval(facts: CourseFacts) -> Hits:
    """Plans that nobody approved."""
    for plan in facts.plans:
        if plan.approval_status == "UNAPPROVED":
            yield "plan", "its approval status is UNAPPROVED"


def rejected(facts: CourseFacts) -> Hits:
    """Plans and structure sets that were rejected."""
    for plan in facts.plans:
        if plan.approval_status == "REJECTED":
            yield "plan", "its approval status is REJECTED"
    chosen = facts.structure_set
    if chosen and chosen.approval_status == "REJECTED":
        yield "structure set", "its approval status is REJECTED"


def delivered_fractions(facts: CourseFacts) -> tuple[int, int] | None:
    """Return fractions given and planned for the course's plan; None if not known."""
    plan = facts.plan
    if plan is None or not plan.fractions or not facts.records:
        return None
    given = fractions_given(plan, facts.records)
    return None if given is None else (given, plan.fractions)


def too_many(facts: CourseFacts) -> Hits:
    """More fractions than planned."""
    counts = delivered_fractions(facts)
    if counts and counts[0] > counts[1]:
        yield "records", f"{counts[0]} fractions delivered, {counts[1]} planned"


def too_few(facts: CourseFacts) -> Hits:
    """Fewer fractions than planned."""
    counts = delivered_fractions(facts)
    if counts and counts[0] < counts[1]:
        text = f"{counts[0]} of {counts[1]} planned fractions have a record"
        yield "records", f"{text}: the planned dose was not all given, or records are missing"


def delivered_meterset(facts: CourseFacts) -> Hits:
    """Delivered monitor units against the plan."""
    plan = facts.plan
    if plan is None:
        return
    planned = {beam.number: beam.meterset for beam in plan.beams if beam.meterset}
    off: Counter[int] = Counter()
    for record in facts.records:
        for delivery in record.deliveries:
            wanted = planned.get(delivery.beam_number)
            given = delivery.delivered_meterset
            if plan.sop_instance_uid not in record.plan_uids or not wanted or given is None:
                continue
            if abs(given / wanted - 1) > DELIVERED:
                off[delivery.beam_number] += 1
    for number, count in sorted(off.items()):
        yield f"beam {number}", f"{count} deliveries differ by more than 5 % from the planned MU"


def interrupted(facts: CourseFacts) -> Hits:
    """Deliveries that did not end normally."""
    ends = [d.termination for r in facts.records for d in r.deliveries]
    bad = sum(1 for end in ends if end not in {"", "NORMAL"})
    if bad:
        yield "records", f"{bad} of {len(ends)} beam deliveries did not end normally"


def delivered_beams(facts: CourseFacts) -> Hits:
    """Records are of beams that the plan has."""
    known = {plan.sop_instance_uid: {beam.number for beam in plan.beams} for plan in facts.plans}
    lost = sum(
        1
        for record in facts.records
        for delivery in record.deliveries
        for uid in record.plan_uids
        if known.get(uid) and delivery.beam_number not in known[uid]
    )
    if lost:
        yield "records", f"{lost} deliveries are of beams that the plan does not have"


def record_order(facts: CourseFacts) -> Hits:
    """Fractions are given in the order of their numbers."""
    dates: dict[tuple[str, ...], dict[int, str]] = {}
    for record in facts.records:
        numbers = [d.fraction for d in record.deliveries if d.fraction is not None]
        if numbers and record.treatment_date:
            dates.setdefault(record.plan_uids, {})[min(numbers)] = record.treatment_date
    for given in dates.values():
        days = [given[number] for number in sorted(given)]
        back = sum(1 for before, after in pairwise(days) if after < before)
        if back:
            yield (
                "records",
                f"{back} fractions are dated before the fraction with the number before",
            )


def other_machine(facts: CourseFacts) -> Hits:
    """Treated on the machine that was planned."""
    plan = facts.plan
    names = {beam.machine for beam in plan.treatment_beams if beam.machine} if plan else set()
    used = {r.machine for r in facts.records if r.machine}
    if names and used - names:
        yield "records", "some fractions were treated on another machine than planned"


def repeated_delivery(facts: CourseFacts) -> Hits:
    """One beam of one fraction recorded twice in full."""
    counts = Counter(
        (record.plan_uids, delivery.beam_number, delivery.fraction)
        for record in facts.records
        for delivery in record.deliveries
        if delivery.fraction is not None and delivery.termination in {"", "NORMAL"}
    )
    bad = sum(1 for count in counts.values() if count > 1)
    if bad:
        yield "records", f"{bad} beam deliveries are recorded more than once"


PLAN_RULES = (
    Rule("PLAN-NO-PRESCRIPTION", INFO, "no prescribed dose", no_prescription),
    Rule("PLAN-NO-FRACTIONS", WARNING, "no number of fractions", no_fractions),
    Rule("PLAN-FRACTION-SIZE", ERROR, "implausible dose per fraction", fraction_size),
    Rule("PLAN-NO-BEAMS", WARNING, "plan without beams", no_beams),
    Rule("PLAN-INTENT", WARNING, "plan was not made to treat", not_for_treatment),
    Rule("PLAN-BEAM-TWICE", ERROR, "two beams of one number", repeated_beam),
    Rule("PLAN-BEAM-UNKNOWN", ERROR, "fraction group uses unknown beam", unknown_beam),
    Rule("PLAN-NO-METERSET", WARNING, "beam without meterset", no_meterset),
    Rule("PLAN-METERSET", WARNING, "unusual monitor units", meterset_unusual),
    Rule("PLAN-NO-ENERGY", WARNING, "beam without energy", no_energy),
    Rule("PLAN-ENERGY", ERROR, "implausible energy", energy),
    Rule("PLAN-NO-MACHINE", INFO, "beam without machine", no_machine),
    Rule("PLAN-BEAM-UNUSED", WARNING, "beam in no fraction group", unused_beam),
    Rule("PLAN-ANGLE", ERROR, "impossible angle", angles),
    Rule("PLAN-ISOCENTRES", INFO, "several isocentres, or none", isocentres),
    Rule("PLAN-MACHINES", WARNING, "several machines", machines),
    Rule("PLAN-CONTROL-POINTS", ERROR, "weights do not add up", control_points),
    Rule("PLAN-ISOCENTRE", ERROR, "isocentre outside the body", isocentre),
    Rule("PLAN-BEAM-DOSE", WARNING, "beam doses do not add up", beam_doses),
    Rule("PLAN-APPROVAL", INFO, "plan not approved", approval),
    Rule("APPROVAL-REJECTED", WARNING, "rejected plan or structure set", rejected),
    Rule("RECORD-BEAM-UNKNOWN", WARNING, "record of an unknown beam", delivered_beams),
    Rule("RECORD-ORDER", WARNING, "fractions out of order", record_order),
    Rule("RECORD-TOO-MANY", WARNING, "more fractions than planned", too_many),
    Rule("RECORD-TOO-FEW", WARNING, "fewer fractions than planned", too_few),
    Rule("RECORD-METERSET", WARNING, "delivered MU differ", delivered_meterset),
    Rule("RECORD-INTERRUPTED", INFO, "delivery interrupted", interrupted),
    Rule("RECORD-MACHINE", WARNING, "another machine", other_machine),
    Rule("RECORD-TWICE", WARNING, "delivery recorded twice", repeated_delivery),
)
