"""apt in a folder of its own: downloads and unpacks Debian packages, as root or not.

apt reads nothing of the machine's state but its network settings, and changes nothing outside
the folder. Debian's archive keyring says whose packages these are.
"""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from kasari.errors import SetupError

KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
NETWORK_SETTINGS: Final = ("Acquire::http", "Acquire::https", "Acquire::Retries", "Acquire::Check")
LIMIT_S: Final = 900


class PrivateApt:
    """One release's main section, from one mirror, with its own lists, cache and status."""

    def __init__(self, folder: Path, mirror: str, release: str) -> None:
        self._folder = folder
        self._mirror = mirror
        self._release = release

    def install(self, packages: Iterable[str], root: Path) -> None:
        """Download packages with all they need, libc included, and unpack them into `root`.

        Raises
        ------
        SetupError
            Names the step that failed and the log.
        """
        self._write_configuration()
        self._run("apt-get", "-qq", "update")
        self._run("apt-get", "-qq", "-y", "-d", "install", *packages)
        root.mkdir(parents=True, exist_ok=True)
        for package in sorted((self._folder / "cache/archives").glob("*.deb")):
            self._run("dpkg-deb", "-x", str(package), str(root))

    def _write_configuration(self) -> None:
        for place in ("lists/partial", "cache/archives/partial", "parts", "preferences", "trusted"):
            (self._folder / place).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        source = f"deb [signed-by={self._keyring()}] {self._mirror} {self._release} main\n"
        (self._folder / "sources.list").write_text(source, encoding="utf-8")
        own = {
            "Dir::Etc::sourcelist": self._folder / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::parts": self._folder / "parts",
            "Dir::Etc::preferencesparts": self._folder / "preferences",
            "Dir::Etc::trustedparts": self._folder / "trusted",
            "Dir::State": self._folder,
            "Dir::State::lists": self._folder / "lists",
            "Dir::State::status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            "Dir::Log": self._folder,
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
        }
        lines = [*_network_settings(), *(f'{key} "{value}";' for key, value in own.items())]
        (self._folder / "apt.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _keyring(self) -> Path:
        """Debian's keyring: the machine's, or (on Ubuntu) from the machine's own mirror."""
        if KEYRING.exists():
            return KEYRING
        unpacked = self._folder / "keyring"
        unpacked.mkdir(parents=True, exist_ok=True)
        fetched = subprocess.run(
            ["apt-get", "-qq", "download", "debian-archive-keyring"],
            cwd=unpacked,
            capture_output=True,
            check=False,
            timeout=LIMIT_S,
        )
        packages = list(unpacked.glob("debian-archive-keyring_*.deb"))
        if fetched.returncode or not packages:
            raise SetupError(
                "Debian's archive keyring is missing, so nothing can be trusted: "
                "install the package debian-archive-keyring, then try again."
            )
        self._run("dpkg-deb", "-x", str(packages[0]), str(unpacked))
        return unpacked / KEYRING.relative_to("/")

    def _run(self, *command: str) -> None:
        log = self._folder / "apt.log"
        environment = {
            "APT_CONFIG": str(self._folder / "apt.conf"),
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C.UTF-8",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        }
        with log.open("ab") as out:
            try:
                done = subprocess.run(
                    command, env=environment, stdout=out, stderr=out, check=False, timeout=LIMIT_S
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise SetupError(f"{command[0]} could not run: {type(error).__name__}") from error
        if done.returncode:
            raise SetupError(
                f"Orthanc could not be fetched from {self._mirror} ({self._release}): is there a "
                f"network? The reason is at the end of {log}. Another mirror: --debian-mirror."
            )


def _network_settings() -> list[str]:
    """Proxies, certificates and the like, as the machine's own apt has them."""
    try:
        dump = subprocess.run(
            ["apt-config", "dump"], capture_output=True, text=True, check=False, timeout=60
        ).stdout
    except OSError as error:
        raise SetupError(
            "apt is not on this machine: install Orthanc 1.12 or later with its DICOMweb and "
            "Python plugins, or use compose/."
        ) from error
    return [line for line in dump.splitlines() if line.startswith(NETWORK_SETTINGS)]


def machine_mirror() -> str | None:
    """The Debian mirror that the machine's own apt uses; None where it uses none (Ubuntu)."""
    try:
        targets = subprocess.run(
            [
                "apt-get",
                "indextargets",
                "--format",
                "$(ORIGIN)|$(REPO_URI)",
                "Created-By: Packages",
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        ).stdout
    except OSError:
        return None
    addresses = [line.partition("|")[2].rstrip("/") for line in targets.splitlines()]
    return next((a for a in addresses if a.endswith("/debian")), None)
