"""Opening the harmonizer's database and bringing it to this version's schema."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError

from harmonizer.errors import ConfigError, RefusedError

__all__ = ["Engine", "chunks", "insert_many", "one_writer", "open_engine", "reading", "upgrade"]

BUSY_TIMEOUT_MS = 30_000
CHUNK: Final = 500
"""Values in one `IN (...)`: a statement has room for so many in every database."""

T = TypeVar("T")


def open_engine(url: str) -> Engine:
    """Return an engine for a SQLAlchemy URL, SQLite or PostgreSQL.

    SQLite connections wait for a lock, enforce foreign keys, and take the write lock when a
    transaction begins: a read that turned into a write could not wait for it.
    """
    if make_url(url).get_backend_name() != "sqlite":
        server = create_engine(url, pool_pre_ping=True, hide_parameters=True)
        event.listen(server, "handle_error", _tell_what_cannot_be_kept)
        return server
    keep_private(url)
    open_here = {"check_same_thread": False}
    engine = create_engine(url, connect_args=open_here, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def keep_private(url: str) -> None:
    """Let nobody else read an SQLite file, whatever program makes it: patients are named in it.

    Raises
    ------
    ConfigError
        When others may read it, and it is somebody else's.
    """
    path = make_url(url).database
    if not path or path == ":memory:":
        return
    with suppress(OSError):  # a folder that is not there is told when it is opened
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    for file in (path, f"{path}-wal", f"{path}-shm"):
        try:
            if Path(file).stat().st_mode & 0o077:
                Path(file).chmod(0o600)
        except FileNotFoundError:
            continue
        except OSError:
            text = f"database: others may read {file}; run chmod 600 {file}"
            raise ConfigError(text) from None


def _tell_what_cannot_be_kept(context: Any) -> None:
    """A value that PostgreSQL has no place for was given by somebody: their request is wrong."""
    if isinstance(context.sqlalchemy_exception, DataError):
        text = "a text holds a NUL character, or a number is too large"
        raise RefusedError("cannot-be-kept", text) from None


def reading(engine: Engine) -> Engine:
    """Return the same engine for transactions that only read: they wait for nobody."""
    return engine.execution_options(reads_only=True)


def one_writer(connection: Connection, table: str) -> None:
    """Let nobody else write a table until this transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {table} IN EXCLUSIVE MODE")


def chunks(values: Sequence[T], most: int = CHUNK) -> Iterator[Sequence[T]]:
    """Yield all values, as many at once as one statement may name, or `most`."""
    for start in range(0, len(values), most):
        yield values[start : start + most]


def insert_many(connection: Connection, table: Table, values: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows with the same columns, every one given.

    The driver gets them at once, PostgreSQL by COPY: the library's way costs twice the time.
    """
    if not values:
        return
    names = list(values[0])
    types = [table.c[name].type.dialect_impl(connection.dialect) for name in names]
    convert = [kind.bind_processor(connection.dialect) for kind in types]
    columns = ", ".join(f'"{name}"' for name in names)
    pairs = list(zip(names, convert, strict=True))
    rows = (tuple(row[n] if to is None else to(row[n]) for n, to in pairs) for row in values)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        into = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608
        connection.exec_driver_sql(into, list(rows))
        return
    driver: Any = connection.connection.cursor()
    with driver, driver.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def upgrade(engine: Engine) -> None:
    """Apply every revision that the database has not seen.

    Raises
    ------
    ConfigError
        When it cannot be opened, or is damaged.
    """
    config = Config()
    config.set_main_option("script_location", "harmonizer:migrations")
    config.set_main_option("path_separator", "os")
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise ConfigError(
            f"database: cannot be opened ({type(error.orig).__name__}); if it is damaged, "
            "restore a backup"
        ) from None


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's BEGIN below, not the driver's
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",  # a receipt outlives a power cut
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Any) -> None:
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
