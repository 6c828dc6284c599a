"""Two identifiers of one patient, as the plugin and the archive then see them."""

from collections.abc import Iterator

import pytest

from gateway.adapters.merges import SqlMerges
from gateway.adapters.vault import SqlVault
from gateway.app import open_ring
from gateway.config import Settings
from gateway.contract.site import ConsentSnapshot
from gateway.data.deid import load_profile
from gateway.domain.courses import CourseState
from gateway.domain.deid import read_identity
from gateway.domain.erasure import ErasureCause
from gateway.errors import RejectError
from plugins.site_admission import Admission, Admitted, Refusal
from tests.factories import site_objects as make
from tests.factories.sent_objects import as_bytes, sent
from tests.integration.gateway.conftest import CONSENTS, Hospital, basic, hospital_of
from tests.integration.gateway.test_gateway_http import call, operator, plugin, session

KEEP, OTHER = "ID-1", "TEMP-77"
TWO = (
    b"patient_id,family_name,given_name,birth_date,status,version,scope,date\n"
    b"TEMP-77,Korhonen,Maija,1952-04-13,granted,2.1,research,2019-11-01\n"
)


@pytest.fixture
def stopping(settings: Settings) -> Iterator[Hospital]:
    """A centre where a withdrawal stops and erases nothing."""
    yield from hospital_of(settings.model_copy(update={"on_withdrawal": "stop"}))


def snapshot(hospital: Hospital) -> ConsentSnapshot:
    answer = plugin(hospital, "GET", "/internal/consent-snapshot")
    return ConsentSnapshot.model_validate_json(answer.content)


def merge(hospital: Hospital, keep: str = KEEP, other: str = OTHER) -> dict[str, object]:
    return hospital.service.merging.merge(keep, other, "steward:anna").as_json()


def send_under(hospital: Hospital, patient_id: str) -> Admitted | Refusal:
    """Store one object as the plugin does, with the snapshot that it gets now."""
    profile = load_profile()
    admission = Admission(profile, hospital.service.naming._keys)
    now = snapshot(hospital).model_copy(update={"policy_hash": profile.name_and_hash})
    admission.renew(now)
    dataset = sent(make.course()[0])
    dataset.PatientID = patient_id
    return admission.decide(as_bytes(dataset))


def test_a_new_identifier_leads_to_the_same_person(hospital: Hospital) -> None:
    assert isinstance(send_under(hospital, OTHER), Refusal)
    assert merge(hospital) == {"already": False, "send_again": 0}
    for patient_id in (KEEP, OTHER):
        stored = send_under(hospital, patient_id)
        assert isinstance(stored, Admitted)
        assert read_identity(stored.data).patient_id == hospital.pseudonym(KEEP)
    person = hospital.service.vault.person(hospital.pseudonym(KEEP))
    assert person is not None
    assert person.patient_ids == (KEEP, OTHER)
    assert merge(hospital) == {"already": True, "send_again": 0}


def test_of_two_known_people_one_remains(hospital: Hospital) -> None:
    service = hospital.service
    service.consents.import_sheet(TWO, "operator", commit=True)
    other = hospital.pseudonym(OTHER)
    hospital.take_in(make.course(patient=other))
    assert hospital.send()
    assert merge(hospital) == {"already": False, "send_again": 7}
    assert set(snapshot(hospital).admitted.values()) == {hospital.pseudonym(KEEP)}
    assert len(snapshot(hospital).admitted) == 2
    counts = service.consents.counts()
    assert (counts["granted"], counts["withdrawn"]) == (1, 0)
    assert service.withdrawal.step() == 1, "what came under the other one is erased"
    assert hospital.site.objects == {}
    assert hospital.states() == []
    hospital.turn()
    hospital.archive_erases()
    hospital.turn()
    hospital.take_in(make.course(patient=hospital.pseudonym(KEEP)))
    assert hospital.send()
    last = list(hospital.archive.announced.values())[-1]
    assert last.manifest.national_id == "FI" + hospital.pseudonym(KEEP)
    person = service.vault.person(hospital.pseudonym(KEEP))
    assert person is not None
    assert {"Virtanen", "Korhonen", KEEP, OTHER} <= set(person.words())


