"""What this machine has: Python, disk, memory, ports, apt, Orthanc, the plugin's packages."""

import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from harmonizer.adapters.printing import can_print
from kasari.doctor.check import Check, Verdict, judged
from kasari.setup import OWN_FOLDER, find_orthanc
from kasari.setup.apt import machine_mirror
from kasari.setup.site_packages import is_installed
from kasari.stack.ports import is_free, usual_ports

LEAST_PYTHON: Final = (3, 11)
LEAST_DISK_GB: Final = 5.0
LEAST_MEMORY_GB: Final = 2.0
PACKAGES: Final = ("fastapi", "httpx", "numpy", "pydicom", "pynetdicom", "sqlmodel", "uvicorn")
TOOLS: Final = {
    "chromium": (("chromium", "chromium-browser", "google-chrome"), "tests of the pages"),
    "PostgreSQL": (("psql", "postgres"), "tests on PostgreSQL"),
    "DCMTK": (("storescu",), "the raw chain of the benchmark"),
    "dciodvfy": (("dciodvfy",), "tests of the written objects against the standard"),
}
_DEBIAN: Final = {
    "chromium": "chromium",
    "PostgreSQL": "postgresql",
    "DCMTK": "dcmtk",
    "dciodvfy": "dicom3tools",
}


def checks_of_machine(folder: Path) -> Iterator[Check]:
    """Everything that does not depend on a running stack; `folder` is where its data are to go."""
    yield _python()
    yield _packages()
    yield _disk(folder)
    yield _memory(Path("/proc/meminfo"))
    yield _ports()
    yield from _orthanc()
    yield _printing()
    for name, (programs, purpose) in TOOLS.items():
        path = next(filter(None, map(shutil.which, programs)), None)
        mend = f"apt install {_DEBIAN[name]} (only for {purpose})"
        yield judged(name, path is not None, path or "none", mend, needed=False)


def _printing() -> Check:
    found, mend = (
        "there" if can_print() else "none",
        "apt install libpangoft2-1.0-0 (only for PDFs)",
    )
    return judged("Pango", can_print(), found, mend, needed=False)


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info[:2] >= LEAST_PYTHON
    return judged("Python", good, found, "install Python 3.11 or later, remove .venv, ./run setup")


def _packages() -> Check:
    missing = []
    for name in PACKAGES:
        try:
            import_module(name)
        except ImportError:
            missing.append(name)
    found = f"without {', '.join(missing)}" if missing else "complete"
    return judged("Python packages", not missing, found, "remove .venv, then ./run setup")


def _disk(folder: Path) -> Check:
    existing = next(place for place in [folder, *folder.resolve().parents] if place.exists())
    free_gb = shutil.disk_usage(existing).free / 1e9
    mend = "free some space, or name another folder with --data"
    return judged("disk", free_gb >= LEAST_DISK_GB, f"{free_gb:.0f} GB free at {existing}", mend)


def _memory(meminfo: Path) -> Check:
    rows = dict(line.split(":", 1) for line in meminfo.read_text("ascii").splitlines())
    free_gb = int(rows["MemAvailable"].split()[0]) / 1e6
    mend = "stop something: the stack with two centres takes about 1.5 GB"
    return judged("memory", free_gb >= LEAST_MEMORY_GB, f"{free_gb:.1f} GB available", mend)


def _ports() -> Check:
    taken = [port for port in usual_ports(("KUH", "Tyks")).values() if not is_free(port)]
    text = f"in use: {', '.join(map(str, taken))}; others are chosen" if taken else "free"
    return Check("usual ports", Verdict.OK, text)


def _orthanc() -> Iterator[Check]:
    program = find_orthanc(OWN_FOLDER / "orthanc")
    mend = "./run setup (takes it from Debian; nothing outside .kasari is touched)"
    found = f"{program.version}, Python {program.python}" if program else "none"
    yield judged("Orthanc", program is not None, found, mend)
    if program is None:
        mirror = machine_mirror()
        advice = "./run setup --debian-mirror http://HOST/debian, or use compose/"
        yield judged("Debian mirror for it", bool(mirror), mirror or "none", advice)
        return
    for name in ("libOrthancPython.so", "libOrthancDicomWeb.so"):
        there = (program.plugins / name).exists()
        yield judged(f"Orthanc's {name}", there, str(program.plugins) if there else "none", mend)
    good = is_installed(OWN_FOLDER / "site-packages", program.python)
    found = "complete" if good else "not installed, or for another lock file"
    yield judged("packages for Orthanc's Python", good, found, "./run setup")
