"""Every route of a gateway: who gets in, what is recorded, what stays out of every text."""

import asyncio
import re
import stat
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import yaml
from fastapi import UploadFile
from fastapi.routing import APIRoute
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from gateway.__main__ import main
from gateway.adapters.orthanc import open_site_client
from gateway.api import clinical, consents, guard, recruitment
from gateway.api.guard import LARGEST_BODY, LARGEST_LIST, LARGEST_UNKNOWN, LISTS, UNRECORDED
from gateway.config import Settings
from gateway.domain.accounts import AccountRole
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import CONSENTS, OPERATOR, PLUGIN, Hospital, basic
from tests.integration.gateway.test_gateway_http import call, operator, plugin, session

OPEN = {"/health", "/login", "/logout"}
FOR_STEWARDS = {
    *("/terms", "/why", "/merge", "/merges", "/values", "/recall", "/recalls"),
    *("/statements", "/consents/statements", "/consents/annul"),
}
FOR_AUDITORS_TOO = {"/", "/account", "/audit", "/accounts", "/deletions", "/erasures"}
SECRET = "010190-999X" * 10
FORM = {
    "comment": "",
    "patient_id": "nobody",
    "other_id": "nobody",
    "decision": "approved",
    "what": "prom",
}


def every_route(hospital: Hospital) -> list[APIRoute]:
    parts = [getattr(part, "original_router", None) for part in hospital.app.routes]
    every = [*hospital.app.routes, *(route for part in parts if part for route in part.routes)]
    found = [route for route in every if isinstance(route, APIRoute)]
    assert len(found) > 40
    return found


def routes(hospital: Hospital) -> list[tuple[str, str]]:
    return [(m, r.path) for r in every_route(hospital) for m in sorted(r.methods - {"HEAD"})]


def ask(hospital: Hospital, method: str, path: str, **how: object) -> httpx.Response:
    values = {"course_id": "1", "day": "2026-01-05", "replacement": "R", "decision": "refuse"}
    values |= {"aet": "TPS", "merge_id": "1"}
    given = re.sub(r"{([^}]+)}", lambda found: values[found[1]], path)
    if method == "POST" and not path.startswith(("/api/", "/internal/")):
        how |= {"data": FORM, "files": {"file": ("list.csv", CONSENTS)}}
    elif method == "POST":
        how |= {"json": FORM | {"decision": "approved", "text": "x"}}
    return call(hospital, method, given, **how)


def refuses(answer: httpx.Response) -> bool:
    to_login = answer.status_code == 303 and answer.headers["location"] == "/login"
    return answer.status_code in {401, 403} or to_login


def may(role: str, path: str) -> bool:
    place = path.removeprefix("/api/v1")
    if path.startswith("/internal/"):
        return role == "plugin"
    if role == "plugin":
        return False
    for_stewards = any(place.startswith(f"{one}/") or place == one for one in FOR_STEWARDS)
    if for_stewards or place.endswith("/identity"):
        return role == "steward"
    of_auditors = place in FOR_AUDITORS_TOO or place.startswith("/account/")
    return role != "auditor" or of_auditors


@pytest.mark.parametrize("token", ["", "Bearer no", "Basic a2FzYXJpOng=", "Basic \xff"])
def test_nobody_unknown_gets_in_anywhere(hospital: Hospital, token: str) -> None:
    headers = {"Authorization": token.encode("latin-1")} if token else {}
    for method, path in routes(hospital):
        if path not in OPEN:
            answer = ask(hospital, method, path, headers=headers)
            tired = token and answer.status_code == 429
            assert refuses(answer) or tired, (method, path, answer.status_code)
    for path in ("/openapi.json", "/docs", "/redoc"):
        assert call(hospital, "GET", path, headers=headers).status_code == 404


@pytest.mark.parametrize("role", ["operator", "steward", "auditor", "plugin"])
def test_a_role_gets_in_where_it_may_and_nowhere_else(hospital: Hospital, role: str) -> None:
    known: dict[str, dict[str, str]] = {}
    if role == "plugin":
        known = {"headers": {"Authorization": f"Bearer {PLUGIN}"}}
    else:
        hospital.service.accounts.add("maija", AccountRole(role), "salasana-on-pitkä")
        known = {"cookies": session(hospital, "maija", "salasana-on-pitkä")}
    for method, path in routes(hospital):
        if path in OPEN:
            continue
        answer = ask(hospital, method, path, **known)
        refused = refuses(answer) or (role == "plugin" and answer.status_code == 429)
        assert refused != may(role, path), (method, path, answer.status_code)


