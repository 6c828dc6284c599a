"""What the archive lost or never heard of goes again, and nothing else."""

import pytest

from gateway.adapters.commitments import SqlCommitments
from gateway.errors import RejectError, RetryError
from gateway.loops import Background
from tests.factories import site_objects as make
from tests.factories.gateway_world import FakeClinicalArchive
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_books_of_the_account import other
from tests.integration.gateway.test_consent_policies import say
from tests.integration.gateway.test_consent_that_comes_back import AGAIN, WITHDRAWN, turn
from tests.integration.gateway.test_gateway_http import operator


@pytest.fixture
def delivered(hospital: Hospital) -> Hospital:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.send()
    assert hospital.states() == ["delivered"]
    return hospital


def go_again(hospital: Hospital) -> None:
    hospital.service.course_service.step()
    assert hospital.states() == ["ready"]
    hospital.send()
    assert hospital.states() == ["delivered"]


def test_a_whole_archive_is_left_in_peace(delivered: Hospital) -> None:
    assert delivered.service.recheck.step() == {"delivered": 1, "sent_again": 0}
    assert delivered.states() == ["delivered"]


def test_lost_instances_go_again_as_the_next_version(delivered: Hospital) -> None:
    before = dict(delivered.archive.held)
    lost = sorted(before)[:2]
    for uid in lost:
        del delivered.archive.held[uid]
    assert delivered.service.recheck.step() == {"delivered": 1, "sent_again": 1}
    go_again(delivered)
    assert delivered.archive.held == before
    assert [version for _, version in delivered.archive.announced] == [1, 2]
    assert delivered.service.recheck.step()["sent_again"] == 0
    assert delivered.service.audit.first_break() is None


def test_an_archive_restored_from_before_the_course_gets_it_again(delivered: Hospital) -> None:
    before = dict(delivered.archive.held)
    delivered.archive.held.clear()
    delivered.archive.announced.clear()
    assert delivered.service.recheck.step()["sent_again"] == 1
    go_again(delivered)
    assert delivered.archive.held == before


def test_who_ordered_it_is_in_the_audit(delivered: Hospital) -> None:
    assert operator(delivered, "POST", "/api/v1/archive/recheck").json()["delivered"] == 1
    delivered.service.recheck.step()  # by itself: nobody ordered it
    told = [e["role"] for e in delivered.service.audit.entries() if e["action"] == "recheck"]
    assert told == ["operator"]


def test_an_archive_that_does_not_answer_changes_nothing(delivered: Hospital) -> None:
    delivered.archive.failures["holdings"] = [RetryError("the archive answered 503")]
    with pytest.raises(RetryError):
        delivered.service.recheck.step()
    assert delivered.states() == ["delivered"]


def erased(hospital: Hospital) -> None:
    """Both sides delete, and the receipt is signed."""
    turn(hospital)
    hospital.archive_erases()
    for _ in range(2):
        turn(hospital)
    assert len(hospital.service.recall.receipts()) == 1


def restore(hospital: Hospital) -> FakeClinicalArchive:
    """Put the archive back to before it was told."""
    clinical = hospital.service.world.clinical
    assert isinstance(clinical, FakeClinicalArchive)
    clinical.receipts.clear()
    clinical.batches.clear()
    return clinical


def recheck(hospital: Hospital) -> int:
    again: int = operator(hospital, "POST", "/api/v1/archive/recheck").json()["withdrawals_again"]
    return again


def lost(hospital: Hospital) -> list[str]:
    alerts = hospital.service.alerts.open()
    return [alert["text"] for alert in alerts if alert["code"] == "archive-lost-withdrawals"]


