"""The lock of a data folder: harmonizers may share one database, a restore is alone with it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harmonizer.errors import ConfigError

FILE: Final = "service.lock"


@contextmanager
def user_of(data_folder: Path, *, alone: bool = False) -> Iterator[None]:
    """Keep a restore out of a data folder meanwhile; with `alone`, every harmonizer as well.

    The kernel lets go of the lock with the process, however that ends, and also where two
    containers share one volume. The file itself says nothing and stays.

    Raises
    ------
    ConfigError
        Somebody else works in the folder, or the lock cannot be opened.
    """
    try:
        data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data_folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        text = f"data_folder: {data_folder / FILE} cannot be opened ({type(error).__name__})"
        raise ConfigError(text) from None
    try:
        _lock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> None:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(
            "data_folder: a harmonizer is running in this folder, or is being restored; stop it "
            "first, then try again"
        ) from None
    except OSError as error:
        text = f"data_folder: this file system keeps no locks ({type(error).__name__})"
        raise ConfigError(f"{text}; put the folder on a local disk or a volume that does") from None
