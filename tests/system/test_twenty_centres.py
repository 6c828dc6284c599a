"""Twenty hospitals at once: 20 sites and gateways, 10 courses each, one archive, all on loopback.

Every site has its own Orthanc with the plugin and its own gateway; DCMTK's storescu sends for each.
Simulated are the patients (one generated course under other names) and the network (loopback).
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kasari.demo.memory import peak_memory_mb
from kasari.stack import Centre, Stack, start_stack, stop_stack
from kasari.stack.consents import import_consents
from kasari.stack.settings import PUSH_AET
from tests.system.faults.ward import Crowd, Patient, consent_list

CENTRES, COURSES = 20, 10
LIMIT_S = 1500.0
MOST_MB = 300.0
AT_A_TIME = 5
"""Centres that are started together: their starts are not what is measured."""


@pytest.fixture
def stack(needs_orthanc: None, tmp_path: Path) -> Iterator[Stack]:
    if shutil.which("storescu") is None:
        pytest.skip("needs DCMTK's storescu: apt install dcmtk")
    names = [f"C{number:02d}" for number in range(1, CENTRES + 1)]
    try:
        for more in range(AT_A_TIME, CENTRES + 1, AT_A_TIME):
            started = start_stack(tmp_path / "stack", tuple(names[:more]))
        yield started
    finally:
        stop_stack(tmp_path / "stack")


def patients_of(stack: Stack, folder: Path) -> dict[str, list[Patient]]:
    crowd = Crowd.generate(folder / "crowd")
    found: dict[str, list[Patient]] = {}
    for name, centre in stack.centres.items():
        found[name] = [crowd.admit(folder / "send" / name) for _ in range(COURSES)]
        report = import_consents(centre, consent_list(found[name], "granted", "2024-01-01"))
        assert report["committed"]
    return found


def send(centre: Centre, folder: Path) -> "subprocess.Popen[bytes]":
    command = ["storescu", "-aet", PUSH_AET, "-aec", centre.ae_title, "+sd", "+r"]
    return subprocess.Popen(
        [*command, "127.0.0.1", str(centre.dicom_port), str(folder)],
        env={"TCP_NODELAY": "1", "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def account(centre: Centre) -> dict:
    headers = {"Authorization": f"Bearer {centre.operator_token()}"}
    address = f"{centre.gateway_url}/api/v1/account"
    found: dict = httpx.get(address, headers=headers, timeout=60).raise_for_status().json()
    return found


@pytest.mark.slow
@pytest.mark.timeout(2400)
@pytest.mark.fault(51)
def test_twenty_centres_send_at_once(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """20 centres send 10 courses each at once | nothing is lost, none starves, <= 300 MB each"""
    patients = patients_of(stack, tmp_path)
    instances = {name: sum(len(p.files) for p in mine) for name, mine in patients.items()}
    began = time.monotonic()
    senders = [send(centre, tmp_path / "send" / name) for name, centre in stack.centres.items()]
    history: list[dict[str, int]] = []
    while not history or history[-1] != instances:
        assert time.monotonic() - began < LIMIT_S, history[-1]
        time.sleep(2.0)
        told = {name: account(centre) for name, centre in stack.centres.items()}
        history.append({name: one["delivered"] for name, one in told.items()})
    took = time.monotonic() - began
    assert [sender.wait() for sender in senders] == [0] * CENTRES

    for name, centre in stack.centres.items():
        told = account(centre)
        assert told["sums_up"]
        assert told["received"] == told["delivered"] == instances[name]
    token = {"Authorization": f"Bearer {stack.reader_token()}"}
    at_archive = httpx.get(f"{stack.archive_url}/api/v1/status", headers=token, timeout=60).json()
    assert at_archive["instances"] == sum(instances.values())
    assert at_archive["store"]["lost"] == 0

    first_done = next(i for i, now in enumerate(history) if now.items() & instances.items())
    slowest = min(history[first_done][name] / instances[name] for name in instances)
    memory = {n: peak_memory_mb(p) for n, p in stack.processes().items() if p}
    gateways = {n: mb for n, mb in memory.items() if n.startswith("gateway-")}
    measured = {
        "instances": sum(instances.values()),
        "seconds": round(took, 1),
        "slowest_when_the_first_is_done": round(slowest, 2),
        "gateway_mb": round(max(gateways.values())),
        "harmonizer_mb": round(memory["harmonizer"]),
    }
    with capsys.disabled():
        sys.stdout.write(f"\n{json.dumps(measured)}\n")
    assert slowest > 0.3, "no centre starves"
    assert max(gateways.values()) <= MOST_MB, gateways
