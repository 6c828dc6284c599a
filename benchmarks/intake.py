"""C-STORE into the site Orthanc with the plugin and without it, beside each other in one run.

The two have the same settings, the same folder on the same disk and the same 200 CT slices from
DCMTK's storescu. What stands for the gateway says who may be stored and does nothing else, so that
the door alone is measured; `chain` measures what follows.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from benchmarks.chain import free_ports
from benchmarks.course import CourseWriter
from benchmarks.raw_chain import store_with_dcmtk
from gateway.contract.site import ConsentSnapshot
from gateway.data.deid import load_profile
from gateway.domain.identity import KeyRing, lookup_hash, site_pseudonym
from kasari.setup import OWN_FOLDER, OrthancProgram, ensure_orthanc, ensure_site_packages
from kasari.setup.places import ROOT
from kasari.stack.layout import Layout, ensure_root_key
from kasari.stack.settings import GATEWAY_USER, PUSH_AET, Writer, ae_title

TARGET = 0.7
CENTRE, PATIENT = "BENCH", "BENCH0001"
START_LIMIT_S = 60.0


def snapshot(ring: KeyRing) -> bytes:
    """Who may be stored: the one patient of this run."""
    keys = ring.site_keys()
    admitted = {lookup_hash(keys, PATIENT): site_pseudonym(keys, PATIENT)}
    policy = load_profile().name_and_hash
    told = ConsentSnapshot(
        tag="1", policy_hash=policy, identities=keys.identities, admitted=admitted
    )
    return told.model_dump_json().encode()


@contextmanager
def gateway(answer: bytes) -> Iterator[int]:
    """Run what the plugin takes for its gateway; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(200, answer)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._reply(204, b"")

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


@contextmanager
def orthanc(
    program: OrthancProgram, config: Path, http: int, login: tuple[str, str], packages: Path
) -> Iterator[httpx.Client]:
    """Run one until the block ends; it counts as started when it answers."""
    environment = {**program.environment, "PYTHONPATH": f"{ROOT}:{packages}"}
    with (config.parent / f"{config.name}.log").open("wb") as log:
        command = [*program.command, str(config)]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    with httpx.Client(base_url=f"http://127.0.0.1:{http}", auth=login) as client:
        try:
            _wait(client, process)
            yield client
        finally:
            process.terminate()
            process.wait(60)


def _wait(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end and process.poll() is None:
        try:
            if client.get("/system").is_success:
                told = client.get("/kasari/admission")
                if told.status_code == 404 or told.json()["open"]:
                    return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("Orthanc did not start; see the log beside its settings")


def without_plugin(config: Path) -> Path:
    """Copy a folder of settings, less the plugin and what speaks of it."""
    plain = config.with_name("plain")
    shutil.copytree(config, plain)
    own: dict[str, Any] = json.loads((plain / "instance.json").read_text("utf-8"))
    for key in ("Plugins", "Python", "KaSARi"):
        del own[key]
    for key in ("StorageDirectory", "IndexDirectory"):
        own[key] += "-plain"
    ports = free_ports()
    own |= {"HttpPort": ports.site_http, "DicomPort": ports.site_dicom}
    (plain / "instance.json").write_text(json.dumps(own), "utf-8")
    return plain


def measure(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds of each round, in turn; what was stored is counted and deleted in between."""
    dicom, layout = folder / "dicom", Layout(folder / "site")
    CourseWriter(PATIENT, 1).write(dicom)
    for path in dicom.iterdir():
        if not path.name.startswith("ct"):
            path.unlink()
    layout.ensure()
    ring = KeyRing.from_root(ensure_root_key(layout.secret(CENTRE, "root.key")), CENTRE)
    program = ensure_orthanc(OWN_FOLDER / "orthanc")
    packages = ensure_site_packages(OWN_FOLDER / "site-packages", program.python)
    with ExitStack() as running:
        ports = free_ports()
        numbers = {
            f"gateway-{CENTRE}": running.enter_context(gateway(snapshot(ring))),
            f"orthanc-{CENTRE}": ports.site_http,
            f"store-{CENTRE}": ports.site_dicom,
        }
        config = Writer(layout, numbers, program).site_orthanc(CENTRE)
        login = (GATEWAY_USER, layout.secret(CENTRE, "orthanc.password").read_text("ascii"))
        clients: dict[str, tuple[httpx.Client, int]] = {}
        for name, where in (("with", config), ("without", without_plugin(config))):
            own = json.loads((where / "instance.json").read_text("utf-8"))
            one = orthanc(program, where, own["HttpPort"], login, packages)
            clients[name] = running.enter_context(one), own["DicomPort"]
        return _rounds(clients, dicom, rounds)


def _rounds(
    clients: dict[str, tuple[httpx.Client, int]], dicom: Path, rounds: int
) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in clients}
    sent = len(list(dicom.iterdir()))
    for number in range(rounds + 1):
        for name, (client, port) in clients.items():
            took = store_with_dcmtk(dicom, port, ae_title(CENTRE), PUSH_AET)
            stored = client.get("/statistics").json()["CountInstances"]
            if stored != sent:
                raise RuntimeError(f"{stored} of {sent} instances were stored {name} the plugin")
            for patient in client.get("/patients").json():
                client.delete(f"/patients/{patient}").raise_for_status()
            if number:  # the first round warms both up
                seconds[name].append(took)
    return seconds


def main() -> int:
    """Print every round and the ratio of the medians; exit code 1 if it misses the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where to store; default: a temporary folder")
    arguments = parser.parse_args()
    if shutil.which("storescu") is None:
        sys.stderr.write("DCMTK's storescu is needed: install the package dcmtk\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="kasari-bench-", dir=arguments.folder) as name:
        seconds = measure(Path(name), arguments.rounds)
    for with_plugin, without in zip(seconds["with"], seconds["without"], strict=True):
        print(f"with {with_plugin:.2f} s   without {without:.2f} s   {without / with_plugin:.2f}")
    middle = {name: statistics.median(each) for name, each in seconds.items()}
    ratio = middle["without"] / middle["with"]
    print(f"rate with the plugin: {ratio:.2f} of the rate without; the target is {TARGET}")
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
