"""An event of the audit as FHIR: what R4 asks of its id, and DICOM's words for what it is."""

import re

import pytest

from gateway.domain.audit_event import DICOM, as_fhir

FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def event(action: str) -> dict[str, str]:
    return {
        "sequence": "7",
        "at": "2026-01-05T10:00:00+00:00",
        "action": action,
        "role": "steward:anna",
        "subject": "-",
        "detail": "",
        "digest": "0" * 64,
    }


@pytest.mark.parametrize("centre", ["KUH", "KUH_2", "a-b_c"])
def test_the_id_is_one_of_fhir(centre: str) -> None:
    made = as_fhir(event("read"), centre)
    assert FHIR_ID.fullmatch(made["id"])
    assert made["source"]["site"] == centre


@pytest.mark.parametrize(
    ("action", "code", "display"),
    [
        ("resume", "110100", "Application Activity"),
        ("read", "110112", "Query"),
    ],
)
def test_what_happened_is_told_in_the_words_of_dicom(action: str, code: str, display: str) -> None:
    told = as_fhir(event(action), "KUH")["type"]
    assert told == {"system": DICOM, "code": code, "display": display}
