"""From what was read and computed of a course to the rows that are kept."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from harmonizer.domain.dose import (
    DvhResult,
    Metric,
    Prescription,
    evaluate,
    parse_metric,
)
from harmonizer.domain.nomenclature import Mapping as NameMapping
from harmonizer.domain.nomenclature import NameFinding
from harmonizer.domain.quality import CourseFacts, Finding, Severity
from harmonizer.domain.studies.harmonized import MetricRow, PlanSummary, StructureRow

CURVE_POINTS: Final = 200

ORGAN_METRICS: Final = (
    "Volume[cc]",
    "Mean[Gy]",
    "Min[Gy]",
    "Max[Gy]",
    "D0.03cc[Gy]",
    "D1cc[Gy]",
    "D2%[Gy]",
    "D50%[Gy]",
    "D95%[Gy]",
    "D98%[Gy]",
    "V5Gy[%]",
    "V10Gy[%]",
    "V20Gy[%]",
    "V30Gy[%]",
    "V40Gy[%]",
    "V50Gy[%]",
    "V60Gy[%]",
    "V70Gy[%]",
)
TARGET_METRICS: Final = ("D95%[%]", "V95%[%]", "V107%[cc]", "HI")
_METRICS: Final = tuple(parse_metric(name) for name in ORGAN_METRICS)
_TARGET_METRICS: Final = tuple(parse_metric(name) for name in TARGET_METRICS)


def describe_plan(facts: CourseFacts) -> PlanSummary:
    """Return what the plan says, empty without one."""
    plan = facts.plan
    if plan is None:
        return PlanSummary()
    most = max((beam.control_points for beam in plan.treatment_beams), default=0)
    technique = None if most == 0 else "static" if most <= 2 else "modulated"
    return PlanSummary(plan.label or None, technique, plan.prescribed_gy, plan.fractions)


def describe_structures(
    mappings: Sequence[NameMapping], dvhs: Mapping[int, DvhResult]
) -> Iterator[StructureRow]:
    """Yield a row for every region of interest."""
    for mapping in mappings:
        result = dvhs.get(mapping.number)
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
            dose_status=result.status.value if result else "no dose",
            volume_cm3=result.volume_cm3 if result else None,
            curve=curve(result) if result else (),
        )


def describe_metrics(
    mappings: Sequence[NameMapping], dvhs: Mapping[int, DvhResult], prescription: Prescription
) -> Iterator[MetricRow]:
    """Yield the metrics that mean something; one that does not has a note and no value."""
    for mapping in mappings:
        result = dvhs.get(mapping.number)
        if result is None or (result.volume_cm3 is None and not result.status.has_dose):
            continue
        name = mapping.tg263_name if mapping.auto else None
        metrics = (*_METRICS, *_TARGET_METRICS) if mapping.kind.value == "target" else _METRICS
        for metric in metrics:
            yield _row(mapping.number, name, metric, result, prescription)


def _row(
    number: int, name: str | None, metric: Metric, result: DvhResult, prescription: Prescription
) -> MetricRow:
    value = evaluate(result, metric, prescription)
    return MetricRow(
        number, name, metric.text, value.value, value.unit, value.uncertainty, value.note
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
    labels = {roi.number: facts.label(roi) for roi in facts.rois}
    return [
        Finding(found.code, Severity.WARNING, labels.get(found.number, "structure set"), found.text)
        for found in findings
    ]
