"""What a person does in the site's Orthanc itself is noticed, and the account still adds up."""

from io import BytesIO

import pytest
from pydicom import dcmread

from gateway.domain.courses import read_instance
from gateway.errors import RejectError, RetryError
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_account_by_day import days
from tests.integration.gateway.test_consent_policies import say
from tests.integration.gateway.test_gateway_http import call, operator, session

AGAIN = "another-study"


@pytest.fixture
def conflicting(hospital: Hospital) -> Hospital:
    """One object that is here in two studies: the second is set aside."""
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.site.objects[AGAIN] = next(iter(hospital.site.objects.values()))
    hospital.site.senders[AGAIN] = "CT1"
    hospital.site.stored += 1
    hospital.tell()
    hospital.service.intake.reconcile()
    return hospital


def alerts(hospital: Hospital) -> list[str]:
    return [alert["code"] for alert in hospital.service.alerts.open()]


def test_what_is_set_aside_stands_in_the_account_with_its_sender(conflicting: Hospital) -> None:
    lines = {line["sender"]: line for line in days(conflicting)}
    assert (lines["CT1"]["offered"], lines["CT1"]["set_aside"]) == (1, 1)
    behind = operator(conflicting, "GET", "/api/v1/account/days/2026-03-02?sender=CT1").json()
    assert [(one["course"], one["place"]) for one in behind] == [(None, "set_aside")]
    assert "again in another study" in behind[0]["reasons"][0]["text"]


def test_deleting_it_takes_the_alert_down_and_counts_as_deleted(conflicting: Hospital) -> None:
    assert alerts(conflicting) == ["set-aside-same-uid"]
    conflicting.service.intake.review()
    assert alerts(conflicting) == ["set-aside-same-uid"]
    conflicting.site.delete(AGAIN)
    conflicting.service.intake.review()
    assert alerts(conflicting) == []
    lines = {line["sender"]: line for line in days(conflicting)}
    assert (lines["CT1"]["offered"], lines["CT1"]["deleted"]) == (1, 1)


def test_deleting_the_other_one_lets_it_in(conflicting: Hospital) -> None:
    conflicting.site.delete(next(iter(conflicting.site.objects)))
    conflicting.service.intake.review()
    conflicting.settle()
    account = conflicting.service.status.account()
    assert (account.set_aside, account.gone, account.received) == (0, 1, 8)
    assert alerts(conflicting) == ["instances-gone"]
    conflicting.send()
    assert conflicting.service.status.account().delivered == 7


def test_a_mended_object_is_taken_by_itself(hospital: Hospital) -> None:
    objects = make.course(patient=hospital.pseudonym())
    unmarked = dcmread(BytesIO(objects[0]))
    unmarked.DeidentificationMethod = ""
    place = hospital.site.store(make.as_bytes(unmarked))
    hospital.take_in(objects[1:])
    assert alerts(hospital) == ["set-aside-unmarked"]
    hospital.site.objects[place] = objects[0]  # the plugin was put in force, and it came again
    hospital.service.intake.review()
    hospital.settle()
    account = hospital.service.status.account()
    assert (account.received, account.set_aside, alerts(hospital)) == (7, 0, [])


def test_whose_it_is_becomes_known_later(hospital: Hospital) -> None:
    unmarked = dcmread(BytesIO(make.course(patient="ID-9")[0]))
    unmarked.DeidentificationMethod = ""
    hospital.site.store(make.as_bytes(unmarked))
    hospital.settle()
    assert hospital.service.index.aside_of(hospital.pseudonym("ID-9")) == []
    listed = b"patient_id,family_name,status,version,date\nID-9,Laine,granted,2.1,2026-03-01\n"
    hospital.service.consents.import_sheet(listed, "operator", commit=True)
    hospital.service.intake.review()
    assert len(hospital.service.index.aside_of(hospital.pseudonym("ID-9"))) == 1


def test_a_course_that_was_deleted_before_it_was_sent_waits_no_more(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym())[:-1])
    assert hospital.states() == ["held"]
    hospital.site.objects.clear()
    hospital.service.intake.reconcile()
    hospital.settle()
    assert hospital.states() == []
    assert (days(hospital)[0]["gone"], alerts(hospital)) == (6, ["instances-gone"])


def test_a_person_confirms_that_it_was_deleted_on_purpose(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym())[:-1])
    hospital.site.objects.clear()
    hospital.service.intake.reconcile()
    hospital.settle()
    cookies = session(hospital)
    assert "6 instances gone" in call(hospital, "GET", "/account", cookies=cookies).text
    with pytest.raises(RejectError, match="say why"):
        hospital.service.deletion.confirm(" ", "operator")
    form = {"comment": "a phantom"}
    page = call(hospital, "POST", "/gone", data=form, cookies=cookies)
    assert "6 instances count as deleted" in page.text
    assert (days(hospital)[0]["deleted"], alerts(hospital)) == (6, [])
    assert "deletion-confirm" in [e["action"] for e in hospital.service.audit.entries(3)]


