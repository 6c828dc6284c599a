"""A course from facts to results: its dose, the histograms, the metrics, the findings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harmonizer.domain.dose.assembly import assemble
from harmonizer.domain.dose.dvh import METHOD_VERSION, DvhResult, Status, compute_dvh, without_dose
from harmonizer.domain.dose.metric_sets import metric_set
from harmonizer.domain.dose.metrics import Prescription, Value, evaluate
from harmonizer.domain.dose.plan import RtDose
from harmonizer.domain.dose.structures import Roi
from harmonizer.domain.quality.constraint_check import fitting_constraints
from harmonizer.domain.quality.engine import RULESET_VERSION, check_course
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.findings import Finding
from harmonizer.domain.quality.knowledge import Knowledge
from harmonizer.domain.quality.structure_rules import target_kind


@dataclass(frozen=True, eq=False)
class StructureResult:
    """One structure: names, histogram and metrics by TG-263 name.

    `delivered` holds the same metrics of the dose that was given, where records say that it was
    not the planned one.
    """

    roi: Roi
    standard_name: str | None
    target: str | None  # GTV, CTV, ITV, PTV
    result: DvhResult
    metrics: Mapping[str, Value]
    delivered: Mapping[str, Value]


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything that is derived of one course, with the versions that made it."""

    facts: CourseFacts
    structures: tuple[StructureResult, ...]
    findings: tuple[Finding, ...]
    prescription: Prescription
    dose_made_of: tuple[str, ...]
    delivered_made_of: tuple[str, ...]
    method: str = METHOD_VERSION
    ruleset: str = RULESET_VERSION
    knowledge: str = "none"


def described(
    facts: CourseFacts,
    knowledge: Knowledge,
    names: Mapping[int, str] | None = None,
    site: str | None = None,
    laterality: str | None = None,
    guesses: Mapping[int, str] | None = None,
) -> CourseFacts:
    """Add what the objects do not say: TG-263 names by ROI number, treated site, side (L, R, B).

    `guesses` are names that are not sure enough to be used, but enough not to miss the structure.
    """
    return replace(
        facts,
        knowledge=knowledge,
        names=names or {},
        site=site,
        laterality=laterality,
        guesses=guesses or {},
    )


def computed(facts: CourseFacts) -> CourseFacts:
    """Put the course's dose together and compute the DVH of every structure under it."""
    chosen = assemble(facts.doses, facts.plans, facts.records)
    return replace(facts, course_dose=chosen, dvhs=dvhs_under(facts, chosen.planned))


def dvhs_under(facts: CourseFacts, dose: RtDose | None) -> dict[int, DvhResult]:
    """Compute the DVH of every structure under a dose; volumes alone without one."""
    if dose is None or dose.grid is None:
        note = "no dose that can be used"
        return {roi.number: without_dose(roi, Status.BAD_DOSE, note) for roi in facts.rois}
    return {roi.number: compute_dvh(roi, dose.grid) for roi in facts.rois}


def analyse(facts: CourseFacts) -> Analysis:
    """Compute histograms, metrics and findings of a course.

    Never raises for what the data are like: what cannot be computed has no number, and a finding
    or note says why.
    """
    facts = computed(facts)
    chosen = facts.course_dose
    planned = chosen.planned if chosen else None
    delivered = chosen.delivered if chosen else None
    given = dvhs_under(facts, delivered) if delivered is not None else {}
    prescription = Prescription(facts.prescribed_gy, facts.fractions)
    return Analysis(
        facts=facts,
        structures=tuple(_structure(facts, roi, given, prescription) for roi in facts.rois),
        findings=tuple(check_course(facts)),
        prescription=prescription,
        dose_made_of=planned.made_of if planned else (),
        delivered_made_of=delivered.made_of if delivered else (),
        knowledge=facts.knowledge.version,
    )


def _structure(
    facts: CourseFacts, roi: Roi, given: Mapping[int, DvhResult], prescription: Prescription
) -> StructureResult:
    name, target = facts.standard_name(roi), target_kind(facts, roi)
    asked = [c.metric for c in fitting_constraints(facts) if c.structure == name]
    metrics = metric_set(target is not None, asked)
    result = facts.dvhs[roi.number]
    received = given.get(roi.number)
    return StructureResult(
        roi,
        facts.names.get(roi.number),
        target,
        result,
        {metric.text: evaluate(result, metric, prescription) for metric in metrics},
        {m.text: evaluate(received, m, prescription) for m in metrics} if received else {},
    )
