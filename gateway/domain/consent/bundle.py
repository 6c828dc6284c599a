"""FHIR R4 Consent resources as lines of a consent list."""

import csv
import json
from collections.abc import Mapping
from io import StringIO
from typing import Any, Final

STATUSES: Final = {"active": "granted", "rejected": "declined", "inactive": "withdrawn"}
"""Of a Consent; an active one whose provision denies is a refusal."""
COLUMNS: Final = (
    *("patient_id", "family_name", "given_name", "birth_date"),
    *("status", "version", "scope", "date", "sex"),
)
Resource = Mapping[str, Any]


def as_list(content: str) -> str | None:
    """Return a bundle's consents as a consent list; None if it is no bundle.

    An entry that is no Consent gives an empty line, so that the line of a problem is the number
    of the entry and one.
    """
    try:
        bundle = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        return None
    entries = [entry for entry in bundle.get("entry") or () if isinstance(entry, dict)]
    people: dict[str, Resource] = {}
    for entry in entries:
        resource = entry.get("resource") or {}
        if resource.get("resourceType") == "Patient":
            people[f"Patient/{resource.get('id')}"] = people[entry.get("fullUrl", "")] = resource
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        resource = entry.get("resource") or {}
        if resource.get("resourceType") == "Consent":
            writer.writerow(_line(resource, people))
        else:
            out.write("\n")
    return out.getvalue()


def _line(consent: Resource, people: Mapping[str, Resource]) -> list[str]:
    reference = str((consent.get("patient") or {}).get("reference", ""))
    patient = people.get(reference, {})
    name: Resource = next(iter(patient.get("name") or ()), {})
    denies = (consent.get("provision") or {}).get("type") == "deny"
    status = STATUSES.get(str(consent.get("status")), "")
    return [
        _identifier(patient),
        str(name.get("family") or ""),
        " ".join(str(one) for one in name.get("given") or ()),
        str(patient.get("birthDate") or ""),
        "declined" if denies and status == "granted" else status,
        _policy(consent) or "FHIR",
        "",
        str(consent.get("dateTime") or "")[:10],
        {"female": "F", "male": "M", "other": "O"}.get(str(patient.get("gender")), ""),
    ]


def _policy(consent: Resource) -> str:
    """Return which form was signed."""
    text = (consent.get("policyRule") or {}).get("text")
    uris = (policy.get("uri") for policy in consent.get("policy") or ())
    return str(text or next((uri for uri in uris if uri), ""))


def _identifier(patient: Resource) -> str:
    """Return what the hospital's systems call the patient: officially, or first."""
    found = [one for one in patient.get("identifier") or () if isinstance(one, dict)]
    official = [one for one in found if one.get("use") == "official"]
    return str((official or found or [{}])[0].get("value") or "")