def test_an_archive_restored_from_before_a_withdrawal_is_told_again(delivered: Hospital) -> None:
    say(delivered, WITHDRAWN)
    erased(delivered)
    assert recheck(delivered) == 0
    clinical = restore(delivered)
    assert recheck(delivered) == 1
    assert "no record any more of 1 withdrawals" in lost(delivered)[0]
    event = next(e for e in delivered.service.audit.entries(9) if e["action"] == "withdrawal-again")
    assert event["detail"].endswith("it had deleted 7 instances, 1 courses, 2 rows on 2026-03-02")
    turn(delivered)
    assert [len(batch.withdrawn) for batch in clinical.batches] == [1]
    assert recheck(delivered) == 0
    assert lost(delivered)  # until it has deleted them
    delivered.archive_erases()
    turn(delivered)
    assert recheck(delivered) == 0
    assert lost(delivered) == []
    assert delivered.service.clinical.withdrawals()[0]["archive"]


def test_it_is_compared_every_hour_and_not_at_the_start(
    delivered: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that was itself restored knows of a withdrawal, and not of what came after it."""
    say(delivered, WITHDRAWN)
    erased(delivered)
    restore(delivered)
    loops = Background(delivered.service)
    loops._recheck()
    assert lost(delivered) == []
    monkeypatch.setattr(loops, "_recheck_at", 1e-9)  # an hour later
    loops._recheck()
    assert lost(delivered)


def test_one_whose_consent_came_back_does_not_wait_for_a_receipt_that_never_comes(
    delivered: Hospital,
) -> None:
    say(delivered, WITHDRAWN)
    turn(delivered)
    say(delivered, AGAIN)
    restore(delivered)
    assert recheck(delivered) == 1
    for _ in range(2):
        turn(delivered)
    assert delivered.service.consents.is_admitted(delivered.pseudonym())


def test_a_recall_that_the_archive_forgot_is_ordered_again_without_a_uid(
    delivered: Hospital,
) -> None:
    recall, mine = delivered.service.recall, delivered.pseudonym()
    with pytest.raises(RejectError, match="nothing of that UID"):
        recall.recall("ID-1", "", "wrong name", "steward:anna")
    delivered.service.erasures.recall(mine, "wrong name", delivered.clock.now())
    erased(delivered)
    clinical = restore(delivered)
    delivered.clock.forward(60)
    assert recall.recall("ID-1", "", "wrong name", "steward:anna")["instances"] == 0
    for _ in range(2):
        turn(delivered)
    assert [len(batch.withdrawn) for batch in clinical.batches] == [1]
    delivered.archive_erases()
    for _ in range(2):
        turn(delivered)
    assert len(recall.receipts()) == 2
    assert delivered.service.consents.is_admitted(mine)


def test_what_is_nowhere_any_more_is_neither_committed_nor_delivered(delivered: Hospital) -> None:
    service = delivered.service
    uid = service.index.of_patient(delivered.pseudonym())[0].instance.sop_instance_uid
    commitments = SqlCommitments(service.engine)
    delivered.site.objects.clear()
    service.intake.reconcile()
    delivered.settle()
    assert commitments.kept({uid})[uid].verified
    delivered.archive.held.clear()
    assert service.recheck.step()["sent_again"] == 1
    assert commitments.kept({uid}) == {}
    delivered.settle()
    delivered.send()
    account = service.status.account()
    assert (account.delivered, account.gone, account.sums_up) == (0, 7, True)
    (course,) = service.courses.find()
    assert (course.state.value, [r["code"] for r in course.reasons]) == ("held", ["instance-gone"])
    assert not delivered.send()
    service.intake.review()
    assert "instances-gone" in [alert["code"] for alert in service.alerts.open()]
    delivered.take_in(make.course(patient=delivered.pseudonym()))
    assert delivered.send()
    assert delivered.states() == ["delivered"]
    assert commitments.kept({uid})[uid].verified
    assert service.status.account().delivered == 7


DECLINED = "ID-1,declined,2.1,2026-03-01"


def test_a_withdrawal_reaches_the_archive_though_the_patient_declined_since(
    delivered: Hospital,
) -> None:
    say(delivered, WITHDRAWN)
    delivered.service.withdrawal.step()
    delivered.service.clinical.forget_withdrawn()  # and the archive cannot be reached
    say(delivered, DECLINED)
    turn(delivered)
    delivered.archive_erases()
    assert delivered.archive.held == {}
    for _ in range(2):
        turn(delivered)
    assert len(delivered.service.recall.receipts()) == 1
    assert not delivered.service.recall.is_erasing()


def test_a_restored_archive_is_told_again_of_who_withdrew_and_then_declined(
    delivered: Hospital,
) -> None:
    say(delivered, WITHDRAWN)
    erased(delivered)
    say(delivered, DECLINED)
    clinical = restore(delivered)
    assert recheck(delivered) == 1
    turn(delivered)
    assert [len(batch.withdrawn) for batch in clinical.batches] == [1]


def test_a_second_recall_is_not_signed_with_the_answer_to_the_first(delivered: Hospital) -> None:
    say(delivered, DECLINED)
    recall, mine = delivered.service.recall, delivered.pseudonym()
    delivered.service.erasures.recall(mine, "wrong name", delivered.clock.now())
    erased(delivered)
    clinical = restore(delivered)
    delivered.clock.forward(60)
    recall.recall("ID-1", "", "wrong name", "steward:anna")
    for _ in range(2):
        turn(delivered)
    assert (len(recall.receipts()), recall.open()) == (1, 1)
    assert [len(batch.withdrawn) for batch in clinical.batches] == [1]
    delivered.archive_erases()
    for _ in range(2):
        turn(delivered)
    assert (len(recall.receipts()), recall.open()) == (2, 0)


def test_a_wrong_withdrawal_that_was_annulled_in_time_does_not_reach_the_archive(
    delivered: Hospital,
) -> None:
    service = delivered.service
    say(delivered, "ID-1,stopped,2.1,2026-01-15", WITHDRAWN)
    service.withdrawal.step()
    service.clinical.forget_withdrawn()  # and the archive cannot be reached
    said = service.annulment.ledger("ID-1", "steward:anna")
    (wrong,) = [one["statement"] for one in said if one["status"] == "withdrawn"]
    service.annulment.annul("ID-1", wrong, "of another day", "steward:anna")
    for _ in range(2):
        turn(delivered)
    clinical = service.world.clinical
    assert isinstance(clinical, FakeClinicalArchive)
    assert [batch for batch in clinical.batches if batch.withdrawn] == []
    assert len(delivered.archive.held) == 7
    assert not service.recall.is_erasing()


@pytest.fixture
def with_record(hospital: Hospital) -> Hospital:
    """A delivered course whose record was cleaned at the site, and whose dose the archive lost."""
    mine = hospital.pseudonym()
    hospital.take_in([*make.course(patient=mine), make.record(401, 200, 1, mine)])
    hospital.send()
    assert hospital.states() == ["delivered"]
    stored = {one.instance.modality: one for one in hospital.service.index.of_patient(mine)}
    del hospital.site.objects[stored["RTRECORD"].orthanc_id]
    hospital.service.intake.reconcile()
    hospital.settle()
    del hospital.archive.held[hospital.stage.uid(stored["RTDOSE"].instance.sop_instance_uid)]
    assert hospital.service.recheck.step()["sent_again"] == 1
    hospital.settle()
    return hospital


def test_what_goes_again_goes_whole_or_waits_for_what_is_gone(with_record: Hospital) -> None:
    with_record.send()
    (course,) = with_record.service.courses.find()
    assert (course.state.value, [r["code"] for r in course.reasons]) == ("held", ["instance-gone"])
    with_record.take_in([make.record(401, 200, 1, with_record.pseudonym())])
    assert with_record.send()
    assert with_record.states() == ["delivered"]
    assert len(with_record.archive.held) == 8


def test_what_comes_back_changed_meanwhile_waits_for_a_person(with_record: Hospital) -> None:
    record = make.record(401, 200, 1, with_record.pseudonym())
    with_record.take_in([other(record, SeriesDescription="another")])
    with_record.send()
    (course,) = with_record.service.courses.find()
    assert (course.state.value, [r["code"] for r in course.reasons]) == ("held", ["conflict"])
