"""Waiting for processes: ready, ended, or never ready."""

import json
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from kasari.errors import StackError
from kasari.stack.health import Probe, Starting, last_line, wait_until_healthy
from kasari.stack.ports import any_free
from kasari.stack.process import Program, start, stop


class Server:
    """Answers with `status` and `body`, and remembers who asked."""

    def __init__(self) -> None:
        self.status, self.body, self.seen = 200, {"open": True}, ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.seen = self.headers.get("Authorization", "")
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(json.dumps(outer.body).encode())

            def log_message(self, *_: object) -> None: ...

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/health"
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[[str, Probe], Starting]]:
    made = []

    def begin(code: str, probe: Probe) -> Starting:
        pid_file = tmp_path / f"{len(made)}.json"
        log = tmp_path / "some.log"
        program = Program("some", [sys.executable, "-c", code], {}, "", log, pid_file)
        made.append((start(program), pid_file))
        return Starting(made[-1][0], probe, log)

    yield begin
    for running, pid_file in made:
        stop(running, pid_file)


SLEEP = "import time; time.sleep(60)"


def test_ready_is_200_with_what_was_wanted(server: Server, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret\n", "ascii")
    probe = Probe(server.address, "user", password, ("open", True))
    assert probe.is_healthy()
    assert server.seen.startswith("Basic ")
    server.body = {"open": False}
    assert not probe.is_healthy()
    assert Probe(server.address).is_healthy()
    server.status = 503
    assert not Probe(server.address).is_healthy()
    assert not Probe(f"http://127.0.0.1:{any_free(())}/").is_healthy()


def test_everything_ready_is_told(
    server: Server, process: Callable[[str, Probe], Starting]
) -> None:
    told: list[str] = []
    wait_until_healthy({"a": process(SLEEP, Probe(server.address))}, told.append)
    assert told == ["a is ready"]


def test_one_that_ended_is_told_although_another_is_not_ready(
    process: Callable[[str, Probe], Starting],
) -> None:
    nobody = Probe(f"http://127.0.0.1:{any_free(())}/")
    starting = {"waits": process(SLEEP, nobody), "ends": process("pass", nobody)}
    with pytest.raises(StackError, match=r"ends ended while it started.*some\.log"):
        wait_until_healthy(starting, lambda _text: None)


def test_what_it_said_last_is_told(tmp_path: Path) -> None:
    log = tmp_path / "gateway-KUH.log"
    assert last_line(log) == "."
    log.write_bytes(b"x" * 9000 + b"\nstarting\nroot_key_file: others may read it.\n\n")
    assert last_line(log) == ": root_key_file: others may read it."


def test_one_that_is_never_ready_is_told(process: Callable[[str, Probe], Starting]) -> None:
    starting = {"a": process(SLEEP, Probe(f"http://127.0.0.1:{any_free(())}/"))}
    with pytest.raises(StackError, match=r"a runs but does not answer.*some\.log"):
        wait_until_healthy(starting, lambda _text: None, limit_s=0.2)


def test_one_that_ends_after_it_was_ready_ends_the_waiting_for_others(
    process: Callable[[str, Probe], Starting],
) -> None:
    """A site's Orthanc waits for its gateway: without it, waiting on would be in vain."""
    nobody = Probe(f"http://127.0.0.1:{any_free(())}/")
    ended = process("pass", nobody).running
    left = wait_until_healthy(
        {"waits": process(SLEEP, nobody)}, lambda _text: None, others={"ended": ended}
    )
    assert left == {"waits"}


def test_one_that_ends_after_a_stranger_answered_for_it_is_not_waited_on(
    server: Server, process: Callable[[str, Probe], Starting]
) -> None:
    """Two stacks choose one port: the other's program answers, and ours cannot have it."""
    starting = {"late": process("import time; time.sleep(1)", Probe(server.address))}
    starting["waits"] = process(SLEEP, Probe(f"http://127.0.0.1:{any_free(())}/"))
    told: list[str] = []
    assert wait_until_healthy(starting, told.append, limit_s=60) == {"waits"}
    assert told == ["late is ready"]
