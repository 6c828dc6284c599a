"""One process that outlives the command that started it: start, find again, stop.

A pid alone may belong to somebody else by now; with the process's start time it cannot.
"""

import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kasari.stack.layout import write_private

GRACE_S: Final = 20.0
POLL_S: Final = 0.05
LARGEST_LOG: Final = 16 * 2**20
"""Bytes; a longer one is put aside at the next start, and the one before it goes."""
_STATE_AT, _START_AT = 0, 19
"""Places in /proc/PID/stat after the command's closing bracket (proc(5))."""


@dataclass(frozen=True)
class Program:
    """What to run. `environment` is all that it gets; `fingerprint` differs when settings do."""

    name: str
    command: list[str]
    environment: dict[str, str]
    fingerprint: str
    log: Path
    pid_file: Path


@dataclass(frozen=True)
class Running:
    """A process that was started and how to know it again."""

    pid: int
    started: int
    """Clock ticks after boot."""
    fingerprint: str = field(default="", compare=False)

    @property
    def is_alive(self) -> bool:
        return _start_time(self.pid) == self.started


def find(pid_file: Path) -> Running | None:
    """The process that a pid file names, if it is that one and still runs."""
    try:
        running = Running(**json.loads(pid_file.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return running if running.is_alive else None


def start(program: Program) -> Running:
    """Start in a session of its own, output appended to the log."""
    program.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if program.log.exists() and program.log.stat().st_size > LARGEST_LOG:
        program.log.replace(program.log.with_suffix(".log.1"))
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        program.command[0],
        program.command,
        program.environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(program.log), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGPIPE),
    )
    running = Running(pid, _start_time(pid) or 0, program.fingerprint)
    write_private(program.pid_file, json.dumps(vars(running)).encode())
    return running


def ask_to_end(running: Running) -> None:
    """Tell it to end; it takes its time."""
    if running.is_alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGTERM)


def stop(running: Running, pid_file: Path, grace_s: float = GRACE_S) -> None:
    """Ask to end, wait, and end by force if need be. The pid file goes last."""
    ask_to_end(running)
    _wait(running, grace_s)
    if running.is_alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGKILL)
        _wait(running, GRACE_S)
    pid_file.unlink(missing_ok=True)


def _wait(running: Running, limit_s: float) -> None:
    end = time.monotonic() + limit_s
    while running.is_alive and time.monotonic() < end:
        time.sleep(POLL_S)


def _start_time(pid: int) -> int | None:
    """Ticks after boot at which it started; None if it is gone or only waits to be reaped."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    values = text.rpartition(")")[2].split()
    if values[_STATE_AT] in "ZX" and not _has_other_threads(pid):
        return None
    return int(values[_START_AT])


def _has_other_threads(pid: int) -> bool:
    """Of a killed process the first thread ends first; the others still hold its ports."""
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir())) > 1
    except OSError:
        return False
