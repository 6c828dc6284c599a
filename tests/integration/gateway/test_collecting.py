"""Prospective collection over a PACS in memory: who is asked about, what comes, what limits it."""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from threading import Event

import pytest

from gateway.collecting import crontab
from gateway.config import Collection as CollectionSettings
from gateway.config import DicomDoor, Settings
from gateway.domain.collection import OfferedSeries
from gateway.errors import ConfigError, RejectError, RetryError
from gateway.ports import Moved
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital, hospital_of
from tests.integration.gateway.test_gateway_http import operator

HOME = "127.0.0.1"
HOUR_S = 3600.0
LIMIT_S = 60.0


def set_event() -> Event:
    event = Event()
    event.set()
    return event


@dataclass
class FakePacs:
    """Has one course of ID-1; moving a series stores its objects as the plugin would."""

    hospital: Hospital | None = None
    asked: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    refuses: bool = False
    unmovable: dict[str, str] = field(default_factory=dict)
    """Why it does not send a series, by modality."""
    unanswered: set[str] = field(default_factory=set)
    """Patients of whom it does not tell."""
    knows_us: bool = True
    down: bool = False
    may_move: Event = field(default_factory=set_event)

    def find(self, patient_id: str, modalities: Collection[str]) -> list[OfferedSeries]:
        if self.down:
            raise RetryError("the PACS cannot be reached, or does not let us ask")
        self.asked.append(patient_id)
        if patient_id in self.unanswered:
            raise RejectError("pacs-refused", "unable to process (0xC000)")
        if patient_id != "ID-1":
            return []
        offered = {
            "CT": ("o1", "o2", "o3", "o4"),
            "RTSTRUCT": ("o100",),
            "RTPLAN": ("o200",),
            "RTDOSE": ("o300",),
            "SR": ("o900",),
        }
        return [
            OfferedSeries("st", f"se-{modality}", modality, None, uids)
            for modality, uids in offered.items()
            if modality in modalities
        ]

    def move(self, series: OfferedSeries) -> Moved:
        assert self.hospital is not None
        self.moved.append(series.modality)
        assert self.may_move.wait(LIMIT_S)
        if not self.knows_us:
            raise RetryError("the PACS does not know where to send (C-MOVE, 0xA801)")
        if series.modality in self.unmovable:
            return Moved(0, 0, self.unmovable[series.modality])
        if self.refuses:
            number = len(series.instance_uids)
            return Moved(0, number, f"{number} of {number} objects were not sent (0xB000)")
        course = make.course(patient=self.hospital.pseudonym())
        numbers = dict(zip(("o1", "o2", "o3", "o4", "o100", "o200", "o300"), course, strict=True))
        for uid in series.instance_uids:
            self.hospital.site.store(numbers[uid])
        self.hospital.settle()
        return Moved(len(series.instance_uids), 0)


def site_uid(original: str) -> str:
    """As the objects of `make` are numbered."""
    return f"2.25.{original[1:]}"


@pytest.fixture
def pacs() -> FakePacs:
    return FakePacs()


@pytest.fixture
def ward(settings: Settings, pacs: FakePacs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hospital]:
    monkeypatch.setattr("gateway.collecting.site_uid", lambda _keys, uid: site_uid(uid))
    sender = {"aet": "PACS", "host": HOME, "port": 11112}
    door = {
        "ae_title": "KASARI_KUH",
        "listen": {"host": HOME, "port": 0},
        "orthanc_port": 1,
        "senders": [sender],
    }
    chosen = {
        "dicom": DicomDoor.model_validate(door),
        "collection": CollectionSettings.model_validate({"pacs": sender}),
    }
    for hospital in hospital_of(settings.model_copy(update=chosen), pacs=pacs):
        pacs.hospital = hospital
        door_open = hospital.service.door
        assert door_open is not None
        hospital.service.canary.step()
        door_open.step()
        yield hospital
        door_open.stop()


def run(ward: Hospital) -> dict:
    answer = operator(ward, "POST", "/api/v1/collection/run")
    assert answer.status_code == 202
    return when_ended(ward)


