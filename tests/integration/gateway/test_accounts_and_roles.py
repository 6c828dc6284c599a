"""Local accounts: what each role may do, and what guessing costs."""

import asyncio
from threading import Event
from typing import Any

import httpx
import pytest

from gateway.domain.accounts import MOST_BY_ADDRESS, AccountRole
from gateway.errors import RejectError
from gateway.services import accounts as accounts_module
from tests.integration.gateway.conftest import OPERATOR, PLUGIN, Hospital, basic
from tests.integration.gateway.test_gateway_http import call, session

PASSWORD = "kolmetoista merkkiä"
OPEN_TO = {
    "/": {"operator", "steward"},
    "/courses": {"operator", "steward"},
    "/consents": {"operator", "steward"},
    "/terms": {"steward"},
    "/why": {"steward"},
    "/merge": {"steward"},
    "/account": {"operator", "steward", "auditor"},
    "/audit": {"operator", "steward", "auditor"},
    "/accounts": {"operator", "steward", "auditor"},
    "/api/v1/status": {"operator", "steward"},
    "/api/v1/courses": {"operator", "steward"},
    "/api/v1/clinical": {"operator", "steward"},
    "/api/v1/terms": {"steward"},
    "/api/v1/account": {"operator", "steward", "auditor"},
    "/api/v1/audit": {"operator", "steward", "auditor"},
    "/api/v1/accounts": {"operator", "steward", "auditor"},
}


def add(hospital: Hospital, role: str) -> tuple[str, str]:
    hospital.service.accounts.add(role, AccountRole(role), PASSWORD)
    return role, PASSWORD


def actions(hospital: Hospital) -> list[tuple[str, str]]:
    entries = hospital.service.audit.entries()
    return [(entry["action"], entry["role"]) for entry in reversed(entries)]


def log_in(hospital: Hospital, name: str, password: str) -> httpx.Response:
    return call(hospital, "POST", "/login", data={"name": name, "password": password})


@pytest.mark.parametrize("role", list(AccountRole))
def test_each_role_sees_its_pages_only(hospital: Hospital, role: str) -> None:
    cookies = session(hospital, *add(hospital, role))
    seen = {path: call(hospital, "GET", path, cookies=cookies) for path in OPEN_TO}
    if role == "auditor":
        assert seen.pop("/").headers["location"] == "/audit"
    allowed = {path for path, answer in seen.items() if answer.status_code == 200}
    assert allowed == {path for path in seen if role in OPEN_TO[path]}
    assert {seen[path].status_code for path in seen.keys() - allowed} <= {403}
    links = {path for path in OPEN_TO if f'href="{path}"' in seen["/audit"].text}
    assert links == {p for p in OPEN_TO if not p.startswith("/api") and role in OPEN_TO[p]}


def test_an_auditor_changes_nothing(hospital: Hospital) -> None:
    headers = basic(*add(hospital, "auditor"))
    attempts: dict[str, dict[str, Any]] = {
        "/api/v1/courses/1/release": {"json": {"comment": "go"}},
        "/api/v1/consents": {"content": b"patient_id,status,version,date\n"},
        "/api/v1/sending/resume": {},
        "/courses/1/release": {"data": {"comment": "go"}},
        "/consents": {"files": {"file": b"x"}},
    }
    for path, body in attempts.items():
        assert call(hospital, "POST", path, headers=headers, **body).status_code == 403, path


def test_what_a_person_did_is_audited_under_the_name(hospital: Hospital) -> None:
    cookies = session(hospital, *add(hospital, "steward"))
    call(hospital, "POST", "/why", data={"patient_id": "ID-1"}, cookies=cookies)
    call(hospital, "GET", "/terms", cookies=cookies)
    assert actions(hospital)[-3:] == [
        ("login", "steward:steward"),
        ("inquiry", "steward:steward"),
        ("terms-view", "steward:steward"),
    ]


def test_a_wrong_password_is_audited_without_what_was_typed(hospital: Hospital) -> None:
    add(hospital, "operator")
    for name in ("operator", "nobody-here", PASSWORD):
        answer = log_in(hospital, name, "not this one")
        assert answer.status_code == 401
        assert "Name or password is wrong" in answer.text
    assert actions(hospital)[-3:] == [("login-refused", "nobody")] * 3
    assert PASSWORD not in str(hospital.service.audit.entries())


def test_guessing_is_stopped_and_forgiven_with_time(hospital: Hospital) -> None:
    name, password = add(hospital, "operator")
    for _ in range(5):
        assert log_in(hospital, name, "not this one").status_code == 401
    late = log_in(hospital, name, password)
    assert (late.status_code, "try again in 15 min" in late.text) == (429, True)
    api = call(hospital, "GET", "/api/v1/status", headers=basic(name, password))
    assert (api.status_code, api.json()["code"]) == (429, "too-many-attempts")
    token = {"Authorization": f"Bearer {OPERATOR}"}
    assert call(hospital, "GET", "/api/v1/status", headers=token).status_code == 200
    hospital.clock.forward(15 * 60)
    assert log_in(hospital, name, password).status_code == 303


def test_whoever_guesses_a_name_does_not_lock_out_its_owner(hospital: Hospital) -> None:
    name, password = add(hospital, "operator")
    accounts = hospital.service.accounts
    for _ in range(5):
        assert accounts.log_in(name, "not this one", "10.0.0.66") is None
    with pytest.raises(RejectError, match="15 min"):
        accounts.log_in(name, password, "10.0.0.66")
    assert accounts.log_in(name, password, "10.0.0.7") is not None
    assert log_in(hospital, name, password).status_code == 303


