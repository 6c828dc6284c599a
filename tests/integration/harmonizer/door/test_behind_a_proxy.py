"""Behind a proxy readers keep their own addresses: one who guesses tokens locks out nobody else."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from harmonizer import __main__ as program
from harmonizer.api.attempts import MOST_WRONG
from harmonizer.app import World, create_app
from harmonizer.config import Listen, Settings
from tests.factories.archive_world import MemoryStore


@pytest.fixture
def address(
    settings: Settings, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Serve as `python -m harmonizer serve` does, on a socket of the test's own."""
    listen = Listen(port=0, trusted_proxies=request.param)
    settings = settings.model_copy(update={"listen": listen})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        servers: list[uvicorn.Server] = []
        ready = threading.Event()

        def run(app: Any, **how: Any) -> None:
            servers.append(uvicorn.Server(uvicorn.Config(app, **how, lifespan="off")))
            ready.set()
            servers[0].run(sockets=[listening])

        app = create_app(settings, World(MemoryStore()), background=False)
        monkeypatch.setattr(uvicorn, "run", run)
        monkeypatch.setattr(program, "create_app", lambda _settings: app)
        thread = threading.Thread(target=program.serve, args=(settings,))
        thread.start()
        assert ready.wait(30)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        servers[0].should_exit = True
        thread.join(30)
        app.state.service.engine.dispose()


def guess(address: str, who: str) -> int:
    with httpx.Client(base_url=address, trust_env=False) as client:
        wrong = {"token": "a-wrong-token-of-somebody"}
        return client.post("/login", data=wrong, headers={"X-Forwarded-For": who}).status_code


@pytest.mark.parametrize("address", [("127.0.0.1",), ("*",)], indirect=True)
def test_wrong_tokens_are_counted_by_the_readers_address(address: str) -> None:
    for _ in range(MOST_WRONG):
        assert guess(address, "192.0.2.7") == httpx.codes.UNAUTHORIZED
    assert guess(address, "192.0.2.7") == httpx.codes.TOO_MANY_REQUESTS
    assert guess(address, "192.0.2.8") == httpx.codes.UNAUTHORIZED


@pytest.mark.parametrize("address", [("192.0.2.1",)], indirect=True)
def test_somebody_else_is_not_believed(address: str) -> None:
    for number in range(MOST_WRONG):
        assert guess(address, f"192.0.2.{number}") == httpx.codes.UNAUTHORIZED
    assert guess(address, "192.0.2.99") == httpx.codes.TOO_MANY_REQUESTS