def of_two(hospital: Hospital) -> str:
    """Deliver a course under the other identifier, merge, and return its pseudonym."""
    hospital.service.consents.import_sheet(TWO, "operator", commit=True)
    other = hospital.pseudonym(OTHER)
    hospital.take_in(make.course(patient=other))
    assert hospital.send()
    merge(hospital)
    return other


def test_a_merge_erases_also_where_withdrawals_only_stop(stopping: Hospital) -> None:
    other = of_two(stopping)
    stopping.turn()
    assert (stopping.site.objects, stopping.states()) == ({}, [])
    stopping.archive_erases()
    stopping.turn()
    (receipt,) = stopping.service.recall.receipts()
    assert (receipt["says"]["why"], receipt["says"]["patient"]) == ("merged", other)
    assert receipt["says"]["archive"]["instances"] == 7
    withdrawal = CONSENTS.replace(b"granted,2.1,research,2019", b"withdrawn,2.1,all,2021")
    stopping.take_in(make.course(patient=stopping.pseudonym(KEEP)))
    assert stopping.service.consents.import_sheet(withdrawal, "operator", commit=True).changed == 1
    stopping.turn()
    assert len(stopping.site.objects) == 7, "whoever withdraws is stopped only, as before"


def test_what_is_sent_again_at_once_waits_until_the_archive_has_deleted(
    hospital: Hospital,
) -> None:
    of_two(hospital)
    hospital.service.withdrawal.step()
    hospital.take_in(make.course(patient=hospital.pseudonym(KEEP)))
    for _ in range(8):
        hospital.clock.forward(4000)
        assert hospital.send()
        assert hospital.states() == ["ready"]
    (sent,) = {one["last_error"] for one in hospital.service.outbox.receipts(last_course(hospital))}
    assert sent == "the archive is still deleting what came under another identifier"
    assert hospital.service.alerts.open() == []
    hospital.turn()
    hospital.archive_erases()
    hospital.turn()
    assert hospital.send()
    assert hospital.states() == ["delivered"]


def test_what_the_archive_has_of_another_patient_is_held_with_the_reason(
    hospital: Hospital,
) -> None:
    hospital.service.consents.import_sheet(TWO, "operator", commit=True)
    other = hospital.pseudonym(OTHER)
    hospital.take_in(make.course(patient=other))
    assert hospital.send()
    hospital.site.objects.clear()  # by hand, and nothing was told to the archive
    hospital.service.intake.reconcile()
    hospital.service.index.forget(
        [s.orthanc_id for s in hospital.service.index.of_patient(other)], ErasureCause.BY_HAND
    )
    hospital.take_in(make.course(patient=hospital.pseudonym(KEEP)))
    assert hospital.send()
    held = hospital.service.course_service.find(CourseState.HELD, 10)
    assert [one["reasons"][-1]["code"] for one in held] == ["of-another-patient"]
    merge(hospital)
    hospital.turn()
    hospital.archive_erases()
    hospital.turn()
    hospital.service.course_service.step()
    hospital.clock.forward(5)
    hospital.service.course_service.step()
    assert hospital.send()
    assert hospital.states() == ["delivered"]


def last_course(hospital: Hospital) -> int:
    return max(one["id"] for one in hospital.service.course_service.find(None, 10))


