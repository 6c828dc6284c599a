"""Copies on their way to the archive: none outlives its patient's erasure, none is forgotten."""

from collections.abc import Callable
from threading import Event, Thread

import pytest

from gateway.ports import Rewritten
from gateway.services.preparation import EARLY_S
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital

WITHDRAWAL = b"patient_id,status,version,date\nID-1,withdrawn,2.1,2026-03-02\n"
PATIENCE_S = 20.0


def copies(hospital: Hospital) -> int:
    return len(list((hospital.settings.data_folder / "spool").iterdir()))


def withdraw(hospital: Hospital) -> None:
    hospital.service.consents.import_sheet(WITHDRAWAL, "operator", commit=True)


def all_prepared(hospital: Hospital) -> None:
    """Wait for what was prepared early: the pool takes its jobs in order."""
    for _ in range(3):
        hospital.service.rewriters.submit(int).result(PATIENCE_S)


def each_rewriting(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, first: Callable[[], None]
) -> None:
    """Do something before each object is rewritten."""
    rewrite = hospital.stage.rewrite

    def instead(*what: object) -> Rewritten:
        first()
        return rewrite(*what)  # type: ignore[arg-type]

    monkeypatch.setattr(hospital.stage, "rewrite", instead)


def test_erasing_removes_what_was_prepared_early_and_counts_it(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    all_prepared(hospital)
    assert copies(hospital) == 7
    withdraw(hospital)
    assert hospital.service.withdrawal.step() == 1
    assert (copies(hospital), hospital.site.objects) == (0, {})
    (stone,) = hospital.service.vault.tombstones().values()
    assert (stone.instances, stone.copies) == (7, 7)


def test_other_patients_copies_stay(hospital: Hospital) -> None:
    second = b"patient_id,status,version,date\nID-2,granted,2.1,2026-01-01\n"
    hospital.service.consents.import_sheet(second, "operator", commit=True)
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.take_in([make.ct(50, 0.0, hospital.pseudonym("ID-2"), series=900)])
    all_prepared(hospital)
    withdraw(hospital)
    hospital.service.withdrawal.step()
    assert copies(hospital) == 1


def test_a_withdrawal_in_the_middle_of_preparing_leaves_nothing(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.take_in(make.course(slices=60, patient=hospital.pseudonym()))
    all_prepared(hospital)
    hospital.service.preparer.begin_again()
    done: list[int] = []

    def withdraw_once() -> None:
        done.append(1)
        if len(done) == 3:
            withdraw(hospital)

    each_rewriting(hospital, monkeypatch, withdraw_once)
    hospital.send()
    assert 3 <= len(done) < 60, "the lease was lost on the way"
    assert hospital.archive.calls == []
    assert copies(hospital) == 0


def test_one_object_that_the_checker_holds_leaves_none_of_the_others(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    all_prepared(hospital)
    hospital.service.preparer.begin_again()
    seen: list[int] = []

    def object_to_the_fifth() -> None:
        seen.append(1)
        hospital.stage.problems = ("PatientComments is still there",) if len(seen) == 5 else ()

    each_rewriting(hospital, monkeypatch, object_to_the_fifth)
    hospital.send()
    assert hospital.states() == ["held"]
    assert copies(hospital) == 0


def test_what_waits_to_be_prepared_is_not_after_an_erasure(hospital: Hospital) -> None:
    go = Event()
    blocked = [hospital.service.rewriters.submit(go.wait, PATIENCE_S) for _ in range(2)]
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    withdraw(hospital)
    hospital.service.withdrawal.step()
    go.set()
    for one in blocked:
        assert one.result(PATIENCE_S)
    all_prepared(hospital)
    assert copies(hospital) == 0


def test_an_erasure_waits_for_the_copy_that_is_being_written(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = Event(), Event()

    def slowly() -> None:
        begun.set()
        assert go.wait(PATIENCE_S)

    each_rewriting(hospital, monkeypatch, slowly)
    hospital.take_in([make.ct(1, 0.0, hospital.pseudonym())])
    assert begun.wait(PATIENCE_S)
    withdraw(hospital)
    erasing = Thread(target=hospital.service.withdrawal.step)
    erasing.start()
    go.set()
    erasing.join(PATIENCE_S)
    assert not erasing.is_alive()
    assert copies(hospital) == 0
    (stone,) = hospital.service.vault.tombstones().values()
    assert stone.copies in {0, 1}  # it may have been told before it began to write


def test_early_copies_go_when_nothing_else_happens(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym())[:-1])
    all_prepared(hospital)
    assert hospital.states() == ["held"]
    assert copies(hospital) == 6
    hospital.clock.forward(EARLY_S + 1)
    hospital.service.preparer.tidy()
    assert copies(hospital) == 0


def test_an_early_copy_that_a_course_is_being_sent_with_stays_till_then(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    all_prepared(hospital)
    announce = hospital.archive.announce

    def slowly(*what: object) -> object:
        hospital.clock.forward(EARLY_S + 1)
        hospital.service.preparer.tidy()
        hospital.clock.forward(-EARLY_S - 1)
        return announce(*what)  # type: ignore[arg-type]

    monkeypatch.setattr(hospital.archive, "announce", slowly)
    hospital.send()
    assert hospital.states() == ["delivered"]
    assert copies(hospital) == 0


def test_what_came_late_and_a_kill_in_between_leave_the_count_right(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = make.course(patient=hospital.pseudonym())
    hospital.take_in(objects[:3])
    withdraw(hospital)
    vault = hospital.service.vault

    def killed(*_what: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as killing:
        killing.setattr(vault, "bury", killed)
        with pytest.raises(InterruptedError):
            hospital.service.withdrawal.step()
    assert vault.tombstones() == {}, "it is not done yet"
    hospital.service.withdrawal.step()
    hospital.take_in(objects[3:])  # before the plugin has heard of it
    hospital.service.withdrawal.step()
    (stone,) = vault.tombstones().values()
    assert stone.instances == 7
