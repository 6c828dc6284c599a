"""The spool: pseudonymized copies on disk for the seconds between second stage and receipt."""

import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from gateway.ports import Spooled

CHUNK = 1 << 18


class FolderSpool:
    """The `Spool` port: one folder per submission, one file per instance."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def empty(self) -> None:
        """Remove what an earlier run left: a submission is always prepared anew."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, submission: int, uid: str, data: bytes) -> Spooled:
        path = self._path(submission, uid)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(data)
        return Spooled(uid, sha256(data).hexdigest(), len(data))

    def chunks(self, submission: int, uid: str) -> Iterator[bytes]:
        with self._path(submission, uid).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def clear(self, submission: int) -> None:
        shutil.rmtree(self._folder / str(submission), ignore_errors=True)

    def _path(self, submission: int, uid: str) -> Path:
        return self._folder / str(submission) / f"{sha256(uid.encode()).hexdigest()[:32]}.dcm"
