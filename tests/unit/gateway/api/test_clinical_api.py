"""The gateway's door for clinical files: operators only, all or nothing."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from gateway.api import errors
from gateway.api.access import Sessions
from gateway.api.clinical import router
from gateway.domain.clinical import Problem
from gateway.services.clinical import ImportOptions, ImportResult
from gateway.web import frame

OPERATOR = "t"


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class FakeService:
    def __init__(self) -> None:
        self.calls: list[tuple[str, bytes, str]] = []
        self.options: list[tuple[ImportOptions, int]] = []
        self.result = ImportResult(rows=1, stored=1)

    def import_file(
        self, word: str, data: bytes, caller: str, options: ImportOptions, *, first_line: int
    ) -> ImportResult:
        self.calls.append((word, data, caller))
        self.options.append((options, first_line))
        return self.result

    def counts(self) -> dict[str, int]:
        return {"waiting": 3}


class FakeAccounts:
    def token_refused(self, address: str) -> None:
        assert address


@pytest.fixture
def service() -> FakeService:
    return FakeService()


def ask(service: FakeService, method: str, url: str, bearer: str = OPERATOR) -> httpx.Response:
    app = FastAPI()
    errors.install(app, frame.trouble)
    app.include_router(router)
    app.state.operator_token = "t"
    app.state.clinical = service
    app.state.accounts = FakeAccounts()
    app.state.sessions = Sessions()
    app.state.clock = FixedClock()

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://g") as client:
            headers = {"authorization": f"Bearer {bearer}"}
            return await client.request(method, url, content=b"a,b\n1,2\n", headers=headers)

    return asyncio.run(go())


def test_a_file_reaches_the_service(service: FakeService) -> None:
    answer = ask(service, "POST", "/api/v1/clinical?kind=ctcae&partial=true&first_line=9")
    assert answer.status_code == 200
    assert answer.json()["stored"] == 1
    assert service.calls == [("ctcae", b"a,b\n1,2\n", "operator")]
    assert service.options == [(ImportOptions("csv", partial=True), 9)]


def test_problems_make_the_answer_an_error_with_the_same_form(service: FakeService) -> None:
    service.result = ImportResult(rows=1, problems=(Problem(2, "grade", "r", "m"),))
    answer = ask(service, "POST", "/api/v1/clinical?kind=ctcae")
    assert answer.status_code == 422
    assert answer.json()["problems"] == [{"line": 2, "column": "grade", "reason": "r", "mend": "m"}]


def test_strangers_and_unknown_kinds_are_turned_away(service: FakeService) -> None:
    assert ask(service, "POST", "/api/v1/clinical?kind=ctcae", "x").status_code == 401
    assert ask(service, "GET", "/api/v1/clinical", "x").status_code == 401
    assert ask(service, "POST", "/api/v1/clinical?kind=other").status_code == 422
    answer = ask(service, "POST", "/api/v1/clinical")
    assert (answer.status_code, answer.json()["code"]) == (422, "kind")
    assert not service.calls
    assert ask(service, "POST", "/api/v1/clinical?form=fhir").status_code == 200
    assert [word for word, _, _ in service.calls] == ["fhir"]
    assert ask(service, "GET", "/api/v1/clinical").json() == {"rows": {"waiting": 3}}
