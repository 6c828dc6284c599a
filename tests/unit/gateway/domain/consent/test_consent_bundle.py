"""Consents as FHIR R4 Bundles: what each status means, and that a problem names its entry."""

import json
from datetime import date
from typing import Any

import pytest

from gateway.domain.consent import ConsentStatus, ListRules, Sheet, in_force
from gateway.domain.consent import read_bundle as read

TODAY = date(2026, 3, 1)
RULES = ListRules(latest=TODAY)
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"use": "old", "value": "OLD-1"}, {"use": "official", "value": "010101-123N"}],
    "name": [{"family": "Virtanen", "given": ["Maija", "Liisa"]}],
    "birthDate": "1952-04-13",
    "gender": "female",
}


def read_bundle(body: bytes) -> Sheet:
    return read(body, RULES)


def consent(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"code": "research"}]},
        "patient": {"reference": "Patient/p1"},
        "dateTime": "2026-01-05T10:00:00+02:00",
        "policy": [{"uri": "https://hospital.example/forms/2.1"}],
        "provision": {"type": "permit"},
        **changes,
    }


def bundle(*resources: dict[str, Any]) -> bytes:
    entries = [{"fullUrl": f"urn:uuid:{n}", "resource": one} for n, one in enumerate(resources)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def test_a_bundle_says_who_agreed_to_what_and_when() -> None:
    sheet = read_bundle(bundle(PATIENT, consent()))
    assert sheet.problems == ()
    (row,) = sheet.rows
    assert (row.line, row.patient_id, row.family_name) == (2, "010101-123N", "Virtanen")
    assert (row.given_name, row.birth_date) == ("Maija Liisa", date(1952, 4, 13))
    assert row.sex == "F"
    said = row.consent
    assert (said.status, said.version, said.scope) == (ConsentStatus.GRANTED, "2.1", "research")
    assert said.given_on == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "granted"),
        ({"provision": None}, "granted"),
        ({"provision": {"type": "deny"}}, "declined"),
        ({"status": "rejected"}, "declined"),
        ({"status": "inactive"}, "withdrawn"),
    ],
)
def test_status_and_provision_decide(changes: dict[str, Any], status: str) -> None:
    (row,) = read_bundle(bundle(PATIENT, consent(**changes))).rows
    assert row.consent.status.value == status


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"status": "entered-in-error"}, "Consent.status"),
        ({"status": "draft"}, "Consent.status"),
        ({"dateTime": "2026-01"}, "Consent.dateTime"),
        ({"policy": []}, "Consent.policy"),
        ({"patient": {"reference": "Patient/other"}}, "Consent.patient"),
        ({"patient": {"identifier": {"value": "010101-123A"}}}, "Consent.patient"),
        ({"provision": ["permit"]}, ""),
        ({"scope": None}, "Consent.scope"),
        ({"scope": {"text": "research"}}, "Consent.scope"),
        ({"dateTime": "2052-01-01"}, "Consent.dateTime"),
        ({"provision": {"type": "permit", "provision": [{"type": "deny"}]}}, "Consent.provision"),
        ({"provision": {"type": "permit", "code": [{"text": "CT"}]}}, "Consent.provision"),
        ({"provision": {"period": {"end": "2020"}}}, "Consent.provision.period.end"),
        ({"provision": {"period": {"start": "2027-01-01"}}}, "Consent.provision.period.start"),
        ({"modifierExtension": [{"url": "x"}]}, "Consent.modifierExtension"),
    ],
)
def test_a_bad_entry_is_told_with_its_place(changes: dict[str, Any], path: str) -> None:
    sheet = read_bundle(bundle(PATIENT, consent(), consent(**changes)))
    assert [(p.line, p.column) for p in sheet.problems] == [(3, path)]
    assert not any(word in repr(sheet.problems) for word in ("010101", "Virtanen", "1952"))


@pytest.mark.parametrize(
    "body",
    [
        *(b"{", b'{"a": "\xff"}', b"{}", b"[]", b'{"a":' * 5000, bundle(PATIENT), b'"x"'),
        b'{"a": ' + b"1" * 5000 + b"}",
    ],
)
def test_what_is_no_bundle_of_consents_is_refused(body: bytes) -> None:
    sheet = read_bundle(body)
    assert sheet.rows == ()
    assert len(sheet.problems) == 1


def whole(*entries: object, **more: object) -> bytes:
    """Return a bundle that would be imported, with these entries behind."""
    good = [{"resource": one} for one in (PATIENT, consent())]
    return json.dumps({"resourceType": "Bundle", "entry": [*good, *entries], **more}).encode()


LONE = {"identifier": {"value": "X\ud8001"}}


@pytest.mark.parametrize(
    "entry",
    [
        *(None, "x", [consent()], {}, {"resource": None}, {"resource": "x"}, {"resource": []}),
        *({"resource": consent(resourceType=kind)} for kind in (None, "", ["Consent"])),
        {"resource": consent(patient=LONE)},
        {"resource": PATIENT | {"name": [{"family": "\udc81"}]}},
        {"resource": PATIENT, "\udfff": "key"},
    ],
)
def test_with_an_entry_that_cannot_be_read_nothing_is_imported(entry: object) -> None:
    """It may be the withdrawal."""
    assert len(read_bundle(whole()).rows) == 1
    sheet = read_bundle(whole(entry, {"resource": None}))
    assert (sheet.rows, sheet.not_taken) == ((), ())
    assert [p.line for p in sheet.problems] == [3, 4]


