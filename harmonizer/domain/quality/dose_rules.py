"""Rules about the dose grid, its values and what they say about the targets."""

from collections.abc import Callable
from typing import Final

import numpy as np

from harmonizer.domain.dose.agreement import offset_from_body, share_outside_body
from harmonizer.domain.dose.dvh import Status
from harmonizer.domain.dose.metrics import dose_at_volume
from harmonizer.domain.dose.structures import Roi
from harmonizer.domain.quality.constraint_check import checked_constraints, is_conventional
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.findings import Hits, Rule, Severity
from harmonizer.domain.quality.structure_rules import FEWEST, bodies, is_support, targets

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

COARSE_MM: Final = 3.05
"""A grid with larger voxels is coarse for steep dose (IAEA TRS 430 advises finer)."""

AIR_SHARE: Final = 0.10
"""Share of the volume with high dose that may lie outside the body."""

OFFSET_VOXELS: Final = 1.5
"""Voxels by which the region of dose may lie beside the body."""

PRESCRIPTION_SHARE: Final = 0.10
"""Doses this near to each other (share) count as the same prescription."""

TARGET_SHARES: Final = (0.92, 1.10, 1.60)
"""The best covered target's median dose is this share of the prescription at least and at most;
the last where hot spots in the target are meant: stereotactic, brachytherapy."""


UNUSUAL: Final = (2.0, 4.0)
"""The best covered target's median may differ from what is usual at the centre by 2 % of the
prescription, or by this many robust deviations, whichever is more."""

COVERED_SHARE: Final = 0.85
"""D95% of the best covered PTV is at least this share of the prescription."""


def problem(code: str, title: str) -> Callable[[CourseFacts], Hits]:
    """Return a rule that reports one kind of problem met in reading or adding up doses."""

    def check(facts: CourseFacts) -> Hits:
        met = [problem for dose in facts.doses for problem in dose.problems]
        met += facts.course_dose.problems if facts.course_dose else ()
        for found, text in met:
            if found == code:
                yield "dose", text

    check.__doc__ = f"Met while reading or adding up: {title}."
    return check


def outside_grid(facts: CourseFacts) -> Hits:
    """Structures that leave the dose grid get no dose values."""
    for roi in facts.rois:
        if not _surrounds(facts, roi):
            yield from _outside(facts, roi)


def body_outside_grid(facts: CourseFacts) -> Hits:
    """The body, couch and bolus may go on beyond the dose grid; they get no dose values then."""
    for roi in facts.rois:
        if _surrounds(facts, roi):
            yield from _outside(facts, roi)


def _outside(facts: CourseFacts, roi: Roi) -> Hits:
    result = facts.dvhs.get(roi.number)
    if result and result.status in {Status.OUTSIDE, Status.PARTLY_OUTSIDE} and result.notes:
        yield facts.label(roi), result.notes[-1]


def _surrounds(facts: CourseFacts, roi: Roi) -> bool:
    return roi in bodies(facts) or is_support(facts.standard_name(roi))


def uneven(facts: CourseFacts) -> Hits:
    """Frames of a dose grid lie at equal distances."""
    for dose in facts.doses:
        steps = np.diff(dose.grid.offsets) if dose.grid else np.zeros(0)
        if steps.size and np.ptp(steps) > 0.02 * float(np.median(steps)) + 0.01:
            text = f"its frames are {steps.min():.2f} to {steps.max():.2f} mm apart"
            yield "dose", f"{text}: is an offset wrong, or a frame missing?"


def coarse(facts: CourseFacts) -> Hits:
    """Voxels too large for steep dose."""
    dose = facts.dose
    if dose and dose.grid and max(dose.grid.spacing) > COARSE_MM:
        text = " x ".join(f"{s:g}" for s in dose.grid.spacing)
        yield "dose", f"voxels of {text} mm; small structures' doses are uncertain"


def dose_type(facts: CourseFacts) -> Hits:
    """Effective dose and errors are not physical dose."""
    for dose in facts.doses:
        if dose.dose_type != "PHYSICAL":
            yield "dose", f"dose type is {dose.dose_type or 'not given'}, not PHYSICAL"


def summation(facts: CourseFacts) -> Hits:
    """Without a dose of the whole plan, values are of a part."""
    found = [*facts.doses, *([facts.dose] if facts.dose else [])]
    if facts.doses and not any(d.summation_type in {"PLAN", "MULTI_PLAN"} for d in found):
        kinds = "/".join(sorted({d.summation_type or "not given" for d in facts.doses}))
        yield "dose", f"summation type is {kinds}: no dose of the whole plan"


def made_of(facts: CourseFacts) -> Hits:
    """A dose that was put together says of what."""
    if facts.dose and facts.dose.made_of:
        yield "dose", f"values are of a sum: {'; '.join(facts.dose.made_of)}"


