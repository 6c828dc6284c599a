"""What a site has acknowledged, so that a push that broke off goes on where it stopped."""

import os
from pathlib import Path
from threading import Lock
from typing import Final

from kasari.errors import InputError

_SIZE: Final = 32


class Ledger:
    """Digests of acknowledged files, one after the other in a file that only grows. Thread-safe.

    A digest is written after the site's Success only: what is not here is sent again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        content = path.read_bytes() if path.exists() else b""
        whole = len(content) - len(content) % _SIZE  # a kill may have cut the last one
        self._known = {content[at : at + _SIZE] for at in range(0, whole, _SIZE)}
        if len(content) != whole:
            os.truncate(path, whole)

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._known

    def add(self, digest: bytes) -> None:
        """Remember one acknowledged file."""
        with self._lock:
            if digest in self._known:
                return
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with self._path.open("ab") as file:
                    file.write(digest)
            except OSError as error:
                raise InputError(f"{self._path} cannot be written: {error.strerror}") from error
            self._known.add(digest)
