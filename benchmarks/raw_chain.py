"""The chain without KaSARi: C-STORE into one plain Orthanc, its STOW job to a second one.

This is what any gateway is measured against: no consent, no de-identification, no receipt.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

START_LIMIT_S = 60.0


@dataclass(frozen=True)
class OrthancProgram:
    """How to run Orthanc on this machine."""

    command: list[str]
    environment: dict[str, str]
    plugins: Path
    """Folder of the plugins' shared objects."""


@dataclass(frozen=True)
class Ports:
    site_http: int
    site_dicom: int
    archive_http: int


def configuration(folder: Path, http: int, dicom: int | None, plugins: Path, peer: int) -> str:
    """Orthanc's JSON: defaults but for ports, the DICOMweb plugin and its one peer."""
    values = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "Locale": "C.UTF-8",
        "HttpPort": http,
        "DicomServerEnabled": dicom is not None,
        "DicomPort": dicom or 0,
        "DicomAlwaysAllowStore": True,
        "AuthenticationEnabled": False,
        "Plugins": [str(plugins / "libOrthancDicomWeb.so")],
        "DicomWeb": {"Enable": True, "Servers": {"peer": [f"http://127.0.0.1:{peer}/dicom-web/"]}},
    }
    return json.dumps(values)


@contextmanager
def plain_orthanc(program: OrthancProgram, folder: Path, text: str, port: int) -> Iterator[str]:
    """A running Orthanc's address; stopped on leaving."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orthanc.json").write_text(text, encoding="utf-8")
    address = f"http://127.0.0.1:{port}"
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen(
            [*program.command, str(folder / "orthanc.json")],
            env=program.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(address, process)
            yield address
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx.get(f"{address}/system", timeout=2.0).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError("A plain Orthanc did not start; see orthanc.log beside its configuration.")


def measure_raw_chain(
    program: OrthancProgram, folder: Path, dicom: Path, ports: Ports
) -> dict[str, float]:
    """Seconds for C-STORE with DCMTK and for Orthanc's own STOW job of the same study."""
    site = configuration(
        folder / "site", ports.site_http, ports.site_dicom, program.plugins, ports.archive_http
    )
    archive = configuration(folder / "archive", ports.archive_http, None, program.plugins, 1)
    with (
        plain_orthanc(program, folder / "archive", archive, ports.archive_http) as archive_url,
        plain_orthanc(program, folder / "site", site, ports.site_http) as site_url,
    ):
        stored = store_with_dcmtk(dicom, ports.site_dicom)
        sent = _stow(site_url)
        expected = httpx.get(f"{site_url}/statistics").json()["CountInstances"]
        arrived = httpx.get(f"{archive_url}/statistics").json()["CountInstances"]
    if arrived != expected:
        raise RuntimeError(f"The raw chain delivered {arrived} of {expected} instances.")
    return {"c_store_s": stored, "stow_s": sent, "total_s": stored + sent}


def store_with_dcmtk(
    dicom: Path, port: int, called: str = "ORTHANC", calling: str = "STORESCU"
) -> float:
    """Seconds that DCMTK's storescu takes for every file in a folder."""
    started = time.perf_counter()
    subprocess.run(
        [
            "storescu",
            "-aet",
            calling,
            "-aec",
            called,
            "+sd",
            "+r",
            "127.0.0.1",
            str(port),
            str(dicom),
        ],
        check=True,
        capture_output=True,
        env={"TCP_NODELAY": "1", "PATH": "/usr/bin:/bin"},
    )
    return time.perf_counter() - started


def _stow(site_url: str) -> float:
    started = time.perf_counter()
    with httpx.Client(base_url=site_url, timeout=300.0) as client:
        studies = client.get("/studies").json()
        body = {"Resources": studies, "Synchronous": True}
        client.post("/dicom-web/servers/peer/stow", json=body).raise_for_status()
    return time.perf_counter() - started