def test_the_last_statement_under_either_identifier_counts(hospital: Hospital) -> None:
    withdrawn = TWO.replace(b"granted,2.1,research,2019-11-01", b"withdrawn,2.1,all,2020-01-01")
    hospital.service.consents.import_sheet(withdrawn, "operator", commit=True)
    merge(hospital)
    assert snapshot(hospital).admitted == {}
    again = TWO.replace(b"2019-11-01", b"2021-01-01")
    hospital.service.consents.import_sheet(again, "operator", commit=True)
    assert set(snapshot(hospital).admitted.values()) == {hospital.pseudonym(KEEP)}


def test_who_is_kept_must_be_known(hospital: Hospital) -> None:
    with pytest.raises(RejectError, match="in no consent list"):
        merge(hospital, "ID-404", KEEP)
    assert merge(hospital, KEEP, "id-1 ") == {"already": True, "send_again": 0}


def test_only_the_steward_merges_and_no_identifier_is_in_the_audit(hospital: Hospital) -> None:
    body = {"patient_id": KEEP, "other_id": OTHER}
    assert call(hospital, "POST", "/api/v1/merges", json=body).status_code == 401
    assert operator(hospital, "POST", "/api/v1/merges", json=body).status_code == 403
    steward = hospital.add_steward()
    answer = call(hospital, "POST", "/api/v1/merges", json=body, headers=basic(*steward))
    assert answer.json() == {"already": False, "send_again": 0}
    cookies = session(hospital, *steward)
    page = call(hospital, "POST", "/merge", data=body, cookies=cookies)
    assert "one patient already" in page.text
    page = call(hospital, "POST", "/merge", data=body | {"patient_id": "ID-9"}, cookies=cookies)
    assert page.status_code == 422
    entries = hospital.service.audit.entries()
    merges = [entry for entry in entries if entry["action"] == "merge"]
    assert [entry["role"] for entry in merges] == ["steward:anna"]
    assert OTHER not in str(entries)
    assert KEEP not in str(entries)


def states(hospital: Hospital) -> list[str]:
    return [one["state"] for one in hospital.service.merging.progress()]


def test_the_page_says_send_again_only_when_the_receipt_is_there(hospital: Hospital) -> None:
    cookies = session(hospital, *hospital.add_steward())

    def told() -> str:
        return call(hospital, "GET", "/merge", cookies=cookies).text

    of_two(hospital)
    assert states(hospital) == ["site"]
    assert "is being erased here" in told()
    hospital.service.withdrawal.step()
    hospital.turn()
    assert states(hospital) == ["archive"]
    assert "the archive has not yet said" in told()
    assert "instances again" not in told()
    hospital.archive_erases()
    hospital.turn()
    assert states(hospital) == ["done"]
    assert "send 7 instances again" in told()


def test_a_wrong_merge_with_a_new_identifier_is_undone(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym(KEEP)))
    before = hospital.service.vault.person(hospital.pseudonym(KEEP))
    hospital.clock.forward(60)
    merge(hospital)
    (one,) = hospital.service.merging.progress()
    assert hospital.service.merging.undo(one["id"], "steward:anna") == {"recalled": False}
    assert isinstance(send_under(hospital, OTHER), Refusal)
    assert isinstance(send_under(hospital, KEEP), Admitted)
    assert hospital.service.vault.person(hospital.pseudonym(KEEP)) == before
    hospital.turn()
    assert len(hospital.site.objects) == 7, "nothing had come in between"
    with pytest.raises(RejectError, match="no such merge"):
        hospital.service.merging.undo(one["id"], "steward:anna")
    assert merge(hospital) == {"already": False, "send_again": 0}


