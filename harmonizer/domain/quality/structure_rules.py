"""Rules about what structures there are, where they lie and how large they are."""

import re
from itertools import pairwise
from typing import Final

import numpy as np

from harmonizer.domain.dose.structures import Roi
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.findings import Hits, Rule, Severity
from harmonizer.domain.quality.shapes import centre, heights, share_outside, spacing_of

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

OUTSIDE: Final = 0.02
"""Share of a surface that may lie outside before a rule speaks."""

SLACK_MM: Final = 1.5
"""Surfaces this close count as touching."""

ROBUST_Z: Final = 4.0
"""Beyond this many robust deviations of ln(volume) a volume is an outlier."""

FEWEST: Final = 20
"""A distribution of fewer structures is not compared with."""

WRONG_SIDE_MM: Final = 25.0
"""How far an organ named for one side may lie on the other: bodies are not centred that well."""

WORDS: Final = {"L": "left", "R": "right"}

SIDES: Final = {
    "L": frozenset({"left", "lt", "sin", "links", "vasen", "vas", "vänster"}),
    "R": frozenset({"right", "rt", "dx", "dex", "rechts", "oikea", "oik", "höger"}),
}
"""How plan labels write a side, where it cannot mean anything else."""

ASIDE_MM: Final = 20.0
"""A target nearer to the body's middle than this is on no side."""

TARGET = re.compile(r"^(GTV|CTV|PTV|ITV)", re.IGNORECASE)


def target_kind(facts: CourseFacts, roi: Roi) -> str | None:
    """Return GTV, CTV, ITV or PTV if a region is such a target."""
    match = TARGET.match(facts.standard_name(roi)) or TARGET.match(roi.interpreted_type or "")
    return match[1].upper() if match else None


def bodies(facts: CourseFacts) -> list[Roi]:
    """Return the outlines of the body."""
    names = {"body", "external", "skin", "outline", "patient"}
    return [
        roi
        for roi in facts.rois
        if roi.contours
        and (
            roi.interpreted_type == "EXTERNAL"
            or facts.standard_name(roi).lower() in names
            or roi.name.lower() in names
        )
    ]


def targets(facts: CourseFacts, kind: str | None = None) -> list[Roi]:
    """Return drawn targets, of one kind or all."""
    found = [(roi, target_kind(facts, roi)) for roi in facts.rois if roi.closed_contours]
    return [roi for roi, k in found if k and (kind is None or k == kind)]


def target_outside_body(facts: CourseFacts) -> Hits:
    """GTV, CTV and PTV belong inside the body; a PTV may stick out a little."""
    for body in bodies(facts)[:1]:
        for roi in targets(facts):
            limit = 0.25 if target_kind(facts, roi) == "PTV" else 5 * OUTSIDE
            share = share_outside(roi, body, SLACK_MM)
            if share > limit:
                text = f"{share:.0%} of its outline lies outside {facts.label(body)}"
                yield facts.label(roi), text


def organ_outside_body(facts: CourseFacts) -> Hits:
    """Organs belong inside the body."""
    for body in bodies(facts)[:1]:
        for roi in facts.rois:
            if roi.interpreted_type not in {"ORGAN", "AVOIDANCE"} and not facts.names.get(
                roi.number
            ):
                continue
            if roi is body or target_kind(facts, roi) or is_support(facts.standard_name(roi)):
                continue
            share = share_outside(roi, body, 2 * SLACK_MM)
            if share > 0.5:
                text = f"{share:.0%} of its outline lies outside {facts.label(body)}"
                yield facts.label(roi), text


def is_support(name: str) -> bool:
    """Whether a name is of something around the patient, or of the patient's outline."""
    words = ("couch", "table", "bolus", "support", "fixation", "marker", "body", "external", "skin")
    return any(word in name.lower() for word in words)


def _level(facts: CourseFacts, roi: Roi) -> str:
    """Return what follows the kind in a target's name: 'CTVp_5000' gives 'p_5000'."""
    return re.sub(TARGET, "", facts.standard_name(roi)).strip("_- ").lower()