def when_ended(ward: Hospital) -> dict:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        told: dict = operator(ward, "GET", "/api/v1/collection").json()
        if not told["running"]:
            return told
    pytest.fail("the run does not end")


def test_a_course_comes_in_two_runs_and_only_that(ward: Hospital, pacs: FakePacs) -> None:
    first = run(ward)
    assert (first["patients"], first["series"], first["instances"]) == (1, 3, 3)
    assert pacs.moved == ["RTDOSE", "RTPLAN", "RTSTRUCT"]
    second = run(ward)
    assert (second["series"], second["instances"]) == (1, 4)
    assert pacs.moved[-1] == "CT"
    assert ward.send()
    assert ward.states() == ["delivered"]
    assert run(ward)["series"] == 0
    assert run(ward)["patients"] == 0  # of whom nothing is missing is not asked about each time
    ward.clock.forward(21 * HOUR_S)
    assert run(ward)["patients"] == 1
    details = [e["detail"] for e in ward.service.audit.entries() if e["action"] == "collect"]
    assert details[0] == "CT, 4 instances"


def test_whoever_has_not_agreed_is_not_asked_about(ward: Hospital, pacs: FakePacs) -> None:
    body = b"patient_id,status,version,date\nID-2,declined,1,2026-01-01\n"
    ward.service.consents.import_sheet(body, "operator", commit=True)
    body = b"patient_id,status,version,date\nID-1,withdrawn,2,2026-01-02\n"
    ward.service.consents.import_sheet(body, "operator", commit=True)
    assert run(ward)["patients"] == 0
    assert pacs.asked == []


def test_the_limit_of_an_hour_holds_over_runs(ward: Hospital, settings: Settings) -> None:
    service = ward.app.state.collection
    service._limits = service._limits.__class__(2, 200, service._limits.again, 7)
    assert run(ward)["ended"] == "the limit of this hour is reached"
    assert ward.service.index.counts()["indexed"] == 2
    assert run(ward)["series"] == 0
    ward.clock.forward(HOUR_S + 1)
    assert run(ward)["series"] == 1
    ward.clock.forward(HOUR_S + 1)
    assert run(ward)["instances"] == 4  # larger than the limit: alone
    ward.clock.forward(HOUR_S + 1)
    assert run(ward)["ended"] == "nothing more is due"


def test_what_the_door_refuses_is_not_fetched_each_night(ward: Hospital, pacs: FakePacs) -> None:
    pacs.refuses = True
    assert run(ward)["failed"] == 3
    ward.clock.forward(21 * HOUR_S)
    assert run(ward)["series"] == 0
    ward.clock.forward(25 * HOUR_S)
    assert run(ward)["series"] == 3


def test_objects_that_were_not_sent_are_told_until_they_have_come(
    ward: Hospital, pacs: FakePacs
) -> None:
    """Also while nobody else lacks anything, and the patient's turn has not come again."""
    pacs.refuses = True
    run(ward)
    (alert,) = ward.service.alerts.open()
    assert alert["code"] == "collection-incomplete"
    assert "1 x C-MOVE of RTDOSE, 1 of 1 objects were not sent (0xB000)" in alert["text"]
    body = b"patient_id,status,version,date\nID-2,granted,1,2026-01-01\n"
    ward.service.consents.import_sheet(body, "operator", commit=True)
    told = run(ward)
    assert (told["patients"], told["waiting"], told["failed"]) == (1, 0, 0)
    assert ward.service.alerts.open() == [alert]
    ward.clock.forward(21 * HOUR_S)
    assert run(ward)["waiting"] == 3
    assert ward.service.alerts.open() == [alert]
    pacs.refuses = False
    ward.clock.forward(25 * HOUR_S)
    assert run(ward)["series"] == 3
    assert ward.service.alerts.open() == []


