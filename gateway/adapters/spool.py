"""The spool: pseudonymized copies on disk for the time between second stage and receipt."""

import shutil
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from gateway.ports import Spooled

CHUNK = 1 << 18


class FolderSpool:
    """The `Spool` port: one file per instance, named by a hash of its UID."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def empty(self) -> None:
        """Remove what an earlier run left: a submission is always prepared anew."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, uid: str, data: bytes) -> Spooled:
        try:
            self._path(uid).write_bytes(data)
        except OSError:  # the disk is full, and nobody would ever ask for half a file
            self.remove([uid])
            raise
        return Spooled(uid, sha256(data).hexdigest(), len(data))

    def chunks(self, uid: str) -> Iterator[bytes]:
        with self._path(uid).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def remove(self, uids: Iterable[str]) -> None:
        for uid in uids:
            self._path(uid).unlink(missing_ok=True)

    def _path(self, uid: str) -> Path:
        return self._folder / f"{sha256(uid.encode()).hexdigest()[:32]}.dcm"
