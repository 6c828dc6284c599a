"""What a data steward does at one centre's gateway, by its HTTP interface."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx

from kasari.clinical.sending import Options, parts_of, send
from kasari.doors import door_of
from kasari.errors import InputError, StackError
from kasari.stack import Centre, Stack
from kasari.stack.consents import import_consents

PATIENCE_S: Final = 90.0
PAUSE_S: Final = 0.3
T = TypeVar("T")


def patiently(stack: Stack, call: Callable[[], T]) -> T:
    """Call again while the stack does not answer, starting again what has died.

    Raises
    ------
    StackError
        It still does not after `PATIENCE_S`.
    """
    end = time.monotonic() + PATIENCE_S
    mend = False
    while True:
        try:
            if mend:
                stack.ensure_running()
            return call()
        except (StackError, httpx.TransportError) as error:
            if time.monotonic() > end:
                text = f"the stack does not answer; see the logs in {stack.folders()['logs']}"
                raise StackError(text) from error
        mend = True
        time.sleep(PAUSE_S)


class Steward:
    """Imports lists and tables, looks at courses, releases what is held."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._door = door_of(centre).soon(PATIENCE_S)

    def consents(self, path: Path) -> None:
        """Import a consent list; what is known already stays as it is."""
        report = import_consents(self._centre, path.read_bytes())
        if report["problems"]:
            raise InputError(f"{path} was not imported: {report['problems'][0]}")

    def table(self, kind: str, path: Path) -> dict[str, int]:
        """Import a table of rows; returns how many were new, known, or of nobody here."""
        options: Options = {"form": "csv", "kind": kind, "source": "demo"}
        parts = parts_of(path.read_bytes(), options)
        total = send(self._door, parts, options, _nothing)
        if total.problems:
            found = total.problems[0]
            raise InputError(f"{path}, line {found['line']}: {found['reason']}; {found['mend']}")
        return total.counts

    def screening(self, path: Path) -> None:
        """Import a screening log; the same one again changes nothing."""
        report = self._door.json("POST", "/api/v1/recruitment", content=path.read_bytes())
        if report["problems"]:
            raise InputError(f"{path} was not imported: {report['problems'][0]}")

    def courses(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._door.json("GET", "/api/v1/courses")
        return found

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self._door.json("GET", "/api/v1/status")
        return found

    def release(self, course_id: int, comment: str) -> None:
        """Let a held course go; one that is not held any more is left alone."""
        path, said = f"/api/v1/courses/{course_id}/release", {"comment": comment}
        self._door.json("POST", path, json=said, also=(httpx.codes.CONFLICT,))


def _nothing(_done: int) -> None:
    """Small files need no bar of their own."""