@pytest.mark.parametrize(
    "more",
    [
        {"link": [{"relation": "self", "url": "x"}, {"relation": "next", "url": "y"}]},
        {"link": {"relation": "next", "url": "y"}},
        {"link": "next"},
    ],
)
def test_one_page_of_several_is_not_imported(more: dict[str, object]) -> None:
    sheet = read_bundle(whole(**more))
    assert sheet.rows == ()
    assert [(p.line, p.column) for p in sheet.problems] == [(0, "link")]
    assert "all pages" in sheet.problems[0].mend


def test_a_last_page_and_other_resources_are_no_flaw() -> None:
    other = {"resource": {"resourceType": "OperationOutcome"}}
    assert len(read_bundle(whole(other, link=[{"relation": "self", "url": "x"}])).rows) == 1


def test_entries_that_are_no_list_are_refused() -> None:
    (problem,) = read_bundle(b'{"resourceType": "Bundle", "entry": {"resource": {}}}').problems
    assert problem.column == "entry"


def test_a_single_consent_with_text_that_is_none_is_refused() -> None:
    assert [p.line for p in read_bundle(json.dumps(consent(patient=LONE)).encode()).problems] == [1]


def test_a_patient_may_be_contained_or_absolute_or_only_an_identifier() -> None:
    for patient in (
        {"reference": "urn:uuid:0"},
        {"reference": "https://hospital.example/fhir/Patient/p1"},
        {"identifier": {"value": "010101-123N"}},
    ):
        (row,) = read_bundle(bundle(PATIENT, consent(patient=patient))).rows
        assert row.patient_id == "010101-123N"
    own = consent(patient={"reference": "#c"}, contained=[PATIENT | {"id": "c"}])
    assert read_bundle(json.dumps(own).encode()).rows[0].patient_id == "010101-123N"


def test_a_death_is_a_second_statement_and_ends_consent_only_by_policy() -> None:
    died = PATIENT | {"deceasedDateTime": "2026-02-01"}
    rows = read_bundle(bundle(died, consent())).rows
    statements = [row.consent for row in rows]
    assert [s.status.value for s in statements] == ["granted", "deceased"]
    for ends, status in ((False, "granted"), (True, "deceased")):
        found = in_force(statements, TODAY, ends_with_death=ends)
        assert found is not None
        assert found.status.value == status


def test_two_statements_of_one_day_are_a_question_for_the_centre() -> None:
    sheet = read_bundle(bundle(PATIENT, consent(), consent(status="inactive")))
    assert [p.line for p in sheet.problems] == [3]


@pytest.mark.parametrize("status", ["active", "inactive", "rejected"])
@pytest.mark.parametrize("scope", ["treatment", "adr", "patient-privacy"])
def test_a_consent_to_something_else_is_not_taken_and_told(scope: str, status: str) -> None:
    """Nor is its end a withdrawal from the archive, nor need it be whole."""
    other = consent(scope={"coding": [{"code": scope}]}, status=status, policy=[], dateTime="?")
    sheet = read_bundle(bundle(PATIENT, consent(), other))
    assert [row.line for row in sheet.rows] == [2]
    assert sheet.problems == ()
    assert [(one.line, one.column) for one in sheet.not_taken] == [(3, "Consent.scope")]
    alone = read_bundle(bundle(PATIENT, other))
    assert (alone.rows, alone.problems, len(alone.not_taken)) == ((), (), 1)


def test_one_of_several_scopes_is_enough_and_a_centre_may_name_others() -> None:
    both = consent(scope={"coding": [{"code": "adr"}, {"code": "research"}]})
    assert read_bundle(bundle(PATIENT, both)).rows[0].consent.scope == "research"
    rules = ListRules(latest=TODAY, scopes=frozenset({"biobank"}))
    assert len(read(bundle(PATIENT, both), rules).not_taken) == 1
    own = consent(scope={"coding": [{"code": "Biobank"}]})
    assert len(read(bundle(PATIENT, own), rules).rows) == 1


@pytest.mark.parametrize("end", ["2020-01-01", "2030-12-31T23:59:59+02:00"])
def test_a_period_ends_the_consent(end: str) -> None:
    period = {"start": "2019-01-01", "end": end}
    given = consent(dateTime="2019-01-01", provision={"type": "permit", "period": period})
    (row,) = read_bundle(bundle(PATIENT, given)).rows
    assert row.consent.ends_on == date.fromisoformat(end[:10])
    found = in_force([row.consent], TODAY)
    assert found is not None
    assert found.status.value == ("stopped" if end < "2026" else "granted")


def test_a_withdrawal_is_not_held_up_by_what_it_withdraws() -> None:
    """Exceptions and periods that cannot be kept to do not matter any more."""
    parts = {"type": "permit", "provision": [{"type": "deny"}], "period": {"end": "2020"}}
    (row,) = read_bundle(bundle(PATIENT, consent(status="inactive", provision=parts))).rows
    assert row.consent.status is ConsentStatus.WITHDRAWN
    assert row.consent.ends_on is None


@pytest.mark.parametrize("before", [None, "2027-01-01"])
def test_a_consent_whose_time_was_made_shorter_ends_with_it(before: str | None) -> None:
    """Of one day, the statement that ends first counts, in whichever order they came."""

    def ending(day: str | None) -> dict[str, Any]:
        period = {"period": {"end": day}} if day else {}
        return consent(provision={"type": "permit", **period})

    for first, second in [(before, "2026-02-01"), ("2026-02-01", before)]:
        sheets = [read_bundle(bundle(PATIENT, ending(day))) for day in (first, second)]
        said = in_force([sheet.rows[0].consent for sheet in sheets], TODAY)
        assert said is not None
        assert (said.status, said.ends_on) == (ConsentStatus.STOPPED, date(2026, 2, 1))
