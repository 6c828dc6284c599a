"""Which Orthanc runs here: the system's, if it is new enough, or one unpacked under `.kasari`."""

import json
import platform
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from kasari.errors import SetupError
from kasari.setup.apt import PrivateApt, machine_mirror

RELEASE: Final = "trixie"
PACKAGES: Final = ("orthanc", "orthanc-dicomweb", "orthanc-python", "orthanc-postgresql")
LEAST_VERSION: Final = (1, 12)
NEEDED_PLUGINS: Final = ("libOrthancDicomWeb.so", "libOrthancPython.so")
SYSTEM_PLUGINS: Final = Path("/usr/share/orthanc/plugins")
STAMP: Final = "ready.json"


@dataclass(frozen=True)
class OrthancProgram:
    """How to run Orthanc on this machine."""

    command: list[str]
    """What comes before the configuration's path."""
    environment: dict[str, str]
    plugins: Path
    """Folder of the plugins' shared objects."""
    version: str
    python: str
    """Of the embedded interpreter, e.g. 3.13."""


def find_orthanc(folder: Path) -> OrthancProgram | None:
    """The Orthanc to use, or None when one has to be unpacked into `folder` first."""
    return system_orthanc() or unpacked_orthanc(folder)


def ensure_orthanc(folder: Path, mirror: str | None = None) -> OrthancProgram:
    """Return the Orthanc to use; unpacks Debian's into `folder` where there is none.

    Raises
    ------
    SetupError
        No mirror is known, or the packages could not be fetched.
    """
    found = find_orthanc(folder)
    if found:
        return found
    address = mirror or machine_mirror()
    if not address:
        raise SetupError(
            "This machine's apt names no Debian mirror to fetch Orthanc from: give one with "
            "--debian-mirror or KASARI_DEBIAN_MIRROR, e.g. http://HOST/debian"
        )
    shutil.rmtree(folder, ignore_errors=True)
    try:
        PrivateApt(folder / "apt", address, RELEASE).install(PACKAGES, folder / "root")
        program = _describe(folder / "root")
    except OSError as error:
        raise SetupError(
            f"Orthanc could not be unpacked into {folder}: {error.strerror}"
        ) from error
    text = json.dumps(asdict(program) | {"plugins": str(program.plugins)}, indent=1)
    (folder / STAMP).write_text(text, encoding="utf-8")
    shutil.rmtree(folder / "apt/cache", ignore_errors=True)
    return program


def unpacked_orthanc(folder: Path) -> OrthancProgram | None:
    """The one unpacked earlier, if that came to its end; its paths must still be there."""
    try:
        values = json.loads((folder / STAMP).read_text(encoding="utf-8"))
        program = OrthancProgram(**values | {"plugins": Path(values["plugins"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return program if Path(program.command[0]).is_relative_to(folder) else None


def system_orthanc() -> OrthancProgram | None:
    """The machine's own Orthanc, if it is new enough and has the plugins."""
    program = shutil.which("Orthanc", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if not program or not all((SYSTEM_PLUGINS / name).exists() for name in NEEDED_PLUGINS):
        return None
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TCP_NODELAY": "1"}
    version = _version([program], environment)
    if _numbers(version) < LEAST_VERSION:
        return None
    linked = subprocess.run(
        ["ldd", str(SYSTEM_PLUGINS / "libOrthancPython.so")],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    python = re.search(r"libpython(3\.\d+)", linked)
    if not python:
        return None
    return OrthancProgram([program], environment, SYSTEM_PLUGINS, version, python[1])


def _describe(root: Path) -> OrthancProgram:
    libraries = root / f"usr/lib/{platform.machine()}-linux-gnu"
    loaders = sorted(root.glob("usr/lib*/ld-linux-*")) + sorted(libraries.glob("ld-linux-*"))
    pythons = sorted(libraries.glob("libpython3.*.so.*"))
    if not loaders or not pythons:
        raise SetupError("The unpacked Orthanc is not whole: remove .kasari/orthanc and try again.")
    command = [str(loaders[0]), "--library-path", str(libraries), str(root / "usr/sbin/Orthanc")]
    environment = {
        "DCMDICTPATH": str(root / "usr/share/dcmtk/dicom.dic"),
        "PYTHONHOME": str(root / "usr"),
        "PATH": "/usr/bin:/bin",
        # without it DCMTK waits for delayed acknowledgements: ten times slower
        "TCP_NODELAY": "1",
    }
    python = re.search(r"libpython(3\.\d+)", pythons[0].name)
    version = _version(command, environment)
    if not python or _numbers(version) < LEAST_VERSION:
        raise SetupError("The unpacked Orthanc does not run here; compose/ has the same stack.")
    return OrthancProgram(
        command, environment, root / "usr/share/orthanc/plugins", version, python[1]
    )


def _version(command: list[str], environment: dict[str, str]) -> str:
    try:
        answer = subprocess.run(
            [*command, "--version"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "0"
    found = re.search(r"\d+\.\d+(\.\d+)?", answer.stdout)
    return found[0] if found else "0"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
