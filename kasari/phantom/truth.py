"""What a test may know: everything that was drawn, per patient."""

from dataclasses import asdict
from typing import Any

from kasari.phantom.case import Case
from kasari.phantom.endpoints import ENDPOINTS
from kasari.phantom.followup import Followup
from kasari.phantom.metrics import Doses, planned_metrics
from kasari.phantom.outcomes import Severity
from kasari.phantom.shapes import Array

TRUTH_VERSION = 1


def truth_of(case: Case, doses: Doses, after: Followup) -> dict[str, Any]:
    """One patient's truth, ready for JSON."""
    site = case.site
    return {
        "centre": case.centre.name,
        "identifiers": {
            "patient_id": case.person.patient_id,
            "family_name": case.person.family,
            "given_name": case.person.given,
            "birth_date": case.person.birth_date.isoformat(),
        },
        "consent": "declined" if case.declined else "granted",
        "site": site.name,
        "laterality": site.laterality,
        "prescription": {
            "dose_gy": site.dose_gy,
            "fractions": site.fractions,
            "technique": site.technique,
        },
        "days": {
            "scanned": case.days.scanned.isoformat(),
            "first_fraction": case.days.first.isoformat(),
            "last_fraction": case.days.last.isoformat(),
        },
        "background": asdict(case.background),
        "structures": [_structure(case, key, found) for key, found in doses.items()],
        "deviation": case.deviation,
        "slips": list(case.naming.slips),
        "outcomes": [_outcome(severity, after) for severity in after.severities],
        "questionnaires": [
            {
                "time": form.time,
                "burden": round(form.burden, 4),
                "chance_to_answer": round(form.chance, 4),
                "answered": bool(form.items) and not case.declined,
            }
            for form in after.forms
        ],
    }


def _structure(case: Case, key: str, doses: Array) -> dict[str, Any]:
    return {
        "organ": key,
        "written": case.naming.written.get(key),
        "standard": case.naming.standard[key],
        "metrics": planned_metrics(case.site.organ(key).shape, doses),
    }


def _outcome(severity: Severity, after: Followup) -> dict[str, Any]:
    """Grades as written down; a visit that the patient missed is not among them."""
    written = {
        found.time: found.grade
        for found in after.assessments
        if found.endpoint is severity.endpoint
    }
    return {
        "term": severity.endpoint.term,
        "geud_2gy_gy": round(severity.dose_gy, 4),
        "mean_gy": round(severity.mean_gy, 4),
        "shift": round(severity.shift, 4),
        "ntcp": round(severity.probability, 6),
        "severity": round(severity.hidden, 4),
        "grades": written,
    }


def model() -> list[dict[str, Any]]:
    """The toxicity model's parameters."""
    return [asdict(endpoint) for endpoint in ENDPOINTS]
