"""Decides what the archive's Orthanc keeps: only what both stages of a gateway have written.

Never imports `orthanc`. The front door has checked all of this; the store does not rely on it.
"""

import re
from typing import Final

from gateway.contract.marks import (
    METHOD_PREFIX,
    NATIONAL_ID_PREFIX,
    NATIONAL_STAGE,
    PRIVATE_CREATOR,
    SITE_STAGE,
    UID_ROOT,
)
from gateway.domain.checker import STANDARD_UIDS, UnreadableError, read_elements
from gateway.domain.checker.elements import Elements

PATIENT_ID: Final = 0x00100020
METHOD: Final = 0x00120063
_INSTANCE_UIDS: Final = (0x00080018, 0x0020000D, 0x0020000E)
_META_INSTANCE_UID: Final = 0x00020003
_NATIONAL_ID: Final = re.compile(NATIONAL_ID_PREFIX.encode() + rb"[A-Z2-7]{16}")
_MARKS: Final = (
    f"{METHOD_PREFIX} {SITE_STAGE} ".encode(),
    f"{METHOD_PREFIX} {NATIONAL_STAGE} ".encode(),
)


def refusal_of(data: bytes) -> str | None:
    """Why a received file must not be kept, as a stable code; None when it may. Never raises."""
    try:
        return _refusal_of(read_elements(data))
    except UnreadableError:
        return "unreadable"
    except BaseException:  # noqa: BLE001 - Orthanc keeps what its callback fails on
        return "failure"


def _refusal_of(elements: Elements) -> str | None:
    marks = (elements.first(METHOD) or b"").rstrip(b" \0").split(b"\\")
    if len(marks) != len(_MARKS) or not all(map(bytes.startswith, marks, _MARKS)):
        return "not-marked"
    if not _NATIONAL_ID.fullmatch((elements.first(PATIENT_ID) or b"").rstrip(b" \0")):
        return "patient-id"
    own = [elements.first(tag) or b"" for tag in _INSTANCE_UIDS]
    if not all(uid.startswith(UID_ROOT.encode()) for uid in own):
        return "uid"
    if elements.meta.get(_META_INSTANCE_UID, b"").rstrip(b"\0") != own[0].rstrip(b"\0"):
        return "meta-contradicts"
    return _refusal_of_any(elements)


def _refusal_of_any(elements: Elements) -> str | None:
    """What no element at any depth may be."""
    for element in elements.found:
        group, number = element.tag >> 16, element.tag & 0xFFFF
        value = elements.value(element).rstrip(b" \0")
        if group % 2 and number < 0x100 and value == PRIVATE_CREATOR.encode():
            return "private-block"
        if element.vr == b"UI" and value and not _are_keyed(value):
            return "uid"
    return None


def _are_keyed(value: bytes) -> bool:
    parts = value.decode("latin-1").split("\\")
    return all(uid.startswith(UID_ROOT) or uid in STANDARD_UIDS for uid in parts if uid)
