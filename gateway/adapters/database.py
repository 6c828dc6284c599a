"""Opening the gateway's database: SQLite by default, PostgreSQL by its URL."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, or_
from sqlalchemy.exc import DataError
from sqlmodel import col

from gateway.errors import ConfigError, RejectError

__all__ = [
    "Engine",
    "chunks",
    "insert_many",
    "not_between",
    "one_writer",
    "open_engine",
    "reading",
]

BUSY_TIMEOUT_MS = 30_000
AT_ONCE = 500
T = TypeVar("T", str, int)


def open_engine(url: str) -> Engine:
    """Return an engine whose SQLite connections wait for a lock and enforce foreign keys.

    No error of it quotes a value: an identifier may be among them.

    Parameters
    ----------
    url : str
        A SQLAlchemy URL, e.g. `sqlite:////srv/kasari/gateway.db`.
    """
    if make_url(url).get_backend_name() != "sqlite":
        server = create_engine(url, pool_pre_ping=True, hide_parameters=True)
        event.listen(server, "handle_error", _tell_what_cannot_be_kept)
        return server
    keep_private(url)
    open_here = {"check_same_thread": False}
    engine = create_engine(url, connect_args=open_here, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
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


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_immediate
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # what a person was told outlives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    """Take the write lock first: a read that turns into a write could not wait for it."""
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield values in order, few enough at once to be the parameters of one statement."""
    ordered = sorted(values)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]


def one_writer(connection: Connection, table: str) -> None:
    """Let nobody else write a table until this transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {table} IN EXCLUSIVE MODE")


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


def _tell_what_cannot_be_kept(context: Any) -> None:
    """A value that PostgreSQL has no place for was given by somebody: their request is wrong."""
    if isinstance(context.sqlalchemy_exception, DataError):
        text = "a text holds a NUL character, or a number is too large"
        raise RejectError("cannot-be-kept", text) from None


def reading(engine: Engine) -> Engine:
    """Return the same engine for transactions that only read: they wait for nobody."""
    return engine.execution_options(read_only=True)


def not_between(column: Any, now: datetime, latest: datetime) -> Any:
    """Whether a time is over. One beyond the latest was written before the clock was set back."""
    return or_(col(column) <= now, col(column) > latest)
