"""From stored objects to verified receipts, with everything on the way failing in turn."""

import pytest
from sqlalchemy import text

from gateway.domain.courses import CourseState
from gateway.errors import RejectError, RetryError, StopError
from gateway.services.submission import LEASE_S
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital


def test_a_complete_course_is_delivered_and_verified(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert hospital.states() == ["ready"]
    assert hospital.send()
    assert hospital.states() == ["delivered"]
    assert len(hospital.archive.held) == 7
    manifest = next(iter(hospital.archive.announced.values())).manifest
    assert manifest.national_id == "FI" + hospital.pseudonym()
    assert manifest.course_uid == hospital.stage.uid(make.uid(200))
    assert not manifest.missing


def test_nothing_goes_before_the_settle_time(hospital: Hospital) -> None:
    for data in make.course(patient=hospital.pseudonym()):
        hospital.site.store(data)
    hospital.service.intake.step()
    hospital.service.course_service.step()
    assert hospital.states() == ["collecting"]
    assert not hospital.send()


def test_the_order_of_arrival_does_not_matter(hospital: Hospital) -> None:
    for data in reversed(make.course(patient=hospital.pseudonym())):
        hospital.take_in([data])
        if hospital.states() != ["ready"]:
            assert not hospital.send()
    assert hospital.states() == ["ready"]
    hospital.send()
    assert hospital.states() == ["delivered"]
    assert len(hospital.archive.announced) == 1


def test_an_incomplete_course_is_held_and_released_by_a_person(hospital: Hospital) -> None:
    objects = make.course(slices=5, patient=hospital.pseudonym())
    hospital.take_in([objects[0], *objects[5:]])
    (course,) = hospital.service.course_service.find(None, 10)
    assert course["state"] == "held"
    assert course["reasons"] == [
        {
            "code": "images-missing",
            "text": "1 of 5 CT slices are here: the structure set refers to 4 that have not come",
        }
    ]
    with pytest.raises(RejectError, match="identifies the patient"):
        hospital.service.decisions.release(course["id"], "Virtanen is fine", "operator")
    hospital.service.decisions.release(course["id"], "known, one slice is enough", "operator")
    hospital.send()
    assert hospital.states() == ["delivered"]
    manifest = next(iter(hospital.archive.announced.values())).manifest
    assert manifest.release is not None
    assert manifest.release.comment == "known, one slice is enough"
    assert len(manifest.missing) == 4


def test_the_manifest_tells_the_role_and_not_the_account_that_released(
    hospital: Hospital,
) -> None:
    objects = make.course(slices=5, patient=hospital.pseudonym())
    hospital.take_in([objects[0], *objects[5:]])
    hospital.service.decisions.release(1, "one slice is enough", "steward:maija.virtanen")
    with hospital.service.engine.begin() as connection:
        kept = connection.execute(text("SELECT release FROM course")).scalar_one()
        assert "maija" not in kept
        of_before = kept.replace('"steward"', '"steward:maija.virtanen"')
        assert of_before != kept
        connection.execute(text("UPDATE course SET release = :of_before"), {"of_before": of_before})
    hospital.send()
    (body,) = hospital.archive.announced.values()
    assert body.manifest.release is not None
    assert body.manifest.release.role == "steward"
    assert "maija" not in body.model_dump_json()
    latest = hospital.service.audit.entries()
    assert any(event["role"] == "steward:maija.virtanen" for event in latest)


def test_a_late_object_makes_the_next_version(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.send()
    hospital.take_in([make.record(400, 200, 1, hospital.pseudonym())])
    hospital.send()
    assert hospital.states() == ["delivered"]
    versions = [version for _, version in hospital.archive.announced]
    assert versions == [1, 2]
    assert len({uid for uid, _ in hospital.archive.announced}) == 1
    assert len(hospital.archive.held) == 8


def test_a_duplicate_changes_nothing_and_is_counted(hospital: Hospital) -> None:
    objects = make.course(patient=hospital.pseudonym())
    hospital.take_in(objects)
    hospital.send()
    hospital.take_in(objects[:2])
    assert hospital.states() == ["delivered"]
    assert not hospital.send()
    assert hospital.service.index.counts()["duplicate"] == 2


def test_other_content_under_the_same_uid_holds_the_course(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.take_in([make.ct(1, 0.5, hospital.pseudonym())])
    assert hospital.states() == ["held"]
    (course,) = hospital.service.course_service.find(CourseState.HELD, 10)
    assert "conflict" in [reason["code"] for reason in course["reasons"]]


@pytest.mark.parametrize("step", ["announce", "store", "verify"])
def test_a_failure_is_tried_again_and_nothing_doubles(hospital: Hospital, step: str) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.archive.failures[step].append(RetryError("the archive answered 503"))
    hospital.send()
    assert hospital.states() == ["ready"]
    assert not hospital.send(), "it must wait before the next attempt"
    hospital.clock.forward(3)
    assert hospital.send()
    assert hospital.states() == ["delivered"]
    assert len(hospital.archive.held) == 7
    assert len(hospital.archive.announced) == 1


def test_a_success_that_stored_nothing_is_noticed_by_reading_back(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    lost = hospital.stage.uid(make.uid(2))
    hospital.archive.loses.add(lost)
    hospital.send()
    assert hospital.states() == ["ready"]
    hospital.archive.loses.clear()
    hospital.clock.forward(3)
    hospital.archive.calls.clear()
    hospital.send()
    assert hospital.states() == ["delivered"]
    assert hospital.archive.calls == ["announce", "store", "verify"]


def test_a_closed_door_stops_sending_until_a_person_resumes(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.archive.failures["announce"].append(StopError("not let in (401)"))
    hospital.send()
    hospital.clock.forward(100_000)
    assert not hospital.send()
    assert [a["code"] for a in hospital.service.alerts.open()] == ["sending-stopped"]
    hospital.service.sending.resume("operator")
    hospital.send()
    assert hospital.states() == ["delivered"]
    assert hospital.service.alerts.open() == []


def test_the_archive_may_refuse_a_course_for_good(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.archive.failures["announce"].append(RejectError("archive-422", "no"))
    hospital.send()
    assert hospital.states() == ["refused"]
    hospital.clock.forward(1e6)
    assert not hospital.send()


def test_what_the_checker_objects_to_stays_here(hospital: Hospital) -> None:
    hospital.stage.problems = ("PatientComments is still there",)
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.send()
    assert hospital.archive.calls == []
    assert hospital.states() == ["held"]
    assert not list((hospital.settings.data_folder / "spool").rglob("*.dcm"))


def test_a_kill_in_the_middle_of_sending_is_taken_up_again(hospital: Hospital) -> None:
    class Killed(BaseException):
        """What no handler of ours may swallow."""

    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.archive.failures["verify"].append(Killed())  # type: ignore[arg-type]
    with pytest.raises(Killed):
        hospital.send()
    hospital.restart()
    hospital.send()
    assert hospital.states() == ["delivered"]
    assert len(hospital.archive.held) == 7
    assert [version for _, version in hospital.archive.announced] == [1]


def test_two_workers_never_hold_the_same_submission(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    first = hospital.service.outbox.claim("one", 60)
    assert first is not None
    assert hospital.service.outbox.claim("two", 60) is None
    hospital.clock.forward(61)
    second = hospital.service.outbox.claim("two", 60)
    assert second is not None
    assert not hospital.service.outbox.extend(first, 60), "the first one has lost it"


def test_a_worker_that_could_not_write_how_it_ended_goes_on_at_once(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_what: object) -> None:
        raise OSError("disk full")

    hospital.take_in(make.course(patient=hospital.pseudonym()))
    with monkeypatch.context() as patch:
        for name in ("announced", "retry"):
            patch.setattr(hospital.service.outbox, name, full)
        with pytest.raises(OSError, match="disk full"):
            hospital.send()
    assert hospital.service.outbox.claim("another", LEASE_S) is None
    assert hospital.send()  # no time has passed, its lease stands
    hospital.service.course_service.step()
    assert hospital.states() == ["delivered"]


def test_withdrawal_keeps_a_queued_course_here(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    withdrawal = b"patient_id,status,version,date\nID-1,withdrawn,2.1,2026-03-02\n"
    hospital.service.consents.import_sheet(withdrawal, "operator", commit=True)
    hospital.service.course_service.step()
    assert not hospital.send()
    assert hospital.states() == ["held"]
    assert hospital.archive.calls == []
    assert hospital.service.consents.snapshot().admitted == {}


def test_consent_given_again_lets_it_go(hospital: Hospital) -> None:
    test_withdrawal_keeps_a_queued_course_here(hospital)
    again = b"patient_id,status,version,date\nID-1,granted,2.1,2026-03-03\n"
    hospital.service.consents.import_sheet(again, "operator", commit=True)
    hospital.service.course_service.step()
    hospital.send()
    assert hospital.states() == ["delivered"]


def test_withdrawal_erases_at_the_site_and_nothing_comes_back(hospital: Hospital) -> None:
    objects = make.course(patient=hospital.pseudonym())
    hospital.take_in(objects)
    hospital.send()
    withdrawal = b"patient_id,status,version,date\nID-1,withdrawn,2.1,2026-03-02\n"
    hospital.service.consents.import_sheet(withdrawal, "operator", commit=True)
    assert hospital.service.withdrawal.step() == 1
    assert hospital.site.objects == {}
    assert hospital.states() == []
    assert hospital.service.status.account().received == 0
    assert hospital.service.withdrawal.step() == 0
    actions = [(e["action"], e["detail"]) for e in hospital.service.audit.entries()]
    assert ("erase", "7 instances, withdrawn") in actions
    again = b"patient_id,status,version,date\nID-1,granted,2.1,2026-03-03\n"
    hospital.service.consents.import_sheet(again, "operator", commit=True)
    assert hospital.service.consents.is_admitted(hospital.pseudonym())
    hospital.take_in(objects)
    hospital.send()
    assert hospital.states() == ["delivered"]


def test_an_erasure_that_is_interrupted_goes_on(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    withdrawal = b"patient_id,status,version,date\nID-1,withdrawn,2.1,2026-03-02\n"
    hospital.service.consents.import_sheet(withdrawal, "operator", commit=True)
    deleted = hospital.site.delete

    def fails_after_three(orthanc_id: str) -> None:
        if len(hospital.site.objects) <= 4:
            raise RetryError("the site Orthanc is away")
        deleted(orthanc_id)

    hospital.site.delete = fails_after_three  # type: ignore[method-assign]
    with pytest.raises(RetryError):
        hospital.service.withdrawal.step()
    hospital.site.delete = deleted  # type: ignore[method-assign]
    hospital.service.withdrawal.step()
    assert hospital.site.objects == {}
    assert hospital.service.withdrawal.step() == 0


def test_a_second_patient_does_not_mix_with_the_first(hospital: Hospital) -> None:
    hospital.service.consents.import_sheet(
        b"patient_id,status,version,date\nID-2,granted,2.1,2026-01-01\n", "operator", commit=True
    )
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.take_in([make.ct(901, 0.0, hospital.pseudonym("ID-2"), series=950, frame="2.25.9")])
    assert sorted(hospital.states()) == ["held", "ready"]


def test_the_account_adds_up_at_every_step(hospital: Hospital) -> None:
    objects = make.course(patient=hospital.pseudonym())
    for data in objects:
        hospital.site.store(data)
        hospital.service.intake.step()
        assert hospital.service.status.account().sums_up
        hospital.service.course_service.step()
        assert hospital.service.status.account().sums_up
    hospital.settle()
    assert hospital.service.status.account().on_the_way == 7
    hospital.send()
    account = hospital.service.status.account()
    assert (account.received, account.delivered, account.sums_up) == (7, 7, True)


def test_killed_between_the_judgement_and_the_queue_it_still_goes(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    class _KilledError(BaseException):
        pass

    def die(*_: object) -> None:
        raise _KilledError

    with monkeypatch.context() as patch:
        patch.setattr(hospital.service.outbox, "queue", die)
        with pytest.raises(_KilledError):
            hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.restart()
    hospital.settle()
    assert hospital.send()
    assert hospital.states() == ["delivered"]
