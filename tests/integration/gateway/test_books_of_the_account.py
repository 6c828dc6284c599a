"""The account: each instance in one place, by the archive's word first; and books that disagree."""

from io import BytesIO

import pytest
from pydicom import dcmread
from sqlalchemy import text
from sqlmodel import Session

from gateway.domain.books import Books, PluginBook, differences
from gateway.services.accounting import Account
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_account_by_day import DAY_S, days, store
from tests.integration.gateway.test_gateway_http import call, session

NOTHING_REMEMBERED = "UPDATE course SET revision = revision + 1"
"""So that the account counts everything anew."""


@pytest.fixture
def delivered(hospital: Hospital) -> Hospital:
    """Seven instances, read back by the archive."""
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.send()
    assert account(hospital).delivered == 7
    return hospital


def account(hospital: Hospital) -> Account:
    return hospital.service.status.account()


def change(hospital: Hospital, statement: str) -> None:
    """Alter the gateway's database behind its back."""
    with Session(hospital.service.engine) as session:
        done = session.connection().execute(text(statement))
        session.commit()
        assert done.rowcount == 1


def other(data: bytes, **changes: object) -> bytes:
    dataset = dcmread(BytesIO(data))
    dataset.update(changes)
    return make.as_bytes(dataset)


def say_consent(hospital: Hospital, status: str) -> None:
    listed = f"patient_id,status,version,date\nID-1,{status},2.1,2026-03-01\n"
    hospital.service.consents.import_sheet(listed.encode(), "operator", commit=True)
    hospital.settle()


# --- each in one place -------------------------------------------------------------------------


def test_what_is_late_is_held_and_what_is_in_the_archive_stays_delivered(
    delivered: Hospital,
) -> None:
    late = [
        other(data, SOPInstanceUID=f"2.25.9{place}", SeriesInstanceUID="2.25.99")
        for place, data in enumerate(make.course(patient=delivered.pseudonym())[4:6])
    ]
    delivered.take_in(late)
    now = account(delivered)
    assert (now.received, now.delivered, now.held + now.on_the_way) == (9, 7, 2)
    assert days(delivered)[0]["delivered"] == 7


def test_consent_that_stops_does_not_take_back_what_was_delivered(delivered: Hospital) -> None:
    say_consent(delivered, "stopped")
    now = account(delivered)
    assert (now.delivered, now.stopped_since, now.withheld) == (7, 7, 0)
    page = call(delivered, "GET", "/account", cookies=session(delivered)).text
    assert "of these, consent was stopped since" in page


def test_other_content_of_a_delivered_instance_is_a_note(delivered: Hospital) -> None:
    plan = make.course(patient=delivered.pseudonym())[5]
    delivered.clock.forward(DAY_S)
    delivered.take_in([other(plan, ApprovalStatus="UNAPPROVED")])
    now = account(delivered)
    assert (now.received, now.delivered, now.newer_waits, now.held) == (7, 7, 1, 0)
    assert [(line["day"], line["stored"]) for line in days(delivered)] == [("2026-03-02", 7)]


def test_an_instance_stays_on_the_day_and_with_the_sender_that_it_came_first(
    hospital: Hospital,
) -> None:
    course = make.course(patient=hospital.pseudonym())
    store(hospital, course, "TPS")
    hospital.clock.forward(DAY_S)
    store(hospital, [other(course[5], RTPlanLabel="OTHER")], "CT1")
    told = [(line["day"], line["sender"], line["stored"]) for line in days(hospital)]
    assert told == [("2026-03-02", "TPS", 7)]


def test_status_and_account_say_the_same_of_what_is_delivered(delivered: Hospital) -> None:
    say_consent(delivered, "stopped")
    told = delivered.service.status.status()["instances"]["delivered"]
    assert told == account(delivered).delivered == 7


# --- the books -----------------------------------------------------------------------------------


def test_a_lost_row_is_a_difference(delivered: Hospital) -> None:
    assert account(delivered).sums_up
    change(
        delivered, "DELETE FROM instance WHERE orthanc_id = (SELECT min(orthanc_id) FROM instance)"
    )
    assert not account(delivered).sums_up
    change(delivered, NOTHING_REMEMBERED)
    now = account(delivered)
    assert set(now.differences) == {
        "the site's Orthanc holds 1 that the index does not know",
        "6 count as delivered, and 7 have a receipt",
        "the plugin has stored 1 that are counted nowhere here",
    }
    page = call(delivered, "GET", "/account", cookies=session(delivered)).text
    assert "holds 1 that the index does not know" in page


