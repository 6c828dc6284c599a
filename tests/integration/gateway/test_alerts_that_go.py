"""What is mended or settled stands among the alerts no more, also after a start on another host."""

import socket

import pytest

from gateway.domain.accounts import AccountRole
from gateway.errors import RejectError, StopError
from gateway.loops import Background
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_gateway_http import call, operator, session


def alerts(hospital: Hospital) -> list[str]:
    return [alert["code"] for alert in hospital.service.alerts.open()]


@pytest.fixture
def refused(hospital: Hospital) -> Hospital:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.archive.failures["announce"].append(RejectError("archive-422", "no such centre"))
    hospital.send()
    assert hospital.states() == ["refused"]
    assert alerts(hospital) == ["archive-refuses-course"]
    return hospital


def test_a_refused_course_that_goes_after_all_is_told_no_more(refused: Hospital) -> None:
    (alert,) = refused.service.alerts.open()
    assert "course 1;" in alert["text"]
    told = refused.service.course_service.read(1)["sent"]
    assert {one["last_error"] for one in told} == {"no such centre"}
    refused.service.decisions.release(1, "the archive knows the centre by now", "operator")
    refused.settle()
    refused.send()
    assert refused.states() == ["delivered"]
    assert alerts(refused) == []


def test_a_refused_course_that_is_erased_is_told_no_more(refused: Hospital) -> None:
    refused.service.sending.review()
    assert alerts(refused) == ["archive-refuses-course"]
    body = b"patient_id,status,version,date\nID-1,withdrawn,2,2026-01-02\n"
    refused.service.consents.import_sheet(body, "operator", commit=True)
    refused.turn()
    refused.service.sending.review()
    assert alerts(refused) == []


def test_what_a_person_refuses_is_no_refusal_of_the_archive(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym())[:-1])
    hospital.service.decisions.refuse(1, "a verification plan", "operator")
    assert hospital.states() == ["refused"]
    hospital.service.sending.review()
    assert alerts(hospital) == []


def stop_sending(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.archive.failures["announce"].append(StopError("not let in (401)"))
    hospital.send()
    assert alerts(hospital) == ["sending-stopped"]


def test_a_start_lets_sending_go_on_and_says_so(hospital: Hospital) -> None:
    stop_sending(hospital)
    hospital.restart()
    Background(hospital.service).forget_alerts()
    assert alerts(hospital) == []
    assert hospital.service.departure.obstacle() is None


def test_the_first_success_ends_the_alert_and_one_beside_a_stop_does_not(
    hospital: Hospital,
) -> None:
    stop_sending(hospital)
    hospital.service.departure.went()
    assert alerts(hospital) == ["sending-stopped"]
    hospital.restart()
    hospital.send()
    assert hospital.states() == ["delivered"]
    assert alerts(hospital) == []


def test_a_new_host_leaves_no_alert_of_the_old_one(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = ("3f2a-sender-0-failing", "sender-7-failing", "unknown-patients-failing")
    for code in (*gone, "collection-failing", "sender-1-failing", "disk-full"):
        hospital.service.alerts.raise_alert(code, "of before")
    monkeypatch.setattr(socket, "gethostname", lambda: "another")
    loops = Background(hospital.service)
    loops.forget_alerts()
    assert sorted(alerts(hospital)) == [
        "disk-full",
        "sender-1-failing",
    ]
    assert {loop.name for loop in loops.loops} >= {"sender-0", "sender-1"}


def test_a_lease_names_the_host(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    owners: list[str] = []
    monkeypatch.setattr(socket, "gethostname", lambda: "here")
    monkeypatch.setattr(hospital.service.sending, "step", owners.append)
    loops = {loop.name: loop for loop in Background(hospital.service).loops}
    for number in (0, 1):
        loops[f"sender-{number}"]._step()
    assert owners == ["here-sender-0", "here-sender-1"]


def test_sending_is_resumed_on_the_page(hospital: Hospital) -> None:
    cookies = session(hospital)
    assert "Resume sending" not in call(hospital, "GET", "/", cookies=cookies).text
    stop_sending(hospital)
    assert "Resume sending" in call(hospital, "GET", "/", cookies=cookies).text
    assert call(hospital, "POST", "/sending/resume").headers["location"] == "/login"
    assert alerts(hospital) == ["sending-stopped"]
    foreign = {"Origin": "https://elsewhere.example"}
    call(hospital, "POST", "/sending/resume", cookies=cookies, headers=foreign)
    assert alerts(hospital) == ["sending-stopped"]
    answer = call(hospital, "POST", "/sending/resume", cookies=cookies)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert alerts(hospital) == []
    (entry,) = [e for e in hospital.service.audit.entries() if e["action"] == "sending-resume"]
    assert entry["role"] == "operator"
    hospital.send()
    assert hospital.states() == ["delivered"]


def test_an_auditor_resumes_nothing(hospital: Hospital) -> None:
    hospital.service.accounts.add("otto", AccountRole.AUDITOR, "tarkastajan-salasana")
    cookies = session(hospital, "otto", "tarkastajan-salasana")
    stop_sending(hospital)
    assert call(hospital, "POST", "/sending/resume", cookies=cookies).status_code == 403
    assert alerts(hospital) == ["sending-stopped"]


def test_damaged_terms_are_told_until_a_steward_has_seen_it(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_data: bytes) -> list[object]:
        raise RejectError("bad-seal", "The sealed terms of an object are damaged.")

    monkeypatch.setattr("gateway.services.terms.sealed_terms", damaged)
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert alerts(hospital) == ["terms-damaged"]
    assert call(hospital, "POST", "/terms/seen", cookies=session(hospital)).status_code == 403
    cookies = session(hospital, *hospital.add_steward())
    assert "are damaged" in call(hospital, "GET", "/terms", cookies=cookies).text
    assert call(hospital, "POST", "/terms/seen", cookies=cookies).status_code == 303
    assert alerts(hospital) == []
    assert "are damaged" not in call(hospital, "GET", "/terms", cookies=cookies).text
    assert operator(hospital, "GET", "/api/v1/status").json()["alerts"] == []
