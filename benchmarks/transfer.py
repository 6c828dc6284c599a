"""Sustained transfer from gateway to archive, beside Orthanc's own STOW job of the same files.

Ours de-identifies a second time, checks, stores, reads every byte back and compares digests;
Orthanc's job stores and nothing else. The archive harmonizes once nothing comes in, two minutes
later at most: how long that takes afterwards is told too.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml

from benchmarks.chain import HEADER, free_ports, small_stack, wait_until_harmonized
from benchmarks.course import CourseWriter
from benchmarks.raw_chain import OrthancProgram, measure_raw_chain, store_with_dcmtk
from kasari.setup import OWN_FOLDER, ensure_orthanc
from kasari.stack import Stack, start_stack
from kasari.stack.consents import import_consents
from kasari.stack.layout import write_private
from kasari.stack.settings import PUSH_AET, Writer

LIMIT_S = 300.0
LEAST_PER_S, LEAST_RATIO = 60.0, 0.5


@dataclass(frozen=True)
class Ours:
    """What our chain took."""

    delivered_s: float
    """From the opening of the hours until every instance is delivered and verified."""
    cpu_s: dict[str, float]
    """The processor's time of each process meanwhile: the same on a busy machine."""
    harmonized_s: float
    """From then until the archive has harmonized every course."""


@contextmanager
def closed(hours: list[str]) -> Iterator[None]:
    """Let gateways send during these hours only, from the next start on."""
    write = Writer.gateway

    def gateway(self: Writer, centre: str) -> Path:
        path = write(self, centre)
        values = yaml.safe_load(path.read_text("utf-8"))
        values["sending"] = {"windows": list(hours), "time_zone": "UTC"}
        write_private(path, yaml.safe_dump(values, sort_keys=False).encode())
        return path

    Writer.gateway = gateway  # type: ignore[method-assign]
    try:
        yield
    finally:
        Writer.gateway = write  # type: ignore[method-assign]


def status(stack: Stack) -> dict[str, Any]:
    centre = stack.centre("KUH")
    headers = {"Authorization": f"Bearer {centre.operator_token()}"}
    answer = httpx.get(f"{centre.gateway_url}/api/v1/status", headers=headers, timeout=30)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def wait(stack: Stack, part: str, number: int) -> None:
    end = time.monotonic() + LIMIT_S
    while status(stack)["instances"][part] < number:
        if time.monotonic() > end:
            raise RuntimeError(f"only {status(stack)['instances'][part]} of {number} were {part}")
        time.sleep(0.2)  # each question costs the gateway some milliseconds


def measure_ours(folder: Path, dicom: Path, patients: list[str], files: int) -> Ours:
    """Have the courses wait at the site, then let them go."""
    other_hour = (time.gmtime().tm_hour + 12) % 24
    hours = [f"{other_hour:02d}:00-{other_hour:02d}:01"]
    with closed(hours), small_stack(folder / "stack") as stack:
        rows = "".join(
            f"{patient},Mittari,Maija,1960-01-05,granted,1,research,2024-01-01\n"
            for patient in patients
        )
        centre = stack.centre("KUH")
        import_consents(centre, (HEADER + rows).encode())
        store_with_dcmtk(dicom, centre.dicom_port, centre.ae_title, PUSH_AET)
        wait(stack, "indexed", files)
        hours.clear()
        # the gateway anew: what it had prepared early is gone
        start_stack(stack.folder, tuple(stack.centres))
        began, before = time.perf_counter(), cpu_seconds(stack)
        wait(stack, "delivered", files)
        took, after = time.perf_counter() - began, cpu_seconds(stack)
        ended = time.perf_counter()
        wait_until_harmonized(stack, len(patients), LIMIT_S)
        cpu = {name: after[name] - before[name] for name in after}
        return Ours(took, cpu, time.perf_counter() - ended)


def cpu_seconds(stack: Stack) -> dict[str, float]:
    """Of each process, since it began."""
    return {
        name: sum(psutil.Process(pid).cpu_times()[:2])
        for name, pid in stack.processes().items()
        if pid is not None
    }


def main() -> int:
    """Print both rates; exit code 1 if ours misses a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--courses", type=int, default=10)
    arguments = parser.parse_args()
    if shutil.which("storescu") is None:
        sys.stderr.write("DCMTK's storescu is needed: install the package dcmtk\n")
        return 2
    found = ensure_orthanc(OWN_FOLDER / "orthanc")
    program = OrthancProgram(list(found.command), dict(found.environment), found.plugins)
    with tempfile.TemporaryDirectory(prefix="kasari-bench-") as name:
        folder = Path(name)
        patients = [f"BENCH{number:04d}" for number in range(arguments.courses)]
        written = [
            path
            for number, patient in enumerate(patients)
            for path in CourseWriter(patient, number).write(folder / "dicom" / patient)
        ]
        megabytes = sum(path.stat().st_size for path in written) / 1e6
        raw = measure_raw_chain(program, folder / "raw", folder / "dicom", free_ports())
        shutil.rmtree(folder / "raw")
        ours = measure_ours(folder, folder / "dicom", patients, len(written))
    rate, theirs = len(written) / ours.delivered_s, len(written) / raw["stow_s"]
    print(f"{len(written)} instances, {megabytes:.0f} MB")
    print(f"Orthanc's STOW job {theirs:6.1f} instances/s   ours {rate:6.1f} instances/s")
    each = ", ".join(f"{name} {1e3 * s / len(written):.1f}" for name, s in ours.cpu_s.items())
    print(f"ours, ms of a processor for an instance: {each}")
    print(f"all harmonized {ours.harmonized_s:.1f} s after the last was delivered")
    print(
        f"{rate / theirs:.2f}x; targets: at least {LEAST_PER_S:.0f}/s and {LEAST_RATIO}x of the job"
    )
    return 0 if rate >= LEAST_PER_S and rate / theirs >= LEAST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