def test_of_a_wrong_merge_of_two_known_people_both_come_back(hospital: Hospital) -> None:
    vault = hospital.service.vault
    keep, other = hospital.pseudonym(KEEP), of_two(hospital)
    hospital.turn()
    hospital.archive_erases()
    hospital.turn()
    hospital.clock.forward(60)
    hospital.take_in(make.course(patient=keep))  # whose is it?
    assert hospital.send()
    (one,) = hospital.service.merging.progress()
    body = {"patient_id": KEEP, "other_id": OTHER}
    path = f"/api/v1/merges/{one['id']}/undo"
    assert operator(hospital, "POST", path, json=body).status_code == 403
    answer = call(hospital, "POST", path, headers=basic(*hospital.add_steward()))
    assert answer.json() == {"recalled": True}
    assert snapshot(hospital).admitted == {hospital.service.naming.lookup(OTHER): other}
    hospital.turn()
    assert hospital.site.objects == {}
    hospital.archive_erases()
    hospital.turn()
    assert set(snapshot(hospital).admitted.values()) == {keep, other}
    first, second = vault.person(keep), vault.person(other)
    assert first is not None
    assert second is not None
    assert (first.family_name, first.patient_ids) == ("Virtanen", (KEEP,))
    assert (second.family_name, second.patient_ids) == ("Korhonen", (OTHER,))
    hospital.take_in(make.course(patient=other))
    assert hospital.send()
    assert hospital.states() == ["delivered"]
    actions = [entry["action"] for entry in hospital.service.audit.entries()]
    assert actions.count("merge-undo") == 1
    assert states(hospital) == ["undone"]


def test_a_statement_made_while_merged_is_a_consent_for_neither(hospital: Hospital) -> None:
    keep, other = hospital.pseudonym(KEEP), hospital.pseudonym(OTHER)
    hospital.service.consents.import_sheet(TWO, "operator", commit=True)
    merge(hospital)
    (one,) = hospital.service.merging.progress()
    stopped = TWO.replace(b"granted,2.1,research,2019-11-01", b"stopped,2.1,all,2026-01-01")
    granted = TWO.replace(b"2019-11-01", b"2026-02-01")
    for said in (stopped, granted):
        hospital.service.consents.import_sheet(said, "operator", commit=True)
    assert hospital.service.consents.is_admitted(keep)
    hospital.service.merging.undo(one["id"], "steward:anna")
    for person in (keep, other):
        found = hospital.service.vault.consent_of(person)
        assert found is not None
        assert found.status.value == "stopped"


def test_a_withdrawal_that_came_with_a_wrong_merge_goes_with_it(hospital: Hospital) -> None:
    keep = hospital.pseudonym(KEEP)
    withdrawn = TWO.replace(b"granted,2.1,research,2019-11-01", b"withdrawn,2.1,all,2020-01-01")
    hospital.service.consents.import_sheet(withdrawn, "operator", commit=True)
    merge(hospital)
    hospital.turn()
    assert not hospital.service.consents.is_admitted(keep)
    (one,) = hospital.service.merging.progress()
    hospital.service.merging.undo(one["id"], "steward:anna")
    assert hospital.service.consents.is_admitted(keep)
    assert not hospital.service.consents.is_admitted(hospital.pseudonym(OTHER))


def test_of_two_merges_into_one_the_later_is_undone_first(hospital: Hospital) -> None:
    merge(hospital)
    merge(hospital, KEEP, "TEMP-78")
    later, earlier = hospital.service.merging.progress()
    with pytest.raises(RejectError, match="later merge"):
        hospital.service.merging.undo(earlier["id"], "steward:anna")
    for one in (later, earlier):
        hospital.service.merging.undo(one["id"], "steward:anna")
    assert states(hospital) == ["undone", "undone"]


def test_merges_are_sealed_anew_with_the_vault(hospital: Hospital, settings: Settings) -> None:
    of_two(hospital)
    ring = open_ring(settings)
    newer = SqlVault(
        hospital.service.engine, b"n" * 32, "newer", hospital.clock, {ring.key_id: ring.vault_key}
    )
    assert newer.reseal() == 2
    merges = SqlMerges(hospital.service.engine, newer)
    merges.undo(merges.merges()[0], hospital.clock.now())
    person = newer.person(hospital.pseudonym(KEEP))
    assert person is not None
    assert person.family_name == "Virtanen"