def test_an_address_guesses_so_often_whatever_names_it_tries(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_module, "is_password", lambda *_given: False)
    accounts = hospital.service.accounts
    for number in range(MOST_BY_ADDRESS):
        assert accounts.log_in(f"name{number}", "not this one", "10.0.0.66") is None
    with pytest.raises(RejectError, match="15 min"):
        accounts.log_in("another", "not this one", "10.0.0.66")


def test_a_storm_of_passwords_is_turned_away_and_keeps_nobody_else_waiting(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While passwords are checked, not one thread of the others is taken."""
    checking, may_end = Event(), Event()

    def slow(*_given: str) -> bool:
        checking.set()
        return not may_end.wait(20)

    monkeypatch.setattr(accounts_module, "is_password", slow)

    async def storm() -> tuple[int, set[int]]:
        transport = httpx.ASGITransport(app=hospital.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:

            async def guess(number: int) -> int:
                headers = basic(f"n{number}", "not this one")
                return (await client.get("/api/v1/accounts", headers=headers)).status_code

            guesses = [asyncio.create_task(guess(number)) for number in range(120)]
            done, _ = await asyncio.wait(guesses, return_when=asyncio.FIRST_COMPLETED)
            assert {task.result() for task in done} == {429}
            assert await asyncio.to_thread(checking.wait, 20)
            known = {"Authorization": f"Bearer {PLUGIN}"}
            snapshot = await client.get("/internal/consent-snapshot", headers=known)
            may_end.set()
            return snapshot.status_code, set(await asyncio.gather(*guesses))

    assert asyncio.run(storm()) == (200, {401, 429})


def test_wrong_tokens_are_recorded_once_a_minute_and_slowed_down(hospital: Hospital) -> None:
    def guess(number: int) -> tuple[int, int]:
        wrong = f"guess-{number}"
        page = call(hospital, "POST", "/login", data={"token": wrong})
        headers = {"Authorization": f"Bearer {wrong}"}
        api = call(hospital, "GET", "/api/v1/status", headers=headers)
        return page.status_code, api.status_code

    answers = [guess(number) for number in range(MOST_BY_ADDRESS)]
    assert answers[0] == (401, 401)
    assert answers[-1] == (429, 429)
    assert actions(hospital)[-1] == ("login-refused", "nobody")
    assert actions(hospital).count(("login-refused", "nobody")) == 1
    assert "guess" not in str(hospital.service.audit.entries())
    hospital.clock.forward(61)
    guess(0)
    assert actions(hospital).count(("login-refused", "nobody")) == 2
    right = {"Authorization": f"Bearer {OPERATOR}"}
    assert call(hospital, "GET", "/api/v1/status", headers=right).status_code == 200
    assert log_in(hospital, *add(hospital, "operator")).status_code == 303


def test_what_is_not_for_a_role_is_recorded_once_a_minute(hospital: Hospital) -> None:
    cookies = session(hospital, *add(hospital, "operator"))
    for path in ("/why", "/api/v1/terms", "/terms"):
        assert call(hospital, "GET", path, cookies=cookies).status_code == 403
    assert actions(hospital)[-1] == ("not-allowed", "operator:operator")
    assert [action for action, _ in actions(hospital)].count("not-allowed") == 1
    hospital.clock.forward(61)
    wrong = {"decision": "left", "text": ""}
    call(hospital, "POST", "/api/v1/terms/VIRTANEN", cookies=cookies, json=wrong)
    (last,) = hospital.service.audit.entries(1)
    assert (last["action"], last["subject"]) == ("not-allowed", "/api/v1/terms/{replacement}")


def test_sessions_end_with_a_new_password_and_with_the_account(hospital: Hospital) -> None:
    accounts = hospital.service.accounts
    name, password = add(hospital, "operator")
    cookies = session(hospital, name, password)
    assert call(hospital, "GET", "/", cookies=cookies).status_code == 200
    hospital.clock.forward(1)
    accounts.reset(name, "another password")
    assert call(hospital, "GET", "/", cookies=cookies).headers["location"] == "/login"
    assert log_in(hospital, name, password).status_code == 401
    cookies = session(hospital, name, "another password")
    accounts.remove(name)
    assert call(hospital, "GET", "/", cookies=cookies).headers["location"] == "/login"


def test_an_account_outlives_a_restart_and_no_password_is_kept(hospital: Hospital) -> None:
    name, password = add(hospital, "operator")
    hospital.restart()
    assert log_in(hospital, name, password).status_code == 303
    database = hospital.settings.data_folder
    kept = b"".join(path.read_bytes() for path in database.glob("gateway.db*"))
    assert password.encode() not in kept
    assert b"scrypt$32768$8$1$" in kept


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("Anna", PASSWORD, "account-name"),
        ("a b", PASSWORD, "account-name"),
        ("anna", "too short", "account-password"),
        ("anna", "anna-anna-anna-1", "account-password"),
        ("anna", "aaaaaaaaaaaaaaaa", "account-password"),
        ("taken", PASSWORD, "account-exists"),
    ],
)
def test_what_will_not_do(hospital: Hospital, name: str, password: str, code: str) -> None:
    hospital.service.accounts.add("taken", AccountRole.OPERATOR, PASSWORD)
    with pytest.raises(RejectError) as told:
        hospital.service.accounts.add(name, AccountRole.STEWARD, password)
    assert told.value.code == code
    assert [account.name for account in hospital.service.accounts.find()] == ["taken"]
