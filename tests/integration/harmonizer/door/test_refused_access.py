"""Who was refused, and who had patients deleted, stands in the audit trail."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from harmonizer.api import refusals
from harmonizer.api.attempts import MOST_WRONG
from tests.integration.harmonizer.door.conftest import TOKENS, Door
from tests.integration.harmonizer.door.test_withdrawal_at_the_archive import tell

Open = Callable[..., AbstractAsyncContextManager[Door]]
HERE = "127.0.0.1"


def inside(open_door: Open, job: Callable[[Door], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_door() as door:
            await job(door)

    asyncio.run(run())


async def ask(door: Door, token: str, path: str = "/api/v1/status") -> int:
    answer = await door.client.get(path, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


def trail(door: Door, action: str) -> list[tuple[Any, ...]]:
    found = door.service.audit.events(action=action)
    return [(event["caller"], event["role"], event["subject"]) for event in found]


def test_refusals_are_recorded_once_a_minute_and_address(
    open_door: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def job(door: Door) -> None:
        for _ in range(3):
            assert await ask(door, "a-guess-at-a-token") == httpx.codes.UNAUTHORIZED
            assert await ask(door, TOKENS["KUH"], "/api/v1/audit") == httpx.codes.FORBIDDEN
            wrong = await door.client.post("/login", data={"token": "another-guess"})
            assert wrong.status_code == httpx.codes.UNAUTHORIZED
        once = [("nobody", "unknown", f"{HERE} GET /api/v1/status")]
        assert trail(door, "login-refused") == once
        assert trail(door, "not-allowed") == [("KUH", "site", f"{HERE} GET /api/v1/audit")]
        monkeypatch.setattr(refusals, "PAUSE", timedelta(0))
        await door.client.post("/login", data={"token": "another-guess"})
        assert trail(door, "login-refused") == [
            ("nobody", "unknown", f"{HERE} POST /login"),
            *once,
        ]
        no_token = door.client.headers.pop("Authorization")
        assert (await door.client.get("/api/v1/courses")).status_code == httpx.codes.UNAUTHORIZED
        assert ("nobody", "unknown", f"{HERE} GET /api/v1/courses") in trail(door, "not-allowed")
        told = str(door.service.audit.events(most=1000))
        assert not any(secret in told for secret in ("guess", no_token.split()[1]))

    inside(open_door, job)


def test_who_guesses_waits_and_who_was_let_in_does_not(open_door: Open) -> None:
    async def job(door: Door) -> None:
        assert await ask(door, TOKENS["KUH"]) == httpx.codes.OK
        for number in range(MOST_WRONG):
            assert await ask(door, f"guess-number-{number}") == httpx.codes.UNAUTHORIZED
        assert await ask(door, "guess-number-11") == httpx.codes.TOO_MANY_REQUESTS
        assert await ask(door, TOKENS["Tyks"]) == httpx.codes.TOO_MANY_REQUESTS  # not looked at
        assert await ask(door, TOKENS["KUH"]) == httpx.codes.OK

    inside(open_door, job)


def test_who_ordered_a_deletion_or_lifted_one_is_recorded(open_door: Open) -> None:
    async def job(door: Door) -> None:
        many = tuple(f"FI{number:016}" for number in range(30))
        await tell(door, "w1", many)
        door.service.work_through()
        await tell(door, "a1", (), many[:1])
        orders = trail(door, "order-deletion")
        assert {order[:2] for order in orders} == {("KUH", "site")}
        assert sorted(" ".join(order[2] for order in orders).split()) == sorted(many)
        assert trail(door, "lift-deletion") == [("KUH", "site", many[0])]

    inside(open_door, job)
