"""Consent beyond yes and no: unknown patients, deaths, stops, and people without a name."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.contract.site import ConsentSnapshot
from gateway.domain.canary import CANARY_PATIENT_ID
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import PLUGIN, Hospital, hospital_of
from tests.integration.gateway.test_gateway_http import call, operator

HEAD = "patient_id,status,version,date\n"
DAY_S = 86_400.0


@pytest.fixture
def holding(settings: Settings) -> Iterator[Hospital]:
    """A centre that holds unknown patients for 30 days."""
    yield from hospital_of(settings.model_copy(update={"unknown_patients": "hold"}))


@pytest.fixture
def ending(settings: Settings) -> Iterator[Hospital]:
    """A centre where a consent ends with the patient's death."""
    yield from hospital_of(settings.model_copy(update={"after_death": "stop"}))


def say(hospital: Hospital, *lines: str) -> dict:
    body = (HEAD + "\n".join(lines) + "\n").encode()
    return hospital.service.consents.import_sheet(body, "operator", commit=True).as_json()


def admitted(hospital: Hospital) -> set[str]:
    return set(hospital.service.consents.snapshot().admitted)


def test_unknown_patients_are_refused_unless_the_centre_holds_them(hospital: Hospital) -> None:
    snapshot = hospital.service.consents.snapshot()
    assert not snapshot.hold_unknown
    assert snapshot.refused == frozenset()


def test_the_held_list_refuses_who_said_no_and_the_canary(holding: Hospital) -> None:
    say(holding, "ID-2,declined,2.1,2026-01-01")
    snapshot = holding.service.consents.snapshot()
    lookup = holding.service.naming.lookup
    assert snapshot.hold_unknown
    assert snapshot.refused == {lookup("ID-2"), lookup(CANARY_PATIENT_ID)}
    assert set(snapshot.admitted) == {lookup("ID-1")}


def test_held_objects_go_when_consent_comes(holding: Hospital) -> None:
    holding.take_in(make.course(patient=holding.pseudonym("ID-9")))
    assert holding.states() == ["held"]
    assert not holding.send()
    assert holding.stage.persons == []  # nothing was rewritten before the names were known
    say(holding, "ID-9,granted,2.1,2026-01-01")
    holding.settle()
    assert holding.send()
    assert holding.states() == ["delivered"]


def test_held_objects_are_deleted_after_the_days_and_stay_in_the_account(
    holding: Hospital,
) -> None:
    holding.take_in(make.course(patient=holding.pseudonym("ID-9")))
    other = make.ct(50, 0.0, holding.pseudonym("ID-1"), series=900)
    holding.take_in([other])
    erase = holding.service.withdrawal.drop_unknown
    assert erase(holding.clock.now()) == 1
    assert erase(holding.clock.now()) == 0
    assert len(holding.site.objects) == 1
    account = holding.service.status.account().as_json()
    assert (account["received"], account["deleted_on_request"]) == (1, 7)
    (line,) = holding.service.ledger.days()
    assert (line["offered"], line["stored"], line["deleted"]) == (8, 1, 7)


def test_a_consent_outlives_the_patient_unless_it_ends_with_death(
    hospital: Hospital, ending: Hospital
) -> None:
    for place, in_force in ((hospital, True), (ending, False)):
        say(place, "ID-1,deceased,,2026-02-01")
        assert bool(admitted(place)) is in_force


def test_what_comes_before_the_plugin_has_heard_of_a_withdrawal_goes_too(
    hospital: Hospital,
) -> None:
    objects = make.course(patient=hospital.pseudonym())
    hospital.take_in(objects[:3])
    say(hospital, "ID-1,withdrawn,2.1,2026-02-02")
    hospital.service.withdrawal.step()
    assert hospital.site.objects == {}
    hospital.take_in(objects[3:])
    assert hospital.states() == ["held"]
    assert hospital.service.withdrawal.step() == 1
    assert (hospital.site.objects, hospital.states()) == ({}, [])
    account = hospital.service.status.account()
    assert (account.received, account.deleted_on_request) == (0, 7)
    assert hospital.service.withdrawal.step() == 0


def test_stopped_keeps_what_is_there_and_withdrawn_does_not(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    say(hospital, "ID-1,stopped,2.1,2026-02-01")
    hospital.service.course_service.step()
    assert hospital.states() == ["held"]
    assert not admitted(hospital)
    assert hospital.service.withdrawal.step() == 0
    assert len(hospital.site.objects) == 7
    say(hospital, "ID-1,withdrawn,2.1,2026-02-02")
    assert hospital.service.withdrawal.step() == 1
    assert not hospital.site.objects


def test_a_bundle_comes_in_by_the_same_door(hospital: Hospital) -> None:
    consent = {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"code": "research"}]},
        "patient": {"identifier": {"value": "ID-7"}},
        "dateTime": "2026-01-05",
        "policyRule": {"text": "2.1"},
    }
    body = json.dumps(consent).encode()
    preview = operator(hospital, "POST", "/api/v1/consents?preview=true", content=body)
    assert (preview.status_code, preview.json()["new"]) == (200, 1)
    assert operator(hospital, "POST", "/api/v1/consents", content=body).json()["committed"]
    assert hospital.service.naming.lookup("ID-7") in admitted(hospital)
    broken = json.dumps(consent | {"dateTime": "soon"}).encode()
    answer = operator(hospital, "POST", "/api/v1/consents", content=broken)
    assert (answer.status_code, answer.json()["committed"]) == (422, False)