def not_all_given(facts: CourseFacts) -> Hits:
    """The dose that was given, where records differ from the plan."""
    given = facts.course_dose.delivered if facts.course_dose else None
    if given is not None:
        yield "dose", f"the dose given is {'; '.join(given.made_of)}"


def zero(facts: CourseFacts) -> Hits:
    """A grid without dose."""
    dose = facts.dose
    if dose and dose.grid and dose.grid.maximum_gy() <= 0:
        yield "dose", "the highest dose is zero"


def negative(facts: CourseFacts) -> Hits:
    """Negative dose."""
    dose = facts.dose
    if dose and dose.grid and dose.grid.stored.dtype.kind == "i":
        low = float(dose.grid.stored.min()) * dose.grid.scaling
        if low < 0:
            yield "dose", f"the lowest dose is {low:.3g} Gy"


def overflow(facts: CourseFacts) -> Hits:
    """Stored values that reach the type's end were probably cut off."""
    for dose in facts.doses:
        if dose.grid is None:
            continue
        top = int(np.iinfo(dose.grid.stored.dtype).max)
        reached = int(np.count_nonzero(dose.grid.stored == top))
        if reached > 1:
            yield "dose", f"{reached} voxels have the largest value that can be stored: cut off?"


def implausible(facts: CourseFacts) -> Hits:
    """Dose beyond anything that is given."""
    dose = facts.dose
    if dose and dose.grid and dose.grid.maximum_gy() > 150.0:
        text = f"the highest dose is {dose.grid.maximum_gy():.0f} Gy: units or scaling wrong?"
        yield "dose", text


def shifted(facts: CourseFacts) -> Hits:
    """High dose in air, or the body's outline in the dose beside the body: a shifted grid."""
    dose, outlines = facts.dose, bodies(facts)
    if dose is None or dose.grid is None or not outlines:
        return
    found = share_outside_body(outlines[0], dose.grid)
    if found and found.high_outside > AIR_SHARE:
        share = f"{found.high_outside:.0%} of the volume above half of the highest dose"
        yield "dose", f"{share} lies outside the body: is the dose grid shifted?"
        return
    across, down = offset_from_body(outlines[0], dose.grid)
    least = OFFSET_VOXELS * max(dose.grid.row_spacing, dose.grid.column_spacing)
    if max(abs(across), abs(down)) > least:
        text = f"the region of dose lies {across:.1f} mm along rows and {down:.1f} mm along columns"
        yield "dose", f"{text} beside the body's outline: is the dose grid shifted?"


def hot_spot(facts: CourseFacts) -> Hits:
    """Maximum far above the prescription."""
    dose, prescribed = facts.dose, facts.prescribed_gy
    if dose and dose.grid and prescribed and is_conventional(facts):
        top = dose.grid.maximum_gy()
        if top > 1.3 * prescribed:
            yield (
                "dose",
                f"highest dose {top:.1f} Gy is {top / prescribed:.0%} of {prescribed:g} Gy",
            )


def _targets_median(facts: CourseFacts) -> float | None:
    """Return the highest median dose of any target, Gy."""
    medians = [
        dose_at_volume(result.dvh, 50.0)
        for roi in targets(facts)
        if (result := facts.dvhs.get(roi.number)) and result.dvh is not None
    ]
    return max(medians) if medians else None


def prescription_missed(facts: CourseFacts) -> Hits:
    """Best covered target against the prescription."""
    prescribed, median = facts.prescribed_gy, _targets_median(facts)
    if median is None or not prescribed or per_fraction_ratio(facts):
        return
    ratio = median / prescribed
    least, most, most_elsewhere = TARGET_SHARES
    if not least <= ratio <= (most if is_conventional(facts) else most_elsewhere):
        text = f"median dose of the best covered target is {median:.2f} Gy"
        yield "dose", f"{text}; prescribed are {prescribed:g} Gy ({ratio:.0%})"


def unlike_the_centre(facts: CourseFacts) -> Hits:
    """Best covered target against what the centre's other courses for the site give it: a dose
    that is scaled by a few per cent stands out where a centre plans alike."""
    usual = facts.knowledge.target_doses.get(facts.site or "")
    prescribed, median = facts.prescribed_gy, _targets_median(facts)
    if usual is None or median is None or not prescribed or usual.count < FEWEST:
        return
    least, deviations = UNUSUAL
    off = 100 * median / prescribed - usual.median
    if abs(off) > max(least, deviations * usual.robust_sigma) and is_conventional(facts):
        text = f"median dose of the best covered target is {off + usual.median:.1f} % of the"
        how = f"usual here is {usual.median:.1f} % (robust deviation {usual.robust_sigma:.1f})"
        yield "dose", f"{text} prescription; {how}: is the dose scaled, or planned otherwise?"