def test_an_answer_never_quotes_what_was_sent(hospital: Hospital) -> None:
    steward = basic(*hospital.add_steward())
    bodies = {"json": {"patient_id": SECRET, "other_id": 7, "comment": SECRET * 20}}
    for path in ("/api/v1/why", "/api/v1/merges", "/api/v1/courses/1/release"):
        answer = call(hospital, "POST", path, headers=steward, **bodies)
        assert answer.status_code == 422, path
        assert SECRET not in answer.text
    cookies = session(hospital)
    answer = call(hospital, "POST", f"/courses/{SECRET}/release", data=FORM, cookies=cookies)
    assert (answer.status_code, SECRET in answer.text) == (422, False)


def test_an_uploaded_list_is_never_a_file_on_the_disk(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_disk(*_how: object, **_more: object) -> object:
        raise AssertionError("the list went to a temporary file")

    monkeypatch.setattr(tempfile, "TemporaryFile", to_disk)
    rows = b"".join(
        b"ID-%d,Virtanen,Maija,1952-04-13,granted,2.1,research,2019-12-01\n" % number
        for number in range(40_000)
    )
    assert len(rows) > 2_000_000  # Starlette's own limit is one
    answer = call(
        hospital,
        "POST",
        "/consents",
        files={"file": ("list.csv", CONSENTS.splitlines(keepends=True)[0] + rows)},
        cookies=session(hospital),
    )
    assert answer.status_code == 200
    assert "40000" in answer.text or "40,000" in answer.text


def test_whatever_takes_files_takes_large_ones(hospital: Hospital) -> None:
    paths = [
        route.path
        for route in every_route(hospital)
        if any(part.field_info.annotation is UploadFile for part in route.dependant.body_params)
    ]
    assert "/consents" in paths
    cookies = session(hospital)
    for path in paths:
        files = {"file": ("list.csv", b"no,such,columns\n" + b"1" * 1_500_000)}
        form = {"what": "prom", "action": "preview"}
        answer = call(hospital, "POST", path, files=files, data=form, cookies=cookies)
        assert answer.status_code == 422, (path, answer.status_code)


async def too_much(most: int) -> AsyncIterator[bytes]:
    """More than may be taken, and an error for whoever reads on."""
    for _ in range(most // 65_536 + 1):
        yield b"x" * 65_536
    raise AssertionError("the body was read on")


def test_no_body_grows_without_end(hospital: Hospital) -> None:
    for path, status in (("/api/v1/why", 413), ("/login", 413), ("/internal/plugin-report", 413)):
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if path == "/login" else {}
        answer = call(hospital, "POST", path, headers=kind, content=too_much(LARGEST_UNKNOWN))
        assert answer.status_code == status, path
    answer = operator(hospital, "POST", "/api/v1/courses/1/release", content=too_much(LARGEST_BODY))
    assert answer.status_code == 413
    answer = operator(hospital, "POST", "/api/v1/consents", content=too_much(LARGEST_LIST))
    assert answer.status_code == 413


async def a_long_form() -> AsyncIterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    async for part in too_much(LARGEST_UNKNOWN):
        yield part


@pytest.mark.parametrize("path", LISTS)
def test_nothing_large_is_read_from_somebody_unknown(hospital: Hospital, path: str) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    wrong = {"Authorization": "Bearer not-the-operator-token"}
    for headers in (form, form | wrong, form | basic("anna", "not her password")):
        answer = call(hospital, "POST", path, headers=headers, content=a_long_form())
        assert answer.status_code == 401


def test_so_many_lists_are_read_at_once_and_the_next_one_waits(hospital: Hospital) -> None:
    begun, running = [], []

    async def slow(number: int) -> AsyncIterator[bytes]:
        begun.append(number)
        running.append(number)
        most.append(len(running))
        yield b"patient_id,status\n"
        await asyncio.sleep(0.05)
        running.remove(number)
        yield b"x" * 70_000

    async def ask_all() -> list[int]:
        transport = httpx.ASGITransport(app=hospital.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            headers = {"Authorization": f"Bearer {OPERATOR}"}
            asked = (
                client.post("/api/v1/consents", content=slow(number), headers=headers)
                for number in range(6)
            )
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    most: list[int] = []
    assert asyncio.run(ask_all()) == [422] * 6
    assert len(begun) == 6
    assert max(most) == guard.LISTS_AT_ONCE


async def without_end() -> AsyncIterator[bytes]:
    yield b"patient_id"
    await asyncio.Event().wait()


def test_no_body_is_waited_for_without_end(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "LONGEST_S", 0.05)
    answer = operator(hospital, "POST", "/api/v1/consents", content=without_end())
    assert answer.status_code == 408
    assert operator(hospital, "GET", "/api/v1/courses").status_code == 200


def test_whoever_looks_at_courses_is_in_the_audit(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    cookies = session(hospital)
    for path in ("/courses", "/courses/1", "/account"):
        assert call(hospital, "GET", path, cookies=cookies).status_code == 200
    assert operator(hospital, "GET", "/api/v1/courses/1").status_code == 200
    assert operator(hospital, "GET", "/api/v1/courses/99").status_code == 404
    assert plugin(hospital, "GET", "/api/v1/courses/1").status_code == 401
    events = [e for e in hospital.service.audit.events() if e["action"] == "read"]
    assert [(event["role"], event["subject"]) for event in events] == [
        ("operator", "/courses"),
        ("operator", "/courses/1"),
        ("operator", "/account"),
        ("operator", "/api/v1/courses/1"),
    ]


def test_whatever_somebody_known_reads_is_recorded_but_for_forms_and_sums(
    hospital: Hospital,
) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    cookies = session(hospital, *hospital.add_steward())
    audit = hospital.service.audit
    for method, path in routes(hospital):
        if method != "GET" or path.startswith("/internal/"):
            continue
        before = len([e for e in audit.events() if e["action"] == "read"])
        answer = ask(hospital, method, path, cookies=cookies)
        recorded = len([e for e in audit.events() if e["action"] == "read"]) - before
        expected = answer.is_success and path not in UNRECORDED | {"/health"}
        assert recorded == expected, path


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "unknown-path"),
        ("PUT", "/api/v1/status", 405, "unknown-method"),
        ("GET", "/api/v1/values", 403, "not-allowed"),
        ("GET", "/api/v1/courses/99", 404, "unknown-course"),
        ("GET", "/api/v1/courses?limit=x", 422, "invalid"),
        ("POST", "/api/v1/clinical", 422, "kind"),
        ("POST", "/api/v1/collection/run", 422, "no-collection"),
    ],
)
def test_every_error_has_a_code_and_a_text(
    hospital: Hospital, method: str, path: str, status: int, code: str
) -> None:
    answer = operator(hospital, method, path)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "text"}
    assert answer.json()["code"] == code


