"""From the analysis of a course to the rows that are kept."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np

from harmonizer.domain.dose import DvhResult
from harmonizer.domain.dose.assembly import fractions_given
from harmonizer.domain.dose.plan import Plan, TreatmentRecord
from harmonizer.domain.nomenclature import Mapping as NameMapping
from harmonizer.domain.nomenclature import NameFinding
from harmonizer.domain.quality import Analysis, CourseFacts, Finding, Severity, StructureResult
from harmonizer.domain.studies.harmonized import MetricRow, PlanRow, PlanSummary, StructureRow

CURVE_POINTS: Final = 200
STATIC: Final = 2
"""Control points of a beam that does not move: its begin and its end."""


def describe_plan(analysis: Analysis) -> PlanSummary:
    """Return what the plan says, empty without one."""
    plan = analysis.facts.plan
    if plan is None:
        return PlanSummary()
    prescription = analysis.prescription
    return PlanSummary(
        plan.label or None,
        technique(plan),
        prescription.dose_gy,
        prescription.fractions,
        plan.intent or None,
        analysis.facts.fractions_delivered,
        treatment_days(analysis.facts.records),
    )


def technique(plan: Plan) -> str | None:
    """Return whether a plan's beams move or are shaped under way; None without beams."""
    most = max((beam.control_points for beam in plan.treatment_beams), default=0)
    return None if most == 0 else "static" if most <= STATIC else "modulated"


def describe_plans(facts: CourseFacts) -> Iterator[PlanRow]:
    """Yield a row for every plan of the course."""
    for plan in facts.plans:
        own = [one for one in facts.records if plan.sop_instance_uid in one.plan_uids]
        days = _days(own)
        wanted = {
            one.roi_number: one.prescribed_gy
            for one in plan.dose_references
            if one.kind != "ORGAN_AT_RISK" and one.roi_number is not None and one.prescribed_gy
        }
        yield PlanRow(
            plan.sop_instance_uid,
            plan.label or None,
            technique(plan),
            plan.fractions,
            fractions_given(plan, facts.records) if own else 0 if facts.records else None,
            min(days).isoformat() if days else None,
            max(days).isoformat() if days else None,
            tuple(sorted(wanted.items())),
        )


def treatment_days(records: Sequence[TreatmentRecord]) -> int | None:
    """Return the days from the first to the last record, both counted; None without dates."""
    days = _days(records)
    return (max(days) - min(days)).days + 1 if days else None


def _days(records: Sequence[TreatmentRecord]) -> list[date]:
    days = []
    for record in records:
        try:
            days.append(date.fromisoformat(record.treatment_date))
        except ValueError:
            continue
    return days


def describe_structures(
    mappings: Sequence[NameMapping], analysis: Analysis
) -> Iterator[StructureRow]:
    """Yield a row for every region of interest."""
    results = {one.roi.number: one.result for one in analysis.structures}
    for mapping in mappings:
        result = results[mapping.number]
        yield StructureRow(
            roi_number=mapping.number,
            local_name=mapping.raw_name,
            standard_name=mapping.tg263_name if mapping.auto else None,
            suggestion=mapping.tg263_name,
            kind=mapping.kind.value,
            confidence=mapping.confidence,
            status=mapping.status.value,
            reason=mapping.reason,
            alternatives=tuple(
                {"name": other.tg263_name, "confidence": other.confidence}
                for other in mapping.alternatives
            ),
            dose_status=result.status.value,
            volume_cm3=result.volume_cm3,
            curve=curve(result),
        )


def describe_metrics(structures: Sequence[StructureResult]) -> Iterator[MetricRow]:
    """Yield every metric of structures that have a volume; what means nothing has no value."""
    for one in structures:
        if one.result.volume_cm3 is None and not one.result.status.has_dose:
            continue
        for name, value in one.metrics.items():
            yield MetricRow(
                one.roi.number,
                one.standard_name,
                name,
                value.value,
                value.unit,
                value.uncertainty,
                value.note,
            )


def curve(result: DvhResult) -> tuple[tuple[float, float], ...]:
    """Return a cumulative DVH thinned for a plot: (dose in Gy, volume in per cent)."""
    dvh = result.dvh
    if dvh is None or dvh.volume_cm3[0] <= 0:
        return ()
    share = 100.0 * dvh.volume_cm3 / dvh.volume_cm3[0]
    steps = np.linspace(0, len(share) - 1, min(CURVE_POINTS, len(share)))
    chosen = np.unique(np.round(steps).astype(int))
    return tuple((round(float(dvh.dose_gy[i]), 3), round(float(share[i]), 3)) for i in chosen)


def name_findings(findings: Sequence[NameFinding], facts: CourseFacts) -> list[Finding]:
    """Return what the names and the shapes disagree about, as quality findings."""
    labels: Mapping[int, str] = {roi.number: facts.label(roi) for roi in facts.rois}
    return [
        Finding(found.code, Severity.WARNING, labels.get(found.number, "structure set"), found.text)
        for found in findings
    ]