def test_what_the_archive_has_is_delivered_whatever_the_site_store_keeps(
    hospital: Hospital,
) -> None:
    objects = make.course(patient=hospital.pseudonym())
    hospital.take_in(objects)
    hospital.send()
    hospital.site.objects.clear()
    hospital.service.intake.reconcile()
    hospital.service.courses.reopen(hospital.pseudonym())
    hospital.settle()
    assert hospital.states() == ["delivered"]
    assert (days(hospital)[0]["delivered"], alerts(hospital)) == (7, [])
    late = read_instance(objects[-1])
    again = dcmread(BytesIO(objects[-1]))
    again.SOPInstanceUID = f"{late.sop_instance_uid}.9"
    hospital.take_in([make.as_bytes(again)])
    hospital.send()
    assert hospital.states() == ["held"]  # and not a next version without what was there
    assert len(hospital.archive.announced) == 1


def test_it_comes_again_and_is_whole(hospital: Hospital) -> None:
    objects = make.course(patient=hospital.pseudonym())
    hospital.take_in(objects)
    lost = next(iter(hospital.site.objects))
    data = hospital.site.objects.pop(lost)
    hospital.service.intake.reconcile()
    assert alerts(hospital) == ["instances-gone"]
    hospital.take_in([data])
    hospital.service.intake.review()
    assert alerts(hospital) == []
    hospital.send()
    assert days(hospital)[0]["delivered"] == 7


def test_what_a_list_in_motion_left_out_is_not_gone(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    listed = list(hospital.site.objects)[2:]  # two moved to a page that had been read
    monkeypatch.setattr(hospital.site, "instance_ids", lambda: iter(listed))
    hospital.service.intake.reconcile()
    assert (hospital.service.index.gone(), alerts(hospital)) == ([], [])


def test_the_account_is_held_against_what_the_store_itself_says(conflicting: Hospital) -> None:
    hospital, cookies = conflicting, session(conflicting)

    def told() -> tuple[int | None, int | None]:
        account = hospital.service.status.account()
        return account.in_the_store, account.unseen_in_the_store

    assert told() == (8, 0)
    hospital.site.store(make.ct(90, 0.0, hospital.pseudonym(), series=990))
    assert told() == (9, 1)
    assert (
        "1 of them are not looked at yet" in call(hospital, "GET", "/account", cookies=cookies).text
    )
    hospital.settle()
    assert told() == (9, 0)
    hospital.site.delete(next(iter(hospital.site.objects)))
    assert told() == (8, -1)
    hospital.service.intake.reconcile()
    assert told() == (8, 0)
    hospital.site.failure = RetryError("down")
    assert told() == (None, None)
    assert "cannot be asked now" in call(hospital, "GET", "/account", cookies=cookies).text


def test_a_course_that_was_queued_and_lost_everything_says_so(hospital: Hospital) -> None:
    objects = make.course(patient=hospital.pseudonym())
    hospital.take_in(objects)
    assert hospital.states() == ["ready"]
    hospital.site.objects.clear()
    hospital.service.intake.reconcile()
    hospital.settle()
    hospital.send()
    (course,) = hospital.service.courses.find()
    assert course.state.value == "held"
    assert [reason["code"] for reason in course.reasons] == ["instance-gone"]
    hospital.take_in(objects)
    hospital.clock.forward(100)
    assert hospital.send()
    assert hospital.states() == ["delivered"]


@pytest.mark.parametrize("first", ["lost", "withdrawn"])
def test_a_withdrawal_reaches_what_had_vanished_before_it_was_delivered(
    hospital: Hospital, first: str
) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    lost = list(hospital.site.objects)[:3]

    def lose() -> None:
        for orthanc_id in lost:
            hospital.site.objects.pop(orthanc_id)
        hospital.service.intake.reconcile()
        hospital.settle()
        assert alerts(hospital) == ["instances-gone"]

    if first == "lost":
        lose()
    say(hospital, "ID-1,withdrawn,2.1,2026-02-01")
    if first == "withdrawn":
        lose()
    hospital.turn()
    hospital.service.intake.review()
    assert hospital.service.index.counts()["indexed"] == 0
    assert alerts(hospital) == []
    assert hospital.service.vault.tombstones()[hospital.pseudonym()].instances == 4
    line = days(hospital)[0]
    assert (line["offered"], line["deleted"], line["gone"]) == (7, 7, 0)
