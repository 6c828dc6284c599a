"""An event of the audit as FHIR R4 AuditEvent, for a hospital's own log collection."""

from collections.abc import Mapping
from typing import Any, Final

TYPES: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_KINDS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "login": (DICOM, "110114", "User Authentication", "E"),
    "login-refused": (DICOM, "110114", "User Authentication", "E"),
    "not-allowed": (DICOM, "110114", "User Authentication", "E"),
    "consent-preview": (DICOM, "110112", "Query", "R"),
    "clinical-check": (DICOM, "110112", "Query", "R"),
    "consent-import": (DICOM, "110110", "Patient Record", "C"),
    "merge": (DICOM, "110110", "Patient Record", "U"),
    "merge-undo": (DICOM, "110110", "Patient Record", "U"),
    "erase": (DICOM, "110110", "Patient Record", "D"),
    "inquiry": (DICOM, "110112", "Query", "R"),
    "terms-view": (DICOM, "110112", "Query", "R"),
    "read": (DICOM, "110112", "Query", "R"),
    "collect": (DICOM, "110107", "Import", "C"),
    "recall": (DICOM, "110105", "DICOM Study Deleted", "D"),
    "commitment-request": (DICOM, "110112", "Query", "E"),
    "commitment-answer": (DICOM, "110112", "Query", "E"),
    "sender-quarantine": (DICOM, "110113", "Security Alert", "U"),
    "senders-seen": (DICOM, "110113", "Security Alert", "U"),
    "sender-lift": (DICOM, "110113", "Security Alert", "U"),
    "identity-view": (DICOM, "110112", "Query", "R"),
    "values-view": (DICOM, "110112", "Query", "R"),
    "course-send": (DICOM, "110104", "DICOM Instances Transferred", "R"),
    "account-add": (DICOM, "110113", "Security Alert", "C"),
    "account-reset": (DICOM, "110113", "Security Alert", "U"),
    "account-remove": (DICOM, "110113", "Security Alert", "D"),
}
_OTHER: Final = (TYPES, "rest", "Operation", "E")
MINOR_FAILURE, SUCCESS = "4", "0"
FAILURES: Final = frozenset({"login-refused", "not-allowed"})


def kind_of(action: str) -> tuple[str, str, str, bool]:
    """Return code, display and action code of an event, and whether the code is DICOM's."""
    system, code, display, act = _KINDS.get(action, _OTHER)
    return code, display, act, system == DICOM


def as_fhir(event: Mapping[str, str], centre: str) -> dict[str, Any]:
    """Return one event as a FHIR resource.

    Parameters
    ----------
    event : Mapping
        `sequence, at, action, role, subject, detail, digest`, as the audit tells them.
    """
    system, code, display, action = _KINDS.get(event["action"], _OTHER)
    role, _, name = event["role"].partition(":")
    resource: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": f"{centre}-{event['sequence']}",
        "type": {"system": system, "code": code, "display": display},
        "subtype": [{"display": event["action"]}],
        "action": action,
        "recorded": event["at"],
        "outcome": MINOR_FAILURE if event["action"] in FAILURES else SUCCESS,
        "agent": [
            {
                "role": [{"text": role}],
                "who": {"display": name or role},
                "requestor": role not in {"service", "local"},
            }
        ],
        "source": {"site": centre, "observer": {"display": f"KaSARi gateway {centre}"}},
        "entity": [{"detail": [{"type": "digest", "valueString": event["digest"]}]}],
    }
    entity = resource["entity"][0]
    if event["subject"] != "-":
        entity["what"] = {"identifier": {"value": event["subject"]}}
    if event["detail"]:
        entity["detail"].insert(0, {"type": "detail", "valueString": event["detail"]})
    return resource
