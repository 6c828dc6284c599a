"""Consent resources of FHIR are a consent list in another form."""

import json
from datetime import date

from gateway.domain.consent import Consent, ConsentStatus, read_sheet


def bundle(*consents: dict[str, object]) -> bytes:
    patient = {
        "resourceType": "Patient",
        "id": "1",
        "identifier": [{"value": "x"}, {"use": "official", "value": "MRN-1"}],
        "name": [{"family": "Virtanen", "given": ["Maija", "Liisa"]}],
        "birthDate": "1952-04-13",
        "gender": "female",
    }
    resources = [patient, *({"resourceType": "Consent"} | one for one in consents)]
    entry = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "entry": entry}).encode()


def consent(status: str, on: str = "2020-01-02", **more: object) -> dict[str, object]:
    who = {"patient": {"reference": "Patient/1"}}
    return {"status": status, "dateTime": f"{on}T08:00:00Z", **who, **more}


def test_statements_are_read_with_their_person() -> None:
    sheet = read_sheet(
        bundle(
            consent("active", policy=[{"uri": "urn:form:2.1"}]),
            consent("inactive", "2021-01-02"),
            consent("rejected", "2021-01-03"),
            consent("active", "2021-01-04", provision={"type": "deny"}),
        )
    )
    assert sheet.problems == ()
    first = sheet.rows[0]
    assert (first.patient_id, first.given_name, first.sex) == ("MRN-1", "Maija Liisa", "F")
    assert first.birth_date == date(1952, 4, 13)
    form = Consent(ConsentStatus.GRANTED, "urn:form:2.1", "research", date(2020, 1, 2))
    assert first.consent == form
    said = [row.consent.status for row in sheet.rows]
    assert said == ["granted", "withdrawn", "declined", "declined"]


def test_what_cannot_be_told_is_a_problem_and_never_a_consent() -> None:
    unknown = consent("active") | {"patient": {"reference": "Patient/2"}}
    sheet = read_sheet(bundle(consent("proposed"), unknown, consent("active", "")))
    assert sheet.rows == ()
    assert [(p.line, p.column) for p in sheet.problems] == [
        (3, "status"),
        (4, "patient_id"),
        (5, "date"),
    ]


def test_other_json_is_no_consent_list() -> None:
    sheet = read_sheet(b'{"resourceType": "Patient"}')
    assert sheet.problems
