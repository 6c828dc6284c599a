"""`kasari gateway collect` begins a run, tells what comes, and waits for its end."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from kasari.commands.gateway import app, status
from kasari.doors import Door
from kasari.errors import InputError, StackError

BEGUN = {
    "at": "2026-03-02T12:00:00+00:00",
    "running": True,
    "patients": 0,
    "series": 0,
    "instances": 0,
    "failed": 0,
    "ended": "under way",
}
UNDER_WAY = {**BEGUN, "patients": 1, "series": 2, "instances": 2}
ENDED = {**UNDER_WAY, "running": False, "failed": 1, "ended": "nothing more is due"}


def collect(
    monkeypatch: pytest.MonkeyPatch, begun: httpx.Response, *then: Any, words: tuple[str, ...] = ()
) -> Result:
    told: Iterator[Any] = iter(then)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return begun
        return httpx.Response(200, json=next(told))

    door = Door("http://gateway", transport=httpx.MockTransport(answer))
    monkeypatch.setattr(status, "gateway_door", lambda _centre, _where: door)
    monkeypatch.setattr(status, "PAUSE_S", 0.0)
    return CliRunner().invoke(app, ["collect", *words])


def test_it_waits_for_the_end_and_tells_what_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = httpx.Response(202, json=BEGUN)
    told = collect(monkeypatch, begun, BEGUN, UNDER_WAY, UNDER_WAY, ENDED)
    assert told.exit_code == 0
    said = "asked about 1 patients; 2 instances in 2 series came"
    assert told.stderr.splitlines() == [said]
    assert told.stdout.splitlines() == [f"{said}, 1 did not; nothing more is due"]


def test_for_a_machine_it_tells_the_end_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = httpx.Response(202, json=BEGUN)
    told = collect(monkeypatch, begun, UNDER_WAY, ENDED, words=("--json",))
    assert json.loads(told.stdout) == ENDED


@pytest.mark.parametrize("now", [None, {**ENDED, "at": "2026-03-02T13:00:00+00:00"}])
def test_a_gateway_that_was_started_again_has_ended_the_run(
    monkeypatch: pytest.MonkeyPatch, now: Any
) -> None:
    told = collect(monkeypatch, httpx.Response(202, json=BEGUN), now)
    assert isinstance(told.exception, StackError)
    assert "started again" in str(told.exception)


def test_a_run_that_is_under_way_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a run is under way already; wait for its end"
    refused = httpx.Response(409, json={"code": "collection-runs", "text": text})
    told = collect(monkeypatch, refused)
    assert isinstance(told.exception, InputError)
    assert str(told.exception) == text
