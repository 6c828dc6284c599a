"""One file that holds a SQLite database, what it is of, and digests to prove it whole.

A tar archive: `backup.json`, `database.sqlite`, and files beside it such as `policy.json`.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from kasari.errors import InputError

ABOUT: Final = "backup.json"
DATABASE: Final = "database.sqlite"
_BESIDE: Final = ("", "-wal", "-shm")
_CHUNK_BYTES: Final = 1 << 20


def database_file(url: str) -> Path:
    """Return the file of a SQLite URL; other databases have backups of their own."""
    parts = urlsplit(url)
    if parts.scheme != "sqlite":
        raise InputError(f"the database is {parts.scheme.split('+')[0]}: use its own backup")
    return Path(parts.path[1:])


def write_backup(
    out: Path, database: Path, about: Mapping[str, Any], beside: Mapping[str, Path]
) -> int:
    """Write a backup that only its owner may read, whole or not at all. Returns its bytes."""
    if out.exists():
        raise InputError(f"{out} is there already; a backup is never overwritten")
    if not database.is_file():
        raise InputError("there is no database yet; start the service first")
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        files = {name: Path(folder) / name for name in (DATABASE, *beside)}
        _copy(database, files[DATABASE])
        for name, path in beside.items():  # the service may write to it between digest and saving
            shutil.copyfile(path, files[name])
        digests = {name: _digest(path) for name, path in files.items()}
        part = Path(folder) / "backup.tar"
        described = Path(folder) / ABOUT
        described.write_text(json.dumps({**about, "sha256": digests}, indent=1), "utf-8")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
            for name, path in {ABOUT: described, **files}.items():
                tar.add(path, name)
        part.replace(out)
    return out.stat().st_size


def read_about(file: Path) -> dict[str, Any]:
    """Return what a backup says of itself."""
    try:
        with tarfile.open(file) as tar:
            found: dict[str, Any] = json.loads(_member(tar, ABOUT).read())
            found["sha256"].items()
    except (OSError, tarfile.TarError, ValueError, KeyError, AttributeError, TypeError):
        raise InputError(f"{file} is no backup of KaSARi, or is damaged") from None
    return found


def read_file(file: Path, name: str) -> bytes:
    """Return one small file of a backup, proven by its digest."""
    return b"".join(_proven(file, name))


def copy_file(file: Path, name: str, to: Path) -> None:
    """Write one file of a backup, of any size; nothing is left of one that is not proven."""
    try:
        with to.open("wb") as copy:
            for chunk in _proven(file, name):
                copy.write(chunk)
    except (InputError, OSError):
        to.unlink(missing_ok=True)
        raise


def put_back(
    file: Path,
    database: Path,
    *,
    replace: bool,
    now: datetime,
    first: Callable[[], None] = lambda: None,
) -> Path | None:
    """Put a backup's database in place. Returns where the one that was there lies now.

    Parameters
    ----------
    first
        Done once the backup is proven, before anything is exchanged.
    """
    if database.exists() and not replace:
        raise InputError("there is a database already; with --replace it is put aside first")
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=database.parent) as folder:
        part = Path(folder) / DATABASE
        copy_file(file, DATABASE, part)
        part.chmod(0o600)
        _check(part)
        first()
        aside = None
        if database.exists():
            aside = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%S}")
            for end in _BESIDE:
                old = database.with_name(database.name + end)
                if old.exists():
                    old.replace(aside.with_name(aside.name + end))
        part.replace(database)
    return aside


def _copy(database: Path, target: Path) -> None:
    source = f"file:{database}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(source, uri=True)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    except sqlite3.Error as error:
        raise InputError(f"the database cannot be read ({type(error).__name__})") from None
    _check(target)


def _check(database: Path) -> None:
    try:
        with closing(sqlite3.connect(database)) as connection:
            told = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        told = type(error).__name__
    if told != "ok":
        raise InputError("the database is damaged; nothing was changed")


def _proven(file: Path, name: str) -> Iterator[bytes]:
    """Yield a file of a backup piece by piece; whether it is what was saved is known at its end."""
    wanted, found = read_about(file)["sha256"].get(name), hashlib.sha256()
    try:
        with tarfile.open(file) as tar:
            member = _member(tar, name)
            while chunk := member.read(_CHUNK_BYTES):
                found.update(chunk)
                yield chunk
    except (OSError, tarfile.TarError, KeyError):
        raise InputError(f"{file} is damaged: {name} cannot be read") from None
    if found.hexdigest() != wanted:
        raise InputError(f"{file} is damaged: {name} is not what was saved")


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    file = tar.extractfile(tar.getmember(name))
    if file is None:
        raise KeyError(name)
    return file


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
