"""The whole chain for one course of 200 slices, beside two plain Orthancs in the same run.

Begin is the first C-STORE byte; end is the archive's word that every instance was read back equal
and the course is harmonized. DCMTK's storescu sends in both cases.
"""

import argparse
import json
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.course import CourseWriter
from benchmarks.raw_chain import OrthancProgram, Ports, measure_raw_chain, store_with_dcmtk
from kasari.demo.researcher import Researcher
from kasari.setup import OWN_FOLDER, ensure_orthanc
from kasari.stack import Stack, start_stack, stop_stack
from kasari.stack.consents import import_consents
from kasari.stack.settings import PUSH_AET

LIMIT_S = 120.0
HEADER = "patient_id,family_name,given_name,birth_date,status,version,scope,date\n"
TARGET = 3.0


def free_ports() -> Ports:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(3)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    numbers = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return Ports(*numbers)


@contextmanager
def small_stack(folder: Path) -> Iterator[Stack]:
    """One centre and the archive, running."""
    stack = start_stack(folder, ("KUH",))
    try:
        yield stack
    finally:
        stop_stack(folder)


def wait_until_harmonized(stack: Stack, courses: int, limit_s: float) -> None:
    """Wait for so many courses of the centre."""
    researcher, end = Researcher(stack), time.perf_counter() + limit_s
    while researcher.status()["courses"].get("KUH", {}).get("harmonized", 0) < courses:
        if time.perf_counter() > end:
            raise RuntimeError("not harmonized in time; see the stack's logs")
        time.sleep(0.05)


def measure_chain(stack: Stack, dicom: Path, done: int) -> dict[str, float]:
    """Seconds until stored at the site and until harmonized, of the course in a folder.

    `done` is how many courses the archive has harmonized before.
    """
    centre = stack.centre("KUH")
    began = time.perf_counter()
    store_with_dcmtk(dicom, centre.dicom_port, centre.ae_title, PUSH_AET)
    stored = time.perf_counter()
    wait_until_harmonized(stack, done + 1, LIMIT_S)
    ended = time.perf_counter()
    return {"c_store_s": stored - began, "total_s": ended - began}


def measure(runs: int, folder: Path) -> dict[str, list[dict[str, float]]]:
    """Measure the raw chain and ours in turn, each run with a course of its own."""
    found = ensure_orthanc(OWN_FOLDER / "orthanc")
    program = OrthancProgram(list(found.command), dict(found.environment), found.plugins)
    results: dict[str, list[dict[str, float]]] = {"raw": [], "ours": []}
    with small_stack(folder / "stack") as stack:
        for run in range(runs):
            patient = f"BENCH{run:04d}"
            dicom = folder / f"course{run}"
            CourseWriter(patient, run).write(dicom)
            row = f"{patient},Mittari,Maija,1960-01-05,granted,1,research,2024-01-01\n"
            import_consents(stack.centre("KUH"), (HEADER + row).encode())
            raw = folder / f"raw{run}"
            results["raw"].append(measure_raw_chain(program, raw, dicom, free_ports()))
            results["ours"].append(measure_chain(stack, dicom, run))
            shutil.rmtree(raw)
            shutil.rmtree(dicom)
    return results


def main() -> int:
    """Print the best of every run, and the ratio; exit code 1 if the ratio misses the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if shutil.which("storescu") is None:
        sys.stderr.write("DCMTK's storescu is needed: install the package dcmtk\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="kasari-bench-") as folder:
        results = measure(arguments.runs, Path(folder))
    if arguments.json:
        print(json.dumps(results, indent=1))
    for raw, ours in zip(results["raw"], results["ours"], strict=True):
        print(
            f"raw {raw['total_s']:5.2f} s (C-STORE {raw['c_store_s']:.2f}, "
            f"STOW {raw['stow_s']:.2f})   ours {ours['total_s']:5.2f} s "
            f"(C-STORE {ours['c_store_s']:.2f})   {ours['total_s'] / raw['total_s']:.2f}x"
        )
    best = min(one["total_s"] for one in results["ours"]) / min(
        one["total_s"] for one in results["raw"]
    )
    print(f"best of each: {best:.2f}x; the target is at most {TARGET:.0f}x")
    return 0 if best <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
