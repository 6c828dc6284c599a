"""What Orthanc's embedded interpreter imports: wheels for its Python version, hashes checked."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from kasari.errors import SetupError
from kasari.setup.places import ROOT

LOCK: Final = ROOT / "plugins/requirements.lock"
LIMIT_S: Final = 600


def ensure_site_packages(folder: Path, python: str) -> Path:
    """Return the folder of packages for Python `python`; installs when the lock has changed.

    Raises
    ------
    SetupError
        The packages could not be fetched.
    """
    target = folder / f"python-{python}"
    if is_installed(folder, python):
        return target
    shutil.rmtree(target, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    command += ["--disable-pip-version-check", "--require-hashes", "--only-binary=:all:"]
    command += ["--python-version", python, "--target", str(target), "-r", str(LOCK)]
    log = folder / "pip.log"
    with log.open("wb") as out:
        done = subprocess.run(command, stdout=out, stderr=out, check=False, timeout=LIMIT_S)
    if done.returncode:
        raise SetupError(
            f"The packages for Orthanc's Python {python} could not be installed: is there a "
            f"network and a package index? The reason is at the end of {log}."
        )
    _stamp(folder, python).write_text(_wanted(python), encoding="utf-8")
    return target


def is_installed(folder: Path, python: str) -> bool:
    """Whether what the lock asks for was installed for Python `python`."""
    stamp = _stamp(folder, python)
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _wanted(python)


def _stamp(folder: Path, python: str) -> Path:
    return folder / f"python-{python}.installed"


def _wanted(python: str) -> str:
    return f"{python} {hashlib.sha256(LOCK.read_bytes()).hexdigest()}"