def not_covered(facts: CourseFacts) -> Hits:
    """Some PTV gets the prescription nearly everywhere; if none does, the dose lies beside."""
    prescribed = facts.prescribed_gy
    found = [
        dose_at_volume(result.dvh, 95.0)
        for roi in targets(facts, "PTV") or targets(facts)
        if (result := facts.dvhs.get(roi.number)) and result.dvh is not None
    ]
    if not found or not prescribed or per_fraction_ratio(facts):
        return
    best = max(found)
    if best < COVERED_SHARE * prescribed:
        text = f"the best covered target has a D95% of {best:.1f} Gy of {prescribed:g} Gy"
        yield "dose", f"{text}: does the dose lie beside the targets?"


def per_fraction_ratio(facts: CourseFacts) -> bool:
    """Whether the targets have the prescription of a single fraction."""
    prescribed, fractions = facts.prescribed_gy, facts.fractions
    median = _targets_median(facts)
    if median is None or not prescribed or (fractions or 1) < 2:
        return False
    one = prescribed / (fractions or 1)
    return abs(median / one - 1) < PRESCRIPTION_SHARE


def one_fraction(facts: CourseFacts) -> Hits:
    """A dose for one fraction that says it is the plan's."""
    if per_fraction_ratio(facts):
        yield "dose", "the targets get the dose of one fraction: scaled per fraction?"


def constraints(facts: CourseFacts) -> Hits:
    """Published dose constraints for this fractionation."""
    for checked in checked_constraints(facts):
        if checked.met is False:
            asked = checked.constraint
            text = f"{asked.metric} is {checked.value.value:.3g}, limit {asked.limit:g}"
            yield facts.label(checked.roi), f"{text} ({asked.endpoint}; {asked.source})"


PROBLEMS = (
    ("DOSE-UNITS", ERROR, "dose units are not Gy"),
    ("DOSE-SCALING", ERROR, "dose scaling missing or not positive"),
    ("DOSE-GEOMETRY", ERROR, "dose geometry unusable"),
    ("DOSE-OFFSETS", ERROR, "frame offsets unusable or doubtful"),
    ("DOSE-NO-PIXELS", ERROR, "dose without readable values"),
    ("DOSE-CUT", ERROR, "fewer values than the grid's size says"),
    ("DOSE-TOO-LARGE", ERROR, "dose grid too large"),
    ("DOSE-SLICES", WARNING, "dose slices do not fit together"),
    ("DOSE-SUM-INCOMPLETE", WARNING, "beams' doses are not the whole plan"),
    ("DOSE-SUM-FRAMES", WARNING, "doses in different frames of reference"),
    ("COURSE-SEVERAL-PLANS", WARNING, "several plans, no records: which were given?"),
)

DOSE_RULES = (
    *(Rule(code, severity, title, problem(code, title)) for code, severity, title in PROBLEMS),
    Rule("GRID-CUTS-STRUCTURE", WARNING, "structure leaves the dose grid", outside_grid),
    Rule("GRID-CUTS-BODY", INFO, "body leaves the dose grid", body_outside_grid),
    Rule("GRID-UNEVEN", WARNING, "dose frames at unequal distances", uneven),
    Rule("GRID-COARSE", WARNING, "coarse dose grid", coarse),
    Rule("DOSE-TYPE", WARNING, "dose is not physical", dose_type),
    Rule("DOSE-SUMMATION", WARNING, "no dose of the whole plan", summation),
    Rule("DOSE-SUM", INFO, "dose is a sum", made_of),
    Rule("DOSE-GIVEN", INFO, "dose given differs from the plan", not_all_given),
    Rule("DOSE-ZERO", ERROR, "no dose in the grid", zero),
    Rule("DOSE-NEGATIVE", ERROR, "negative dose", negative),
    Rule("DOSE-OVERFLOW", ERROR, "dose cut off at the largest value", overflow),
    Rule("DOSE-IMPLAUSIBLE", ERROR, "dose beyond anything given", implausible),
    Rule("DOSE-SHIFTED", ERROR, "high dose outside the body", shifted),
    Rule("DOSE-HOT", WARNING, "hot spot far above the prescription", hot_spot),
    Rule("DOSE-PRESCRIPTION", WARNING, "targets do not get the prescription", prescription_missed),
    Rule("DOSE-UNUSUAL", WARNING, "target dose unlike the centre's", unlike_the_centre),
    Rule("DOSE-BESIDE-TARGET", WARNING, "no target is covered", not_covered),
    Rule("DOSE-ONE-FRACTION", ERROR, "dose of one fraction", one_fraction),
    Rule("CONSTRAINT", INFO, "published constraint exceeded", constraints),
)
