"""Where a stack keeps what: one data folder, readable by its owner only."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kasari.errors import StackError

SECRET_BYTES: Final = 32


@dataclass(frozen=True)
class Layout:
    """Every path below the data folder."""

    folder: Path

    @property
    def description(self) -> Path:
        """What runs, where, and which files hold the tokens; no secret is in it."""
        return self.folder / "stack.json"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def harmonizer(self) -> Path:
        return self.folder / "harmonizer"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def centre(self, name: str) -> Path:
        return self.folder / "centres" / name

    def secret(self, *names: str) -> Path:
        """`secret("KUH", "operator.token")`: the file, whether it is there or not."""
        return self.secrets.joinpath(*names)

    def log(self, process: str) -> Path:
        return self.logs / f"{process}.log"

    def pid(self, process: str) -> Path:
        return self.folder / "pids" / f"{process}.json"

    def ensure(self) -> None:
        """Make the folder.

        Raises
        ------
        StackError
            It cannot be made or written to.
        """
        try:
            for part in (self.folder, self.secrets, self.logs, self.folder / "pids"):
                part.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(
                f"The data folder {self.folder} cannot be made ({error.strerror}): name another "
                "one with --data."
            ) from error


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def ensure_token(path: Path) -> str:
    """The secret in a file; made at random the first time and kept for ever."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(SECRET_BYTES).encode())
    return path.read_text("ascii").strip()


def ensure_root_key(path: Path) -> bytes:
    """The root key of a centre: whoever loses it loses the way back to its patients."""
    if not path.exists():
        write_private(path, secrets.token_bytes(SECRET_BYTES))
    return path.read_bytes()
