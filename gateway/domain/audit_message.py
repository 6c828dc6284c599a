"""An event of the audit as a DICOM audit message (PS3.15 A.5.1), for an audit record repository."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree as ET

from gateway.contract.marks import SITE_PSEUDONYM_PREFIX
from gateway.domain.audit_event import FAILURES, MINOR_FAILURE, SUCCESS, kind_of

OURS: Final = "99KASARI"
"""Designator of a coding scheme of our own (PS3.3 8.2): actions and roles of the gateway."""
_APPLICATION: Final = ("4", "Application Server Process")
PERSON, SYSTEM_OBJECT = "1", "2"


def as_dicom(event: Mapping[str, str], centre: str) -> str:
    """Return one event as an `AuditMessage`, one line of XML.

    Parameters
    ----------
    event : Mapping
        `sequence, at, action, role, subject, detail, digest`, as the audit tells them.
    """
    code, display, action = kind_of(event["action"])
    message = ET.Element("AuditMessage")
    failed = event["action"] in FAILURES
    what = ET.SubElement(
        message,
        "EventIdentification",
        EventActionCode=action,
        EventDateTime=event["at"],
        EventOutcomeIndicator=MINOR_FAILURE if failed else SUCCESS,
    )
    _code(what, "EventID", code, display, "DCM")
    _code(what, "EventTypeCode", event["action"], event["action"], OURS)
    role, _, name = event["role"].partition(":")
    by_itself = role in {"service", "local"}
    who = ET.SubElement(
        message,
        "ActiveParticipant",
        UserID=name or role,
        UserIsRequestor="false" if by_itself else "true",
    )
    _code(who, "RoleIDCode", role, role, OURS)
    source = ET.SubElement(
        message,
        "AuditSourceIdentification",
        AuditEnterpriseSiteID=centre,
        AuditSourceID=f"KaSARi gateway {centre}",
    )
    _code(source, "AuditSourceTypeCode", *_APPLICATION, "DCM")
    _object(message, event)
    return ET.tostring(message, encoding="unicode")


def _object(message: ET.Element, event: Mapping[str, str]) -> None:
    subject = event["subject"]
    is_patient = subject.startswith(SITE_PSEUDONYM_PREFIX)
    target = ET.SubElement(
        message,
        "ParticipantObjectIdentification",
        ParticipantObjectID=subject,
        ParticipantObjectTypeCode=PERSON if is_patient else SYSTEM_OBJECT,
        ParticipantObjectTypeCodeRole="1" if is_patient else "3",
    )
    if is_patient:
        _code(target, "ParticipantObjectIDTypeCode", "2", "Patient Number", "RFC-3881")
    else:
        _code(target, "ParticipantObjectIDTypeCode", "subject", "subject", OURS)
    ET.SubElement(target, "ParticipantObjectName").text = subject
    for kind in ("sequence", "detail", "digest"):
        if event[kind]:
            value = b64encode(event[kind].encode()).decode("ascii")
            ET.SubElement(target, "ParticipantObjectDetail", type=kind, value=value)


def _code(parent: ET.Element, name: str, code: str, text: str, scheme: str) -> None:
    attributes = {"csd-code": code, "codeSystemName": scheme, "originalText": text}
    ET.SubElement(parent, name, attributes)
