"""Looking after a stack each second costs nothing while all of it runs."""

import json
import os
from pathlib import Path

import pytest

from kasari.stack import Stack, running
from kasari.stack.layout import Layout, write_private
from kasari.stack.ports import usual_ports
from kasari.stack.process import _start_time
from kasari.stack.programs import process_names

CENTRES = ("KUH",)


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack all of whose processes are this one."""
    layout, pid = Layout(tmp_path), os.getpid()
    for name in process_names(CENTRES):
        told = {"pid": pid, "started": _start_time(pid), "fingerprint": ""}
        write_private(layout.pid(name), json.dumps(told).encode())
    return Stack(layout, usual_ports(CENTRES), CENTRES)


def test_nothing_is_prepared_while_all_of_it_runs(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(running, "_start")
    before = sorted(stack.folder.rglob("*"))
    assert stack.ensure_running() == []
    assert sorted(stack.folder.rglob("*")) == before


def test_what_has_died_is_started(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_start", lambda *_told: (stack, ["gateway-KUH"]))
    Layout(stack.folder).pid("gateway-KUH").unlink()
    assert stack.ensure_running() == ["gateway-KUH"]
