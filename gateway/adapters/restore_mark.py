"""The mark beside a restored database: its consents are of the day when it was saved."""

import os
from pathlib import Path
from typing import Final

from gateway.errors import RetryError

FILE: Final = "restored"


class RestoreMark:
    """A file in the data folder, so that no crash parts it from the database beside it.

    It holds when the backup was made. One that somebody made by hand may be empty.
    """

    def __init__(self, data_folder: Path) -> None:
        self._path = data_folder / FILE

    def leave(self, made_at: str) -> None:
        """Write it to the disk itself: the database is exchanged right afterwards."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(made_at)
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def made_at(self) -> str | None:
        """Return when the backup was made, empty if nobody knows, None if there is no mark."""
        try:
            return self._path.read_text("utf-8", "replace").strip()
        except FileNotFoundError:
            return None
        except OSError:  # it is there, and that is what counts
            return ""

    def remove(self) -> None:
        """Raise `RetryError` if it stays: the next start would find it."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            text = f"the mark of the restore cannot be removed ({type(error).__name__})"
            raise RetryError(f"{text}; mend the data folder, then resume sending again") from None