def target_nesting(facts: CourseFacts) -> Hits:
    """A CTV lies inside its PTV, a GTV inside its CTV (pairs by the rest of the name)."""
    for inner_kind, outer_kind in (("GTV", "CTV"), ("CTV", "PTV")):
        outers = targets(facts, outer_kind)
        for inner in targets(facts, inner_kind):
            own = [o for o in outers if _level(facts, o) == _level(facts, inner)]
            if not own and len(outers) == 1:
                own = outers
            for outer in own:
                share = share_outside(inner, outer, SLACK_MM)
                if share > 2 * OUTSIDE:
                    text = f"{share:.0%} of its outline lies outside {facts.label(outer)}"
                    yield facts.label(inner), text


def sides_swapped(facts: CourseFacts) -> Hits:
    """Of a pair _L and _R, the left one lies more to the patient's left (larger x)."""
    by_name = {facts.standard_name(roi): roi for roi in facts.rois if roi.closed_contours}
    for name, left in by_name.items():
        right = by_name.get(name[:-2] + "_R") if name.endswith("_L") else None
        if right is None:
            continue
        a, b = centre(left), centre(right)
        if a is not None and b is not None and a[0] < b[0] - 5.0:
            yield facts.label(left), f"lies to the right of {facts.label(right)}: sides swapped?"


def side_of_organ(facts: CourseFacts) -> Hits:
    """An organ named for a side lies on that side of the body, also where it has no partner."""
    middle = [c[0] for roi in bodies(facts)[:1] if (c := centre(roi)) is not None]
    by_name = {facts.standard_name(roi) for roi in facts.rois if roi.closed_contours}
    for roi in facts.rois if middle else ():
        name = facts.names.get(roi.number) or facts.guesses.get(roi.number, "")
        side, other = name[-1:], {"L": "R", "R": "L"}.get(name[-1:], "")
        if name[-2:-1] != "_" or not other or f"{name[:-1]}{other}" in by_name:
            continue
        place = centre(roi) if not target_kind(facts, roi) else None
        if place is None:
            continue
        offset = float(place[0] - middle[0]) * (1 if side == "L" else -1)
        if offset < -WRONG_SIDE_MM:
            text = f"lies {-offset:.0f} mm to the {WORDS[other]} of the body's middle"
            yield facts.label(roi), f"{text}: is the side in its name right?"


def _offsets(facts: CourseFacts, chosen: list[Roi]) -> list[tuple[Roi, float]]:
    """Return how far regions lie to the left of the body's middle, mm; none without a body."""
    middle = [c[0] for roi in bodies(facts)[:1] if (c := centre(roi)) is not None]
    places = [(roi, c[0]) for roi in chosen if (c := centre(roi)) is not None]
    return [(roi, float(place - middle[0])) for roi, place in places] if middle else []


def side_of_diagnosis(facts: CourseFacts) -> Hits:
    """The target lies on the diagnosis's side of the body."""
    if facts.laterality not in {"L", "R"}:
        return
    for roi, offset in _offsets(facts, _treated(facts)):
        side = "L" if offset > 0 else "R"
        if abs(offset) > ASIDE_MM and side != facts.laterality:
            text = f"lies {abs(offset):.0f} mm to the {WORDS[side]} of the body's middle"
            yield facts.label(roi), f"{text}; the diagnosis is {WORDS[facts.laterality]}"


def _treated(facts: CourseFacts) -> list[Roi]:
    return targets(facts, "PTV") or targets(facts, "CTV") or targets(facts)


def side_of_plan(facts: CourseFacts) -> Hits:
    """A side in the plan's label agrees with the diagnosis; without one, with the targets."""
    told = facts.laterality if facts.laterality in {"L", "R"} else None
    offsets = [] if told else [offset for _, offset in _offsets(facts, _treated(facts))]
    if offsets and min(abs(offset) for offset in offsets) > ASIDE_MM:
        sides = {"L" if offset > 0 else "R" for offset in offsets}
        told = sides.pop() if len(sides) == 1 else None
    for plan in facts.plans:
        said = _side_said(plan.label)
        if told and said and said != told:
            of = "the diagnosis is" if not offsets else "the targets lie on the"
            yield "plan", f"its label says {WORDS[said]}; {of} {WORDS[told]}"


