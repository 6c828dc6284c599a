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
    wanted = f"{python} {hashlib.sha256(LOCK.read_bytes()).hexdigest()}"
    target = folder / f"python-{python}"
    stamp = folder / f"python-{python}.installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
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
    stamp.write_text(wanted, encoding="utf-8")
    return target
