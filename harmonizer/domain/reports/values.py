"""A course's results as plain values, for JSON."""

from collections.abc import Mapping
from typing import Any

from harmonizer.domain.dose.metrics import Value
from harmonizer.domain.quality.analysis import Analysis, StructureResult
from harmonizer.domain.quality.constraint_check import Checked, checked_constraints
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.reports.curves import thinned

FORMAT = 1
"""Changes with the names or the meaning of what is in here."""


def report_values(analysis: Analysis) -> dict[str, Any]:
    """Return everything that the report shows, except the images."""
    facts, plan = analysis.facts, analysis.facts.plan
    return {
        "format": FORMAT,
        "made_by": {
            "method": analysis.method,
            "rules": analysis.ruleset,
            "knowledge": analysis.knowledge,
        },
        "site": facts.site,
        "laterality": facts.laterality,
        "plan": {
            "label": plan.label if plan else None,
            "prescribed_gy": analysis.prescription.dose_gy,
            "fractions": analysis.prescription.fractions,
        },
        "dose": {
            "made_of": list(analysis.dose_made_of),
            "delivered_made_of": list(analysis.delivered_made_of),
        },
        "objects": _objects(facts),
        "findings": [
            {"code": f.code, "severity": f.severity.value, "where": f.where, "text": f.text}
            for f in analysis.findings
        ],
        "structures": [_structure(one) for one in analysis.structures],
        "constraints": [_constraint(one) for one in checked_constraints(facts)],
    }


def _objects(facts: CourseFacts) -> dict[str, int]:
    return {
        "images": len(facts.images),
        "structure_sets": len(facts.structure_sets),
        "plans": len(facts.plans),
        "doses": len(facts.doses),
        "records": len(facts.records),
        "unreadable": len(facts.unreadable),
    }


def _constraint(one: Checked) -> dict[str, Any]:
    return {
        "roi_number": one.roi.number,
        "structure": one.constraint.structure,
        "metric": one.constraint.metric,
        "limit": one.constraint.limit,
        "value": _rounded(one.value.value),
        "met": one.met,
        "endpoint": one.constraint.endpoint,
        "source": one.constraint.source,
    }


def _structure(one: StructureResult) -> dict[str, Any]:
    dvh = one.result.dvh
    return {
        "roi_number": one.roi.number,
        "local_name": one.roi.name,
        "standard_name": one.standard_name,
        "target": one.target,
        "status": one.result.status.value,
        "volume_cm3": _rounded(one.result.volume_cm3),
        "notes": list(one.result.notes),
        "metrics": _metrics(one.metrics),
        "delivered": _metrics(one.delivered),
        "dvh": [[_rounded(d), _rounded(v)] for d, v in thinned(dvh)] if dvh else [],
    }


def _metrics(values: Mapping[str, Value]) -> dict[str, Any]:
    return {
        name: {
            "value": _rounded(value.value),
            "unit": value.unit,
            "uncertainty": _rounded(value.uncertainty),
            "note": value.note,
        }
        for name, value in values.items()
    }


def _rounded(value: float | None) -> float | None:
    """Six digits: more than any of these values has."""
    return None if value is None else float(f"{value:.6g}")