def tell(hospital: Hospital, *lines: str, commit: bool = True) -> dict:
    body = (HEAD + "\n".join(lines) + "\n").encode()
    return hospital.service.consents.import_sheet(body, "operator", commit=commit).as_json()


def test_a_withdrawal_on_the_day_of_a_stop_erases(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert say(hospital, "ID-1,stopped,2.1,2026-02-01")["changed"] == 1
    assert say(hospital, "ID-1,withdrawn,2.1,2026-02-01")["changed"] == 1
    assert hospital.service.withdrawal.step() == 1
    assert not hospital.site.objects
    assert say(hospital, "ID-1,granted,2.1,2026-02-01")["changed"] == 0
    assert not admitted(hospital)


def test_a_withdrawal_outlives_the_patient(ending: Hospital) -> None:
    ending.take_in(make.course(patient=ending.pseudonym()))
    say(ending, "ID-1,withdrawn,2.1,2026-02-01")
    assert say(ending, "ID-1,deceased,,2026-02-09")["changed"] == 0
    assert ending.service.withdrawal.step() == 1
    assert not ending.site.objects
    assert list(ending.service.clinical._people.withdrawn()) == [ending.pseudonym()]


def test_a_death_that_ends_consent_is_previewed_and_followed(ending: Hospital) -> None:
    ending.take_in(make.course(patient=ending.pseudonym()))
    assert ending.states() == ["ready"]
    death = "ID-1,deceased,,2026-02-09"
    assert tell(ending, death, commit=False)["changed"] == 1
    assert tell(ending, death)["changed"] == 1
    assert not ending.send()  # its submission is cancelled at once
    assert ending.archive.calls == []
    assert ending.states() == ["held"]


def test_nothing_was_said_tomorrow(hospital: Hospital) -> None:
    """The clock says 2 March, 12:00 UTC; east of here it may be the third."""
    for day, wrong in (("2026-03-03", 0), ("2026-03-04", 1), ("2052-01-01", 1)):
        report = tell(hospital, f"ID-8,granted,2.1,{day}")
        assert len(report["problems"]) == wrong
        assert report["committed"] is not bool(wrong)


def fhir(patient: str, **more: object) -> bytes:
    consent = {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"code": "research"}]},
        "patient": {"identifier": {"value": patient}},
        "dateTime": "2026-01-05",
        "policyRule": {"text": "2.1"},
    }
    return json.dumps(consent | more).encode()


def test_a_consent_for_a_time_ends_by_itself(hospital: Hospital) -> None:
    period = {"provision": {"type": "permit", "period": {"end": "2026-03-10"}}}
    hospital.service.consents.import_sheet(fhir("ID-7", **period), "operator", commit=True)
    theirs = hospital.pseudonym("ID-7")
    hospital.take_in(make.course(patient=theirs))
    tag = hospital.service.consents.snapshot_tag()
    assert hospital.service.naming.lookup("ID-7") in admitted(hospital)
    hospital.clock.forward(8 * DAY_S)
    assert hospital.service.consents.is_admitted(theirs)  # it is the tenth
    hospital.clock.forward(DAY_S)
    assert hospital.service.naming.lookup("ID-7") not in admitted(hospital)
    assert hospital.service.consents.snapshot_tag() != tag
    assert not hospital.service.consents.is_admitted(theirs)
    hospital.send()
    assert hospital.archive.calls == []
    assert hospital.states() == ["held"]
    assert hospital.service.consents.counts()["stopped"] == 1


def test_a_consent_to_the_treatment_is_none_to_the_archive(hospital: Hospital) -> None:
    other = fhir("ID-7", scope={"coding": [{"code": "treatment"}]})
    told = operator(hospital, "POST", "/api/v1/consents", content=other).json()
    assert (told["new"], [one["line"] for one in told["not_taken"]]) == (0, [1])
    assert hospital.service.naming.lookup("ID-7") not in admitted(hospital)


def test_a_list_that_has_not_changed_does_not_travel_again(hospital: Hospital) -> None:
    def fetch(tag: str = "") -> object:
        headers = {"Authorization": f"Bearer {PLUGIN}", "If-None-Match": tag}
        return call(hospital, "GET", "/internal/consent-snapshot", headers=headers)

    first = fetch()
    assert ConsentSnapshot.model_validate_json(first.content).admitted
    hospital.clock.forward(60)
    again = fetch(first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert (
        operator(hospital, "GET", "/api/v1/status").json()["consent_snapshot"]
        in (first.headers["etag"])
    )
    say(hospital, "ID-1,withdrawn,2.1,2026-02-01")
    changed = fetch(first.headers["etag"])
    assert changed.status_code == 200
    assert not ConsentSnapshot.model_validate_json(changed.content).admitted
    hospital.service.disk.closed = "disk-full"
    assert fetch(changed.headers["etag"]).status_code == 200


def test_the_same_is_read_of_a_database_as_of_memory(hospital: Hospital, tmp_path: Path) -> None:
    """What the vault remembers is what another process reads."""
    vault = hospital.service.vault
    for line in ("ID-2,granted,2.1,2026-01-01", "ID-2,withdrawn,2.1,2026-01-02"):
        say(hospital, line)
        assert vault.in_force() == vault._read_in_force()
        assert vault.aliases() == vault._read_aliases()
    vault.bury("PX", 3)
    assert vault.buried() == vault._read_buried() == {"PX"}
    vault.unbury("PX")
    assert vault.buried() == set()
