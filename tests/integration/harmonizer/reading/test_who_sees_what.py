"""Every route there is, and every one that will be: who gets in, what is recorded, who is gone."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlmodel import Session, col, select

from harmonizer.adapters.tables.work import AuditTable
from harmonizer.api.guard import LARGEST_BODY, LARGEST_FORM
from tests.factories.archive_rows import Given
from tests.integration.harmonizer.reading.conftest import (
    LEFT_KUH,
    SITE_TOKEN,
    TOKENS,
    WITHDRAWN,
    Archive,
)

OPEN = {"/health", "/login", "/logout"}
FOR_CENTRES = {
    "/api/v1/clinical-batches",
    "/api/v1/withdrawals",
    "/api/v1/holdings",
    "/api/v1/submissions/{course_uid}/{version}",
    "/api/v1/submissions/{course_uid}/{version}/verify",
}
FOR_CENTRES_TOO = {"/api/v1/status", "/api/v1/courses", "/api/v1/names/vocabulary"}
TOLD_BY_CENTRES = {
    ("POST", "/dicom-web/studies"),
    ("POST", "/dicom-web/studies/{study_instance_uid}"),
    ("PUT", "/api/v1/recruitment"),
}
AUDIT = {"/audit", "/api/v1/audit", "/audit/exports", "/api/v1/audit/exports"}
"""For admins. What was read stays there, a withdrawn patient's too: nothing is taken out."""
CHANGES = {"POST", "PUT", "DELETE", "PATCH"}
FORM = {"local_name": "Sydan", "choice": "No_Such_Name"}
BEARERS = {"site": SITE_TOKEN, **TOKENS}
TRACES = ("N-0008", "2.25.8000", "Nuhru", "Esophagus Mean", "ONLY-THERE")


def routes(archive: Archive) -> list[tuple[str, str]]:
    included = [getattr(part, "original_router", None) for part in archive.app.routes]
    every = [*archive.app.routes, *(route for part in included if part for route in part.routes)]
    found = [
        (method, route.path)
        for route in every
        if isinstance(route, APIRoute)
        for method in sorted(route.methods - {"HEAD"})
    ]
    assert len(found) > 50
    return found


def filled_in(path: str, given: Given) -> str:
    values = {
        "study": given.study,
        "study_uid": given.study,
        "study_instance_uid": given.study,
        "series": given.series("CT"),
        "instance": given.instance(0),
        "rest:path": "frames/1",
        "course_uid": given.course_uid,
        "national_id": given.national_id,
        "roi_number": "1",
        "version": "1",
        "form": "wide" if "tables" in path else "csv",
        "kind": "csv",
        "act": "propose",
    }
    return re.sub(r"{([^}]+)}", lambda found: values[found[1]], path)


def ask(archive: Archive, method: str, path: str, token: str = "", **how: object) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(archive.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://archive") as client:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return await client.request(method, path, headers=headers, **how)  # type: ignore[arg-type]

    return asyncio.run(go())


def refuses(answer: httpx.Response) -> bool:
    to_login = answer.status_code == 303 and answer.headers["location"] == "/login"
    return answer.status_code in {401, 403, 429} or to_login


def may(role: str, method: str, path: str) -> bool:
    if path in FOR_CENTRES or (method, path) in TOLD_BY_CENTRES:
        return role == "site"
    if path in AUDIT:
        return role == "admin"
    if path in FOR_CENTRES_TOO:
        return True
    if role == "site":
        return False
    if method in CHANGES:
        return role == "curator"
    of_names = path.startswith(("/names", "/api/v1/names"))
    open_names = path.endswith(("/compliance", "/structure-set"))
    return role != "researcher" or not of_names or open_names


@pytest.mark.parametrize("token", ["", "wrong-token-of-somebody"])
def test_nobody_unknown_is_told_anything(archive: Archive, token: str) -> None:
    for method, path in routes(archive):
        if path not in OPEN:
            answer = ask(archive, method, filled_in(path, LEFT_KUH), token)
            assert refuses(answer), (method, path, answer.status_code)
    for path in ("/openapi.json", "/docs", "/redoc", "/no/such/page", "/api/v1/no-such"):
        assert refuses(ask(archive, "GET", path, token)), path


@pytest.mark.parametrize("role", BEARERS)
def test_a_role_gets_in_where_it_may_and_nowhere_else(archive: Archive, role: str) -> None:
    for method, path in routes(archive):
        if path not in OPEN:
            given = {"data": FORM} if path.startswith("/names") and method in CHANGES else {}
            answer = ask(archive, method, filled_in(path, LEFT_KUH), BEARERS[role], **given)
            assert refuses(answer) != may(role, method, path), (method, path, answer.status_code)


def test_every_answered_read_is_in_the_audit_trail(archive: Archive) -> None:
    def count() -> int:
        with Session(archive.app.state.service.engine) as session:
            newest = select(AuditTable.sequence).order_by(col(AuditTable.sequence).desc())
            return session.exec(newest).first() or 0

    for method, path in routes(archive):
        if path in OPEN or method in CHANGES:
            continue
        for role, token in BEARERS.items():
            before = count()
            answer = ask(archive, method, filled_in(path, LEFT_KUH), token)
            if answer.status_code < 400 and not refuses(answer):
                assert count() > before, (role, path, answer.status_code)
    assert archive.app.state.audit.first_break() is None


def test_a_read_that_cannot_be_recorded_is_not_answered(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_said: str) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(archive.app.state.audit, "record", full)
    for path in ("/api/v1/tables/long.csv", "/outcomes", "/dicom-web/studies"):
        answer = ask(archive, "GET", path, TOKENS["researcher"])
        assert answer.status_code == 500, path
        assert "N-000" not in answer.text


def test_nothing_of_a_withdrawn_patient_is_told_before_the_erasing_either(archive: Archive) -> None:
    for method, path in routes(archive):
        if path in OPEN | AUDIT or method in CHANGES:
            continue
        for role in ("curator", "admin"):
            answer = ask(archive, method, filled_in(path, WITHDRAWN), TOKENS[role])
            found = [trace for trace in TRACES if trace in answer.text]
            assert not found, (path, found)
            named = {"{study", "{study_uid", "{course_uid", "{national_id"}
            if named & set(re.findall("{[a-z_]+", path)) and path not in FOR_CENTRES:
                assert answer.status_code == 404, (path, answer.status_code)


async def too_much(most: int) -> AsyncIterator[bytes]:
    """More than may be taken, and an error for whoever reads on."""
    for _ in range(most // 65_536 + 1):
        yield b"x" * 65_536
    raise AssertionError("the body was read on")


def test_nobody_unknown_fills_the_memory(archive: Archive) -> None:
    answer = ask(archive, "POST", "/api/v1/clinical-batches", content=too_much(-65_536))
    assert answer.status_code == 401
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(archive.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://archive") as client:
            return await client.post("/login", headers=kind, content=too_much(LARGEST_FORM))

    assert asyncio.run(go()).status_code == 413


def test_no_body_of_somebody_known_grows_without_end(archive: Archive) -> None:
    body = too_much(LARGEST_BODY)
    answer = ask(archive, "POST", "/api/v1/clinical-batches", SITE_TOKEN, content=body)
    assert answer.status_code == 413