def _side_said(label: str) -> str | None:
    """Return the one side that a label names; "RT" in capitals is radiotherapy."""
    words = {w.lower() for w in re.findall(r"[^\W\d_]+", label) if w != "RT"}
    sides = [side for side, names in SIDES.items() if names & words]
    return sides[0] if len(sides) == 1 else None


def side_in_names(facts: CourseFacts) -> Hits:
    """Targets named for a side agree with the diagnosis; without one, with where they lie."""
    named = [(roi, facts.standard_name(roi)[-2:]) for roi in targets(facts)]
    named = [(roi, end[1]) for roi, end in named if end in {"_L", "_R"}]
    if facts.laterality in {"L", "R"}:
        for roi, side in named:
            if side != facts.laterality:
                yield facts.label(roi), f"is named for side {side}; the diagnosis is not"
        return
    sides = {roi.number: side for roi, side in named}
    for roi, offset in _offsets(facts, [roi for roi, _ in named]):
        side = sides[roi.number]
        beyond = offset if side == "R" else -offset
        if beyond > WRONG_SIDE_MM:
            text = f"is named for side {side} and lies {beyond:.0f} mm on the other"
            yield facts.label(roi), f"{text} side of the body's middle"


def volume_outlier(facts: CourseFacts) -> Hits:
    """Volumes against the archive's own distribution, or against what anatomy allows."""
    for roi in facts.rois:
        name = facts.names.get(roi.number, roi.name)
        limits = facts.knowledge.volumes.get(name)
        usual = facts.knowledge.volumes.get(f"{facts.site}:{name}", limits)
        result = facts.dvhs.get(roi.number)
        if usual is None or result is None or not result.volume_cm3:
            continue
        volume = result.volume_cm3
        if usual.count >= FEWEST and usual.robust_sigma_log > 0:
            z = abs(np.log(volume / usual.median_cm3)) / usual.robust_sigma_log
            if z > ROBUST_Z:
                text = f"{volume:.3g} cm³; usual is {usual.median_cm3:.3g} (robust z {z:.1f})"
                yield facts.label(roi), text
        elif limits and not limits.low_cm3 <= volume <= limits.high_cm3:
            if volume < limits.low_cm3 and reaches_end_of_images(facts, roi):
                continue  # cut by the scan: its whole volume is not known
            text = f"{volume:.3g} cm³ is outside {limits.low_cm3:g} to {limits.high_cm3:g} cm³"
            yield facts.label(roi), text


def reaches_end_of_images(facts: CourseFacts, roi: Roi) -> bool:
    """Whether a structure goes on to the first or last image, where the scan may cut it."""
    places = [i.position[2] for i in facts.planning_images if i.position]
    own = heights(roi)
    if len(places) < 2 or not own.size:
        return False
    slack = 1.5 * spacing_of(roi)
    return bool(own[0] <= min(places) + slack or own[-1] >= max(places) - slack)


def missing_structures(facts: CourseFacts) -> Hits:
    """Structures that every course of this site has."""
    template = facts.knowledge.templates.get(facts.site or "")
    if template is None or facts.structure_set is None or not (facts.plans or facts.doses):
        return
    drawn = {facts.standard_name(roi).lower() for roi in facts.rois if roi.contours}
    drawn |= {facts.guesses.get(roi.number, "").lower() for roi in facts.rois if roi.contours}
    for name in template.expected:
        if name.lower() not in drawn:
            yield name, f"is expected for {template.site} and not drawn"
    for group in template.any_of:
        treated = any(TARGET.match(name) for name in group) and bool(targets(facts))
        if not treated and not any(name.lower() in drawn for name in group):
            yield " or ".join(group), f"one of these is expected for {template.site}; none is drawn"


