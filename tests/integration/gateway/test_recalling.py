"""Something was sent under the wrong patient: it goes everywhere, and the right can come again."""

import base64
import json

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from typer.testing import CliRunner

from gateway.contract.clinical import Export
from gateway.errors import RejectError
from gateway.opening import open_ring
from kasari.commands.gateway import app as kasari_gateway
from kasari.commands.gateway import erasures
from kasari.doors import Door
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital, basic
from tests.integration.gateway.test_gateway_http import call, operator, session

STUDY = "1.2.246.10.7"


@pytest.fixture
def ward(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> Hospital:
    """A hospital where the study that was sent is `STUDY` at its sender, with an archive."""
    service = hospital.service
    monkeypatch.setattr(service.recall, "_site_uid", lambda uid: {STUDY: make.uid(700)}.get(uid))
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert hospital.send()
    return hospital


def test_it_is_deleted_everywhere_and_may_come_again(ward: Hospital) -> None:
    service, mine = ward.service, ward.pseudonym()
    done = service.recall.recall("ID-1", STUDY, "sent under the wrong name", "steward:anna")
    assert done == {"instances": 7, "courses": 1}
    assert not service.consents.is_admitted(mine)
    assert service.consents.snapshot().admitted == {}
    ward.turn()
    assert ward.site.objects == {}
    assert ward.states() == []
    assert service.recall.receipts() == []  # the archive has not said so yet
    ward.archive_erases()
    ward.turn()
    assert service.consents.is_admitted(mine)
    assert list(service.consents.snapshot().admitted.values()) == [mine]
    ward.turn()
    batches = ward.service.world.clinical.batches  # type: ignore[attr-defined]
    assert batches[-1].consented_again  # the archive takes the patient's data again
    ward.take_in(make.course(patient=mine))
    assert ward.send()
    assert ward.states() == ["delivered"]
    (line,) = service.ledger.days()
    assert (line["stored"], line["deleted"], line["offered"]) == (7, 7, 14)


def test_the_receipt_is_signed_and_lists_what_was_deleted_where(ward: Hospital) -> None:
    ward.service.recall.recall("ID-1", STUDY, "wrong name", "steward:anna")
    ward.turn()
    ward.archive_erases()
    ward.turn()
    ward.turn()
    (receipt,) = operator(ward, "GET", "/api/v1/erasures").json()
    key = base64.b64decode(open_ring(ward.settings).public_key_base64())
    public = Ed25519PublicKey.from_public_bytes(key)
    public.verify(base64.b64decode(receipt["signature"]), receipt["body"].encode())
    says = json.loads(receipt["body"])
    assert (says["why"], says["patient"]) == ("recalled", ward.pseudonym())
    assert says["site"]["instances"] == 7
    assert (says["archive"]["instances"], says["archive"]["courses"]) == (7, 1)
    assert "ID-1" not in receipt["body"]
    page = call(ward, "GET", "/deletions", cookies=session(ward)).text
    assert receipt["signature"] in page


def test_what_readers_of_the_archive_hold_stands_in_the_receipt(
    ward: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward.service.recall.recall("ID-1", STUDY, "wrong name", "steward:anna")
    ward.turn()
    taken = Export(
        caller="aino", action="read-table", what="long csv", times=12, last_at=ward.clock.now()
    )
    ward.archive_erases(taken)
    ward.turn()
    ward.turn()
    told = operator(ward, "GET", "/api/v1/erasures").json()
    assert [one["says"]["archive"]["exports"] for one in told] == [[taken.model_dump(mode="json")]]
    page = call(ward, "GET", "/deletions", cookies=session(ward)).text
    assert "aino: read-table long csv, 12×" in page
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=told))
    monkeypatch.setattr(
        erasures, "gateway_door", lambda *_where: Door("http://g", transport=transport)
    )
    shown = CliRunner().invoke(kasari_gateway, ["receipts"]).stdout
    assert f"{ward.pseudonym()}: aino has read-table long csv, 12 times" in shown


def test_a_withdrawal_has_such_a_receipt_too_and_only_one(ward: Hospital) -> None:
    withdrawal = b"patient_id,status,version,date\nID-1,withdrawn,2.1,2026-03-02\n"
    ward.service.consents.import_sheet(withdrawal, "operator", commit=True)
    ward.service.withdrawal.step()
    ward.service.clinical.forget_withdrawn()
    ward.service.clinical_sending.send()
    ward.archive_erases()
    for _ in range(3):
        ward.turn()
    assert [one["says"]["why"] for one in ward.service.recall.receipts()] == ["withdrawn"]
    assert not ward.service.consents.is_admitted(ward.pseudonym())


@pytest.mark.parametrize(
    ("patient", "uid", "comment", "code"),
    [
        ("NOBODY", STUDY, "wrong name", "unknown-patient"),
        ("ID-1", "1.2.3", "wrong name", "unknown-uid"),
        ("ID-1", STUDY, " ", "comment"),
    ],
)
def test_what_is_not_sure_is_not_deleted(
    ward: Hospital, patient: str, uid: str, comment: str, code: str
) -> None:
    with pytest.raises(RejectError) as caught:
        ward.service.recall.recall(patient, uid, comment, "steward")
    assert caught.value.code == code
    ward.turn()
    assert len(ward.site.objects) == 7


def test_only_a_steward_recalls_and_the_other_patient_is_freed(ward: Hospital) -> None:
    body = {"patient_id": "ID-1", "uid": STUDY, "comment": "wrong name"}
    assert operator(ward, "POST", "/api/v1/recalls", json=body).status_code == 403
    form = {"patient_id": "ID-1", "uid": STUDY, "comment": "wrong name"}
    cookies = session(ward, *ward.add_steward())
    page = call(ward, "POST", "/recall", data=form, cookies=cookies)
    assert "7 instances in 1 courses are deleted" in page.text
    assert "1 recall not finished" in page.text
    answer = call(
        ward, "POST", "/api/v1/recalls", json=body | {"uid": "1.2"}, headers=basic(*STEWARD)
    )
    assert answer.status_code == 422


STEWARD = ("anna", "salasana-on-pitkä")
