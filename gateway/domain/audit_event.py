"""An event of the audit as FHIR R4 AuditEvent, for a hospital's own log collection."""

from collections.abc import Mapping
from typing import Any, Final

DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_KINDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "login": ("110114", "User Authentication", "E"),
    "login-refused": ("110114", "User Authentication", "E"),
    "not-allowed": ("110114", "User Authentication", "E"),
    "consent-preview": ("110112", "Query", "R"),
    "clinical-check": ("110112", "Query", "R"),
    "consent-import": ("110110", "Patient Record", "C"),
    "merge": ("110110", "Patient Record", "U"),
    "merge-undo": ("110110", "Patient Record", "U"),
    "erase": ("110110", "Patient Record", "D"),
    "inquiry": ("110112", "Query", "R"),
    "terms-view": ("110112", "Query", "R"),
    "read": ("110112", "Query", "R"),
    "collect": ("110107", "Import", "C"),
    "recall": ("110105", "DICOM Study Deleted", "D"),
    "commitment-request": ("110112", "Query", "E"),
    "commitment-answer": ("110112", "Query", "E"),
    "sender-quarantine": ("110113", "Security Alert", "U"),
    "senders-seen": ("110113", "Security Alert", "U"),
    "sender-lift": ("110113", "Security Alert", "U"),
    "identity-view": ("110112", "Query", "R"),
    "values-view": ("110112", "Query", "R"),
    "course-send": ("110104", "DICOM Instances Transferred", "R"),
    "account-add": ("110113", "Security Alert", "C"),
    "account-reset": ("110113", "Security Alert", "U"),
    "account-remove": ("110113", "Security Alert", "D"),
}
_OTHER: Final = ("110100", "Application Activity", "E")
MINOR_FAILURE, SUCCESS = "4", "0"
FAILURES: Final = frozenset({"login-refused", "not-allowed"})


def kind_of(action: str) -> tuple[str, str, str]:
    """Return DICOM's code and display of an event, and its action code."""
    return _KINDS.get(action, _OTHER)


def as_fhir(event: Mapping[str, str], centre: str) -> dict[str, Any]:
    """Return one event as a FHIR resource.

    Parameters
    ----------
    event : Mapping
        `sequence, at, action, role, subject, detail, digest`, as the audit tells them.
    """
    code, display, action = kind_of(event["action"])
    role, _, name = event["role"].partition(":")
    resource: dict[str, Any] = {
        "resourceType": "AuditEvent",
        # FHIR's ids have no underscore, which a centre's name may have
        "id": f"{centre.replace('_', '.')}-{event['sequence']}",
        "type": {"system": DICOM, "code": code, "display": display},
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