def test_whoever_is_not_known_hears_it_in_the_same_form(hospital: Hospital) -> None:
    answer = call(hospital, "GET", "/api/v1/status")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert set(answer.json()) == {"code", "text"}
    assert answer.json()["code"] == "not-logged-in"


@pytest.mark.parametrize("path", LISTS[2:])
def test_a_list_that_is_too_large_is_told_in_the_same_form(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    for module in (clinical, consents, recruitment):
        monkeypatch.setattr(module, "MOST_BYTES", 8)
    answer = operator(hospital, "POST", path, content=b"a,b\n1,2,3,4\n")
    assert answer.status_code == 413
    assert answer.json()["code"] == "too-large"


def test_what_the_guard_names_are_routes(hospital: Hospital) -> None:
    told = routes(hospital)
    assert {("GET", path) for path in UNRECORDED} <= set(told)
    assert {("POST", path) for path in LISTS} <= set(told)


def test_a_look_at_the_values_is_recorded_once(hospital: Hospital) -> None:
    cookies = session(hospital, *hospital.add_steward())
    for path in ("/values", "/api/v1/values", "/terms", "/api/v1/terms"):
        before = len(list(hospital.service.audit.events()))
        assert call(hospital, "GET", path, cookies=cookies).status_code == 200
        assert len(list(hospital.service.audit.events())) == before + 1, path


def test_a_read_that_cannot_be_recorded_is_not_answered(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))

    def full(*_said: str) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(hospital.app.state.audit, "record", full)
    answer = operator(hospital, "GET", "/api/v1/courses/1")
    assert answer.status_code == 500
    assert hospital.pseudonym() not in answer.text


def test_an_error_of_the_database_quotes_no_value(hospital: Hospital) -> None:
    wrong = text("SELECT * FROM nowhere WHERE patient = :patient")
    with hospital.service.engine.connect() as db, pytest.raises(SQLAlchemyError) as raised:
        db.execute(wrong, {"patient": SECRET})
    assert SECRET not in str(raised.value)


def test_the_database_is_for_its_owner_only_in_any_folder(
    settings: Settings, tmp_path: Path
) -> None:
    settings.data_folder.mkdir(mode=0o755)
    settings.data_folder.chmod(0o755)
    config = tmp_path / "gateway.yml"
    config.write_text(yaml.safe_dump(settings.model_dump(mode="json")), "utf-8")
    assert main(["audit-verify", "--config", str(config)]) == 0
    for path in settings.data_folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_the_site_store_is_not_asked_by_way_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid:3128")
    with open_site_client("http://site-orthanc:8042", "gateway", "x") as client:
        assert not client._mounts