def no_target(facts: CourseFacts) -> Hits:
    """A treated course has a target."""
    if facts.plans and facts.structure_set and not targets(facts):
        yield "structure set", "no structure is a GTV, CTV, ITV or PTV, by name or by type"


def no_body(facts: CourseFacts) -> Hits:
    """The outline of the body."""
    if facts.structure_set and not bodies(facts):
        yield "structure set", "the outline of the body is missing"


def two_bodies(facts: CourseFacts) -> Hits:
    """More than one external outline."""
    typed = [r for r in facts.rois if r.interpreted_type == "EXTERNAL" and r.contours]
    if len(typed) > 1:
        yield "structure set", f"{len(typed)} structures are of type EXTERNAL"


def tiny(facts: CourseFacts) -> Hits:
    """Volumes smaller than one dose voxel."""
    dose = facts.dose
    voxel = dose.grid.voxel_cm3 if dose and dose.grid else 0.0
    for roi in facts.rois:
        result = facts.dvhs.get(roi.number)
        if result and result.volume_cm3 is not None and result.volume_cm3 < voxel:
            text = f"{result.volume_cm3:.2g} cm³ is less than one dose voxel ({voxel:.2g} cm³)"
            yield facts.label(roi), text


def prv_smaller(facts: CourseFacts) -> Hits:
    """A PRV is larger than its organ."""
    volumes = {
        facts.standard_name(roi): result.volume_cm3
        for roi in facts.rois
        if (result := facts.dvhs.get(roi.number)) and result.volume_cm3
    }
    for name, volume in volumes.items():
        organ = re.sub(r"_PRV\d*(?=_|$)", "", name)
        if organ != name and organ in volumes and volume < volumes[organ]:
            yield (
                name,
                f"{volume:.3g} cm³ is smaller than {organ} itself ({volumes[organ]:.3g} cm³)",
            )


def target_sizes(facts: CourseFacts) -> Hits:
    """GTV, CTV and PTV of one level grow in this order."""
    by_level: dict[str, dict[str, tuple[Roi, float]]] = {}
    for roi in targets(facts):
        result = facts.dvhs.get(roi.number)
        if result and result.volume_cm3:
            kind = str(target_kind(facts, roi))
            by_level.setdefault(_level(facts, roi), {})[kind] = (roi, result.volume_cm3)
    for kinds in by_level.values():
        present = [kinds[kind] for kind in ("GTV", "CTV", "PTV") if kind in kinds]
        for (small, a), (large, b) in pairwise(present):
            if a > b * 1.02:
                yield facts.label(small), f"is larger than {facts.label(large)}"


STRUCTURE_RULES = (
    Rule("TARGET-OUTSIDE-BODY", ERROR, "target outside the body", target_outside_body),
    Rule("ORGAN-OUTSIDE-BODY", WARNING, "organ outside the body", organ_outside_body),
    Rule("TARGET-NESTING", WARNING, "inner target outside the outer", target_nesting),
    Rule("TARGET-SIZES", WARNING, "inner target larger than the outer", target_sizes),
    Rule("TARGET-NONE", INFO, "no target", no_target),
    Rule("BODY-NONE", INFO, "no outline of the body", no_body),
    Rule("BODY-TWO", WARNING, "two outlines of the body", two_bodies),
    Rule("SIDE-SWAPPED", ERROR, "left and right swapped", sides_swapped),
    Rule("SIDE-ORGAN", ERROR, "organ on the other side", side_of_organ),
    Rule("SIDE-DIAGNOSIS", ERROR, "target on the other side", side_of_diagnosis),
    Rule("SIDE-PLAN", ERROR, "plan labelled for the other side", side_of_plan),
    Rule("SIDE-NAME", WARNING, "target named for the other side", side_in_names),
    Rule("VOLUME-OUTLIER", WARNING, "unusual volume", volume_outlier),
    Rule("VOLUME-TINY", INFO, "smaller than a dose voxel", tiny),
    Rule("PRV-SMALL", WARNING, "PRV smaller than its organ", prv_smaller),
    Rule("STRUCTURE-MISSING", WARNING, "expected structure is missing", missing_structures),
)
