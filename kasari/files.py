"""Reading a file that a person named."""

from pathlib import Path
from typing import Final

from kasari.errors import InputError

LARGEST_FILE: Final = 2_000_000_000


def read_file(path: Path) -> bytes:
    """Return a file's bytes.

    Raises
    ------
    InputError
        When it cannot be read or is larger than any object we take.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InputError(f"{path} is larger than 2 GB and is not read; export a crop")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
