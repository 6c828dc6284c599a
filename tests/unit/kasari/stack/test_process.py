"""Processes that outlive a command are found again, and only they are stopped."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kasari.stack import process
from kasari.stack.ports import any_free, is_free
from kasari.stack.process import Program, find, start, stop

LIMIT_S = 20.0
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True)\n"
SLEEP = "import time\ntime.sleep(60)"


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Program]:
    def made(code: str) -> Program:
        return Program(
            "sleeper",
            [sys.executable, "-c", code],
            {"ONLY": "this"},
            "fingerprint",
            tmp_path / "logs/sleeper.log",
            tmp_path / "sleeper.json",
        )

    return made


def until(ask: Callable[[], bool]) -> bool:
    end = time.monotonic() + LIMIT_S
    while not ask() and time.monotonic() < end:
        time.sleep(0.02)
    return ask()


def test_started_found_and_stopped(program: Callable[[str], Program]) -> None:
    asleep = program(SLEEP)
    running = start(asleep)
    try:
        assert find(asleep.pid_file) == running
        assert running.is_alive
        assert os.getsid(running.pid) == running.pid, "a session of its own"
    finally:
        stop(running, asleep.pid_file)
    assert not running.is_alive
    assert find(asleep.pid_file) is None
    assert not asleep.pid_file.exists()


def test_a_killed_process_is_not_found(program: Callable[[str], Program]) -> None:
    asleep = program(SLEEP)
    running = start(asleep)
    os.kill(running.pid, signal.SIGKILL)
    assert until(lambda: find(asleep.pid_file) is None)


def test_a_killed_process_counts_until_its_ports_are_free(
    program: Callable[[str], Program],
) -> None:
    """Its first thread ends before the others, which hold what it had open."""
    port = any_free(())
    server = program(
        "import socket, threading, time\n"
        f"s = socket.socket(); s.bind(('127.0.0.1', {port})); s.listen()\n"
        "block = bytearray(200_000_000)\n"
        "for _ in range(40): threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    running = start(server)
    assert until(lambda: server.log.exists() and server.log.read_text() == "ready\n")
    os.kill(running.pid, signal.SIGKILL)
    assert until(lambda: not running.is_alive)
    assert is_free(port)


def test_another_process_with_the_same_pid_is_left_alone(
    program: Callable[[str], Program],
) -> None:
    asleep = program(SLEEP)
    running = start(asleep)
    try:
        recycled = vars(running) | {"started": running.started - 1}
        asleep.pid_file.write_text(json.dumps(recycled), "utf-8")
        assert find(asleep.pid_file) is None
    finally:
        stop(running, asleep.pid_file)


def test_one_that_ignores_the_request_is_ended_by_force(
    program: Callable[[str], Program],
) -> None:
    stubborn = program(STUBBORN + SLEEP)
    running = start(stubborn)
    assert until(lambda: stubborn.log.read_text() == "ready\n")
    stop(running, stubborn.pid_file, grace_s=0.1)
    assert not running.is_alive


def test_it_gets_the_given_environment_only(program: Callable[[str], Program]) -> None:
    teller = program("import os; print(sorted(os.environ))")
    running = start(teller)
    assert until(lambda: not running.is_alive)
    told = teller.log.read_text()
    assert "'ONLY'" in told
    assert "'HOME'" not in told
    assert teller.log.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x"}'])
def test_a_damaged_pid_file_names_nobody(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pid.json"
    path.write_text(text, "utf-8")
    assert find(path) is None
    assert find(tmp_path / "absent") is None


def test_a_long_log_is_put_aside(
    program: Callable[[str], Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LARGEST_LOG", 3)
    talker = program("print('hello')")
    for _ in range(3):
        running = start(talker)
        assert until(lambda: not running.is_alive)  # noqa: B023 - called in this turn
    assert talker.log.read_text() == "hello\n"
    assert talker.log.with_suffix(".log.1").read_text() == "hello\n"
