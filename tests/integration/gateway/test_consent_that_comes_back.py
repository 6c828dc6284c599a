"""Consent that comes back at a bad moment: nobody is kept out for ever, no receipt is lost."""

import pytest

from gateway.errors import RetryError
from gateway.loops import Background
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_consent_policies import admitted, say
from tests.integration.gateway.test_gateway_http import operator

AGAIN = "ID-1,granted,2.2,2026-02-20"
WITHDRAWN = "ID-1,withdrawn,2.1,2026-02-01"


def turn(hospital: Hospital) -> None:
    """Do what the loops of a gateway do once about deletions."""
    loops = Background(hospital.service)
    loops._erase()
    loops._send_clinical()


def is_admitted(hospital: Hospital) -> bool:
    """Whether they are, as the service and as the plugin has it."""
    assert hospital.service.consents.is_admitted(hospital.pseudonym()) is bool(admitted(hospital))
    return bool(admitted(hospital))


def sent_again(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert hospital.send()
    assert hospital.states() == ["delivered"]


def whys(hospital: Hospital) -> list[tuple[str, int, int]]:
    said = [one["says"] for one in hospital.service.recall.receipts()]
    return [(s["why"], s["site"]["instances"], s["archive"]["instances"]) for s in said]


def kill(hospital: Hospital, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Stop the service after it has stored a list and before it follows."""

    def killed(_pseudonym: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(hospital.service.consents, "follow", killed)
    with pytest.raises(KeyboardInterrupt):
        say(hospital, line)
    monkeypatch.undo()


@pytest.fixture
def ward(hospital: Hospital) -> Hospital:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    return hospital


@pytest.mark.parametrize("how", ["annulled", "granted"])
def test_consent_that_comes_back_while_the_erasure_runs(
    ward: Hospital, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    say(ward, WITHDRAWN)
    delete = ward.site.delete

    def delete_slowly(orthanc_id: str) -> None:
        monkeypatch.undo()
        if how == "granted":
            say(ward, AGAIN)
        else:
            annulment = ward.service.annulment
            wrong = annulment.ledger("ID-1", "steward:anna")[-1]["statement"]
            annulment.annul("ID-1", wrong, "it was another patient", "steward:anna")
        delete(orthanc_id)

    monkeypatch.setattr(ward.site, "delete", delete_slowly)
    turn(ward)
    assert is_admitted(ward)
    turn(ward)
    sent_again(ward)
    say(ward, "ID-1,withdrawn,2.3,2026-02-25")  # the first deletion is not in this one's receipt
    turn(ward)
    assert ward.service.vault.tombstones()[ward.pseudonym()].instances == 7


def test_consent_that_comes_back_a_moment_before_the_tombstone(
    ward: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(ward, WITHDRAWN)
    bury = ward.service.vault.bury

    def bury_late(*what: object) -> None:
        monkeypatch.undo()
        say(ward, AGAIN)
        bury(*what)  # type: ignore[arg-type]

    monkeypatch.setattr(ward.service.vault, "bury", bury_late)
    for _ in range(3):
        turn(ward)
    assert is_admitted(ward)
    sent_again(ward)


def test_stopped_before_it_followed_a_consent_the_service_does_so_at_its_start(
    ward: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(ward, "ID-1,stopped,2.1,2026-02-01")
    ward.settle()
    assert ward.states() == ["held"]
    kill(ward, monkeypatch, AGAIN)
    ward.restart()
    assert say(ward, AGAIN)["changed"] == 0
    loop = next(x for x in Background(ward.service).loops if x.name == "consent")
    while loop._step():
        ward.settle()
    assert ward.states() == ["ready"]


def test_stopped_before_it_followed_a_consent_nobody_stays_kept_out(
    ward: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(ward, WITHDRAWN)
    ward.service.withdrawal.step()
    kill(ward, monkeypatch, AGAIN)
    ward.restart()
    assert not is_admitted(ward)
    turn(ward)
    assert is_admitted(ward)
    sent_again(ward)


def test_consent_that_comes_back_before_the_archive_has_answered_waits_for_the_receipt(
    ward: Hospital,
) -> None:
    ward.send()
    say(ward, WITHDRAWN)
    turn(ward)
    say(ward, AGAIN)
    for _ in range(2):
        turn(ward)
    assert not is_admitted(ward)
    verdict = ward.service.inquiry.why("ID-1", "steward:anna").verdict
    assert verdict.endswith("Send the objects again when its receipt is on the page Deletions.")
    ward.archive_erases()
    for _ in range(3):
        turn(ward)
    assert whys(ward) == [("withdrawn", 7, 7)]
    assert is_admitted(ward)
    batches = ward.service.world.clinical.batches  # type: ignore[attr-defined]
    assert [bool(batch.consented_again) for batch in batches] == [False, True]
    assert ward.service.clinical.forgotten() == {}
    sent_again(ward)


def test_consent_that_comes_back_after_the_receipt_counts_at_once(ward: Hospital) -> None:
    ward.send()
    say(ward, WITHDRAWN)
    turn(ward)
    ward.archive_erases()
    for _ in range(2):
        turn(ward)
    say(ward, AGAIN)
    assert is_admitted(ward)


def test_consent_that_comes_back_before_the_archive_was_told_counts_at_once(
    ward: Hospital,
) -> None:
    ward.service.world.clinical.failures.append(RetryError("down"))  # type: ignore[attr-defined]
    say(ward, WITHDRAWN)
    with pytest.raises(RetryError):
        turn(ward)
    say(ward, AGAIN)
    for _ in range(2):
        turn(ward)
    assert is_admitted(ward)
    assert ward.service.world.clinical.batches == []  # type: ignore[attr-defined]


def test_an_undone_merge_is_no_withdrawal_on_the_receipt(ward: Hospital) -> None:
    say(ward, "ID-2,granted,2.1,2026-01-01")
    ward.send()
    ward.service.merging.merge("ID-2", "ID-1", "steward:anna")
    turn(ward)
    (merge,) = ward.service.merging.progress()
    ward.clock.forward(60)
    ward.service.merging.undo(merge["id"], "steward:anna")
    turn(ward)
    ward.archive_erases()
    for _ in range(3):
        turn(ward)
    assert whys(ward) == [("merged", 7, 7)]
    assert ward.service.consents.is_admitted(ward.pseudonym())


def test_an_error_that_nobody_expected_does_not_say_that_nothing_was_changed(
    ward: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_pseudonym: str) -> None:
        raise RuntimeError("database is locked")

    monkeypatch.setattr(ward.service.consents, "follow", locked)
    head = "patient_id,status,version,date\n"
    answer = operator(ward, "POST", "/api/v1/consents", content=f"{head}{WITHDRAWN}\n".encode())
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
    assert "part of it may be done" in answer.json()["text"]
    assert not ward.service.consents.is_admitted(ward.pseudonym())
