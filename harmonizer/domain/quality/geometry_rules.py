"""Rules about contours, planes and frames of reference."""

from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.findings import Hits, Rule, Severity

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741


def no_structure_set(facts: CourseFacts) -> Hits:
    """A dose without a structure set gives no DVH."""
    if facts.doses and not facts.structure_sets:
        yield "course", "there is a dose but no structure set: no dose-volume data"


def no_dose(facts: CourseFacts) -> Hits:
    """A plan without a dose gives no DVH."""
    if facts.plans and not facts.doses:
        yield "course", "there is a plan but no dose: no dose-volume data"


def frames_differ(facts: CourseFacts) -> Hits:
    """Dose and structures must share a frame of reference."""
    dose = facts.dose
    if dose is None or not dose.frame_of_reference_uid:
        return
    frames = {roi.frame_of_reference_uid for roi in facts.rois if roi.frame_of_reference_uid}
    if frames and dose.frame_of_reference_uid not in frames:
        yield "dose", "dose and structures have different frames of reference: not comparable"


def empty_structures(facts: CourseFacts) -> Hits:
    """A region without contours."""
    for roi in facts.rois:
        if not roi.contours:
            yield facts.label(roi), "has no contours"


def few_points(facts: CourseFacts) -> Hits:
    """Closed contours of one or two points enclose nothing."""
    for roi in facts.rois:
        bad = sum(1 for c in roi.contours if c.is_closed and len(c.points) < 3)
        if bad:
            yield facts.label(roi), f"{bad} closed contours have fewer than three points"


def outside_grid(facts: CourseFacts) -> Hits:
    """Structures that leave the dose grid get no dose values."""
    for roi in facts.rois:
        result = facts.dvhs.get(roi.number)
        if result and result.outside_cm3 > 0 and not result.status.has_dose:
            yield facts.label(roi), result.notes[-1]


GEOMETRY_RULES = (
    Rule("COURSE-NO-STRUCTURES", W, "dose without structure set", no_structure_set),
    Rule("COURSE-NO-DOSE", W, "plan without dose", no_dose),
    Rule("FRAME-DOSE", E, "dose in another frame of reference", frames_differ),
    Rule("CONTOUR-NONE", I, "structure without contours", empty_structures),
    Rule("CONTOUR-FEW-POINTS", W, "contour of one or two points", few_points),
    Rule("GRID-CUTS-STRUCTURE", W, "structure leaves the dose grid", outside_grid),
)
