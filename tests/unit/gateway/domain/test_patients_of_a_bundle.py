"""Whose a FHIR resource is: consents and clinical rows must find the same number."""

import json
from datetime import date
from typing import Any

import pytest

from gateway.adapters.clinical_codelists import load_code_lists
from gateway.domain.clinical.sources import read_fhir
from gateway.domain.consent import ListRules, read_bundle

LISTS = load_code_lists()
HOSPITAL = "urn:oid:1.2.246.10.1"
OLD = {"use": "old", "value": "OLD-1"}
USUAL = {"use": "usual", "value": "NEW-2"}
OFFICIAL = {"use": "official", "value": "HETU-3"}
MRN = {"system": HOSPITAL, "value": "MRN-4"}


def both(
    patient: dict[str, Any] | None, pointer: dict[str, Any], system: str = "", **more: Any
) -> tuple[str, str]:
    """Return the number that a consent goes by, and that a diagnosis goes by; empty if refused."""
    consent = {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"code": "research"}]},
        "patient": pointer,
        "dateTime": "2026-01-05",
        "policyRule": {"text": "1"},
        **more,
    }
    sick = {"resourceType": "Condition", "subject": pointer, "recordedDate": "2020-01-01", **more}
    entry = [{"fullUrl": f"urn:uuid:{n}", "resource": r} for n, r in enumerate((consent, sick))]
    if patient is not None:
        entry.append({"fullUrl": "https://one.example/fhir/Patient/p1", "resource": patient})
    body = json.dumps({"resourceType": "Bundle", "entry": entry}).encode()
    rules = ListRules(latest=date(2026, 3, 1), identifier_system=system)
    consents = [row.patient_id for row in read_bundle(body, rules).rows]
    rows = [row for one in read_fhir(body, LISTS, system) for row in one.table.rows]
    return "".join(consents), "".join(row.cells["patient_id"] for row in rows)


def patient(*identifiers: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p1", "identifier": list(identifiers)}


PATH = {"reference": "Patient/p1"}


@pytest.mark.parametrize(
    ("identifiers", "system", "number"),
    [
        ((OLD, USUAL), "", "NEW-2"),
        ((USUAL, OLD), "", "NEW-2"),
        ((OLD, USUAL, OFFICIAL), "", "HETU-3"),
        ((USUAL, MRN), "", "NEW-2"),
        ((OFFICIAL, MRN), HOSPITAL, "MRN-4"),
        ((OFFICIAL, USUAL), HOSPITAL, ""),
        ((OLD,), "", ""),
        ((), "", ""),  # the id of a resource is no number of a patient
        (({"use": "official"}, USUAL), "", "NEW-2"),
    ],
)
def test_both_choose_the_same_identifier(
    identifiers: tuple[dict[str, Any], ...], system: str, number: str
) -> None:
    assert both(patient(*identifiers), PATH, system) == (number, number)


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/p1",
        "Patient/p1/_history/3",
        "https://one.example/fhir/Patient/p1",
        "https://other.example/fhir/Patient/p1",
    ],
)
def test_both_follow_the_same_references(reference: str) -> None:
    assert both(patient(USUAL), {"reference": reference}) == ("NEW-2", "NEW-2")


def test_a_contained_patient_and_a_number_alone_are_understood_by_both() -> None:
    inside = patient(USUAL) | {"id": "c"}
    assert both(None, {"reference": "#c"}, contained=[inside]) == ("NEW-2", "NEW-2")
    assert both(None, {"identifier": USUAL}) == ("NEW-2", "NEW-2")
    assert both(patient(USUAL), PATH | {"identifier": OFFICIAL}) == ("HETU-3", "HETU-3")
    assert both(None, {"identifier": USUAL}, HOSPITAL) == ("", "")
    assert both(patient(USUAL), {"reference": "Patient/p2"}) == ("", "")
