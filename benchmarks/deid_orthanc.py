"""Orthanc's own `/anonymize` over the same files: one plain Orthanc, asked over HTTP."""

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from kasari.setup.orthanc import OrthancProgram

START_LIMIT_S = 60.0


@contextmanager
def plain_orthanc(program: OrthancProgram) -> Iterator[httpx.Client]:
    """Run an Orthanc with nothing but a port, and stop it again."""
    with tempfile.TemporaryDirectory() as name, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        folder = Path(name)
        values = {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "index"),
            "HttpPort": port,
            "DicomServerEnabled": False,
            "AuthenticationEnabled": False,
        }
        path = folder / "orthanc.json"
        path.write_text(json.dumps(values))
        process = subprocess.Popen(
            [*program.command, str(path)],
            env=program.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120)
        try:
            _wait(client)
            yield client
        finally:
            client.close()
            process.terminate()
            process.wait(30)


def _wait(client: httpx.Client) -> None:
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit:
        try:
            if client.get("/system").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("Orthanc did not start")


def anonymize(client: httpx.Client, data: bytes, rounds: int) -> tuple[float, bytes]:
    """Return the best seconds of storing and anonymizing one object, and what came back."""
    seconds, answer = [], b""
    for _ in range(rounds):
        begin = time.perf_counter()
        stored = client.post("/instances", content=data).json()["ID"]
        done = client.post(f"/instances/{stored}/anonymize", json={})
        seconds.append(time.perf_counter() - begin)
        answer = done.raise_for_status().content
        client.delete(f"/instances/{stored}")
    return min(seconds), answer
