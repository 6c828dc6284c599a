"""Asking a process whether it does its work, and waiting until it does."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from kasari.errors import StackError
from kasari.stack.process import Running

START_LIMIT_S: Final = 120.0
POLL_S: Final = 0.1
LOOKED_AT_BYTES: Final = 4096
SAID: Final = 300
"""Characters of a log's last line that are shown."""
ASK_LIMIT_S: Final = 5.0


@dataclass(frozen=True)
class Probe:
    """`GET address` must answer 200, with `wanted` in its JSON. `password_file` is `user`'s."""

    address: str
    user: str = ""
    password_file: Path | None = None
    wanted: tuple[str, object] | None = None

    def is_healthy(self) -> bool:
        auth = None
        if self.password_file is not None:
            auth = (self.user, self.password_file.read_text("ascii").strip())
        try:
            answer = httpx.get(self.address, auth=auth, timeout=ASK_LIMIT_S, trust_env=False)
        except httpx.HTTPError:
            return False
        if answer.status_code != httpx.codes.OK:
            return False
        try:
            return self.wanted is None or self.wanted in answer.json().items()
        except (ValueError, AttributeError):
            return False  # somebody else's page


@dataclass(frozen=True)
class Starting:
    """A process that was started and does not do its work yet."""

    running: Running
    probe: Probe
    log: Path


def wait_until_healthy(
    starting: dict[str, Starting],
    progress: Callable[[str], None],
    limit_s: float = START_LIMIT_S,
    others: Mapping[str, Running] | None = None,
) -> set[str]:
    """Poll until every process does its work; that one has ended is told at once.

    Returns the names of what still starts: some only when one for which they may wait has ended, of
    the `others` or of those that were ready before them: a stranger may have answered on its port.

    Raises
    ------
    StackError
        One ended, or does not answer as it must within the limit.
    """
    end, waiting = time.monotonic() + limit_s, dict(starting)
    ready = dict(others or {})
    while waiting:
        for name, process in list(waiting.items()):
            healthy = process.probe.is_healthy()
            if not process.running.is_alive:  # a stranger may answer on its port
                raise StackError(
                    f"{name} ended while it started{last_line(process.log)} See {process.log}."
                )
            if healthy:
                progress(f"{name} is ready")
                ready[name] = process.running
                del waiting[name]
        if waiting and not all(process.is_alive for process in ready.values()):
            return set(waiting)
        if waiting and time.monotonic() > end:
            name, process = next(iter(waiting.items()))
            raise StackError(f"{name} runs but does not answer as it must. See {process.log}.")
        time.sleep(POLL_S if waiting else 0)
    return set()


def last_line(log: Path) -> str:
    """Return the last line of a log as the end of a sentence, or a full stop."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOOKED_AT_BYTES))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        lines = []
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f": {said[-SAID:].rstrip('.')}." if said else "."