def test_a_row_too_many_is_a_difference(delivered: Hospital) -> None:
    columns = (
        "sop_instance_uid, sop_class_uid, series_instance_uid, study_instance_uid, pseudonym,"
        ' modality, role, size_bytes, sha256, "references", frame_uids, facts, state, sender,'
        " received_at"
    )
    change(
        delivered,
        f"INSERT INTO instance (orthanc_id, {columns}) SELECT 'doubled', {columns}"  # noqa: S608
        " FROM instance LIMIT 1",
    )
    delivered.clock.forward(1)
    delivered.tell()
    assert account(delivered).differences == (
        "the site's Orthanc holds 1 fewer than the index says",
        "the plugin has told of 1 fewer than are counted here",
    )


@pytest.mark.parametrize(
    ("orthanc_id", "name"), [("'doubled'", "national_uid"), ("'doubled'", "'2.25.1'")]
)
def test_a_doubled_receipt_is_a_difference(delivered: Hospital, orthanc_id: str, name: str) -> None:
    change(
        delivered,
        "INSERT INTO receipt (submission_id, orthanc_id, national_uid, sha256, size_bytes,"  # noqa: S608
        f" verified_at) SELECT submission_id, {orthanc_id}, {name}, sha256, size_bytes,"
        " verified_at FROM receipt LIMIT 1",
    )
    change(delivered, NOTHING_REMEMBERED)
    assert "7 count as delivered, and 8 have a receipt" in account(delivered).differences


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE plugin_total SET count = count - 1 WHERE reason = 'received'",
        "UPDATE plugin_total SET count = count + 1 WHERE reason = 'received'",
        "INSERT INTO erased_day (day, sender, why, count) VALUES ('2026-03-02', '', 'by-hand', 1)",
        "INSERT INTO cursor (name, value) VALUES ('revived', '1')",
    ],
)
def test_a_tampered_count_is_a_difference(delivered: Hospital, statement: str) -> None:
    assert account(delivered).sums_up
    change(delivered, statement)
    assert not account(delivered).sums_up


def test_what_comes_again_and_what_is_deleted_leaves_the_books_in_agreement(
    delivered: Hospital,
) -> None:
    objects = make.course(patient=delivered.pseudonym())
    delivered.take_in(objects[:3])
    assert account(delivered).sums_up
    say_consent(delivered, "withdrawn")
    delivered.service.withdrawal.step()
    now = account(delivered)
    assert (now.received, now.deleted_on_request, now.differences) == (0, 7, ())
    say_consent(delivered, "granted")
    delivered.take_in(objects)
    now = account(delivered)
    assert (now.received, now.plugin_stored, now.differences) == (7, 14, ())


def test_a_start_without_a_last_word_before_it_may_leave_some_untold(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.site.stored -= 2  # killed before it could tell
    change(hospital, "UPDATE plugin_total SET count = 5 WHERE reason = 'received'")
    hospital.clock.forward(1)
    hospital.tell("one", received=5)
    assert account(hospital).differences == (
        "the plugin has told of 2 fewer than are counted here",
    )
    hospital.tell("two", received=0, again=0)
    assert account(hospital).differences == ()
    hospital.tell("one", received=5, ended=True)
    hospital.clock.forward(1)
    hospital.tell("two", received=0, again=0)
    assert not account(hospital).sums_up


AGREED = Books(
    rows=9, present=7, placed=9, deleted=2, revived=1, delivered=5, receipts=5, names=5,
    in_store=7, behind=0, plugin=PluginBook(14, 2, 0, up_to_date=True),
)  # fmt: skip


def test_books_that_agree_have_no_difference() -> None:
    assert list(differences(AGREED)) == []


@pytest.mark.parametrize(
    "name", ["rows", "present", "placed", "deleted", "revived", "delivered", "receipts", "names"]
)
@pytest.mark.parametrize("by", [-1, 1])
def test_no_count_can_be_one_off(name: str, by: int) -> None:
    tampered = Books(**(vars(AGREED) | {name: getattr(AGREED, name) + by}))
    assert list(differences(tampered))


def test_what_is_under_way_is_no_difference() -> None:
    told = PluginBook(16, 2, 0, up_to_date=True)
    coming = Books(**(vars(AGREED) | {"in_store": 9, "behind": 2, "plugin": told}))
    assert list(differences(coming)) == []
    late = PluginBook(10, 2, 0, up_to_date=False)
    assert list(differences(Books(**(vars(AGREED) | {"plugin": late})))) == []
    assert list(differences(Books(**(vars(AGREED) | {"in_store": None, "plugin": None})))) == []
