"""Reading and writing a file that a person named."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """Give a path to write to, which becomes `out` if all goes well: whole, or not at all.

    Raises
    ------
    InputError
        When it cannot be written.
    """
    # nothing can be put in the place of /dev/stdout, and a link shall stay one
    is_place = out.is_symlink() or (out.exists() and not out.is_file())
    part = out if is_place else out.with_name(f"{out.name}.part")
    try:
        yield part
        if not is_place:
            part.replace(out)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from None
    finally:
        if not is_place:
            with suppress(OSError):
                part.unlink()