def test_an_alert_of_before_a_restart_goes_when_everybody_was_asked_about(
    ward: Hospital, pacs: FakePacs
) -> None:
    body = b"patient_id,status,version,date\nID-2,granted,1,2026-01-01\n"
    ward.service.consents.import_sheet(body, "operator", commit=True)
    ward.service.alerts.raise_alert("collection-incomplete", "of the run before a restart")
    service = ward.app.state.collection
    service._limits = service._limits.__class__(5000, 1, service._limits.again, 7)
    run(ward)
    assert [alert["code"] for alert in ward.service.alerts.open()] == ["collection-incomplete"]
    for _ in range(3):
        run(ward)
    assert set(pacs.asked) == {"ID-1", "ID-2"}
    assert ward.service.alerts.open() == []


def test_a_pacs_that_is_down_takes_no_other_alert_down(ward: Hospital, pacs: FakePacs) -> None:
    ward.service.alerts.raise_alert("collection-incomplete", "of the run before a restart")
    pacs.down = True
    run(ward)
    codes = {alert["code"] for alert in ward.service.alerts.open()}
    assert codes == {"collection-incomplete", "collection-failing"}


@pytest.mark.parametrize("before", ["find", "move"])
def test_a_consent_that_ends_during_a_run_is_kept_to(
    ward: Hospital, pacs: FakePacs, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    consents = ward.service.consents
    first = b"patient_id,status,version,date\nID-1,withdrawn,2,2026-01-02\n"

    def ends(*_what: object) -> None:
        monkeypatch.undo()
        consents.import_sheet(first, "operator", commit=True)

    if before == "find":
        person = ward.service.vault.person

        def told(pseudonym: str) -> object:
            found = person(pseudonym)
            ends()
            return found

        monkeypatch.setattr(ward.service.vault, "person", told)
    else:
        find = pacs.find

        def found(patient_id: str, modalities: Collection[str]) -> list[OfferedSeries]:
            offered = find(patient_id, modalities)
            ends()
            return offered

        monkeypatch.setattr(pacs, "find", found)
    ward.app.state.collection.step()
    assert pacs.asked == ([] if before == "find" else ["ID-1"])
    assert pacs.moved == []


TAPE = "refused: out of resources, unable to perform sub-operations (0xA702)"


def test_a_series_that_cannot_be_moved_stops_no_other(ward: Hospital, pacs: FakePacs) -> None:
    pacs.unmovable["RTDOSE"] = TAPE
    first = run(ward)
    assert pacs.moved == ["RTDOSE", "RTPLAN", "RTSTRUCT"]
    assert (first["series"], first["instances"], first["failed"]) == (3, 2, 1)
    assert first["ended"] == "nothing more is due"
    (alert,) = ward.service.alerts.open()
    assert alert["code"] == "collection-incomplete"
    assert f"1 x C-MOVE of RTDOSE, {TAPE}" in alert["text"]
    second = run(ward)
    assert (second["series"], second["instances"], second["waiting"]) == (1, 4, 1)
    assert pacs.moved[3:] == ["CT"]  # the dose waits for its next turn
    assert run(ward)["series"] == 0
    assert run(ward)["patients"] == 0  # nothing came, so the patient is not the first again
    assert ward.service.alerts.open() == [alert]
    pacs.unmovable.clear()
    ward.clock.forward(25 * HOUR_S)
    assert run(ward)["instances"] == 1
    assert ward.service.alerts.open() == []


def test_a_patient_about_whom_the_pacs_fails_stops_no_other(ward: Hospital, pacs: FakePacs) -> None:
    body = b"patient_id,status,version,date\nID-2,granted,1,2026-01-01\n"
    ward.service.consents.import_sheet(body, "operator", commit=True)
    for silent, series in (("ID-1", 0), ("ID-2", 3)):
        pacs.unanswered = {silent}
        told = run(ward)
        assert told["patients"] == 2
        assert told["series"] == series
        (alert,) = ward.service.alerts.open()
        assert "1 x C-FIND, unable to process (0xC000)" in alert["text"]
        ward.clock.forward(25 * HOUR_S)


def test_a_pacs_that_does_not_know_us_is_asked_no_more_in_a_run(
    ward: Hospital, pacs: FakePacs
) -> None:
    pacs.knows_us = False
    assert "0xA801" in run(ward)["ended"]
    assert pacs.moved == ["RTDOSE"]
    pacs.knows_us = True
    assert run(ward)["series"] == 3  # at once: no series was at fault


def test_of_whom_a_recall_is_open_nothing_is_asked(ward: Hospital, pacs: FakePacs) -> None:
    ward.service.erasures.recall(ward.pseudonym(), "the wrong patient", ward.clock.now())
    assert run(ward)["patients"] == 0
    assert pacs.asked == []


def test_a_pacs_that_is_down_is_told_and_tried_again(ward: Hospital, pacs: FakePacs) -> None:
    pacs.down = True
    assert "cannot be reached" in run(ward)["ended"]
    assert [a["code"] for a in ward.service.alerts.open()] == ["collection-failing"]
    pacs.down = False
    assert run(ward)["series"] == 3
    assert ward.service.alerts.open() == []


def test_nothing_is_fetched_while_intake_is_closed(ward: Hospital, pacs: FakePacs) -> None:
    ward.service.disk.closed = "disk-full"
    assert run(ward)["ended"] == "intake is closed"
    assert pacs.asked == []


def test_a_run_is_answered_at_once_and_is_the_only_one(ward: Hospital, pacs: FakePacs) -> None:
    pacs.may_move.clear()
    begun = operator(ward, "POST", "/api/v1/collection/run").json()
    assert (begun["running"], begun["ended"]) == (True, "under way")
    second = operator(ward, "POST", "/api/v1/collection/run")
    assert (second.status_code, second.json()["code"]) == (409, "collection-runs")
    with pytest.raises(RejectError, match="under way"):
        ward.app.state.collection.step()  # the schedule's turn has come
    pacs.may_move.set()
    assert when_ended(ward)["series"] == 3
    assert pacs.moved == ["RTDOSE", "RTPLAN", "RTSTRUCT"]
    assert run(ward)["series"] == 1


def test_two_orders_do_not_pass_the_limit_of_an_hour(ward: Hospital, pacs: FakePacs) -> None:
    service = ward.app.state.collection
    service._limits = service._limits.__class__(2, 200, service._limits.again, 7)
    pacs.may_move.clear()
    for _ in range(3):
        operator(ward, "POST", "/api/v1/collection/run")
    pacs.may_move.set()
    assert when_ended(ward)["ended"] == "the limit of this hour is reached"
    assert len(pacs.moved) == 2


def test_who_ordered_a_run_is_in_the_audit(ward: Hospital) -> None:
    run(ward)
    ward.app.state.collection.step()
    told = [e["role"] for e in ward.service.audit.entries() if e["action"] == "collection-run"]
    assert sorted(told) == ["operator", "service"]


def test_a_run_that_breaks_is_told_and_the_next_one_goes(
    ward: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_pseudonym: str) -> None:
        raise KeyError("Virtanen")

    monkeypatch.setattr(ward.service.vault, "person", broken)
    assert run(ward)["ended"] == "unexpected KeyError"
    (alert,) = ward.service.alerts.open()
    assert alert["code"] == "collection-failing"
    assert "Virtanen" not in alert["text"]
    monkeypatch.undo()
    assert run(ward)["series"] == 3
    assert ward.service.alerts.open() == []


def test_a_run_that_is_asked_for_all_the_time_does_not_fill_the_audit(ward: Hospital) -> None:
    run(ward)
    assert "read" not in {entry["action"] for entry in ward.service.audit.entries()}


def test_without_a_pacs_it_is_told(hospital: Hospital) -> None:
    answer = operator(hospital, "POST", "/api/v1/collection/run")
    assert answer.status_code == 422
    assert "collection" in answer.json()["text"]


def test_a_schedule_that_is_none_stops_the_start() -> None:
    sender = {"aet": "PACS", "host": HOME}
    wrong = CollectionSettings.model_validate({"pacs": sender, "cron": "each night"})
    with pytest.raises(ConfigError, match=r"collection\.cron"):
        crontab(wrong)
