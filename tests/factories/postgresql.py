"""A PostgreSQL of the tests' own: a cluster in a new folder, on a socket, gone afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text


def _programs() -> Path:
    """Where initdb and pg_ctl are: Debian does not put them on the path."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    pytest.skip("needs PostgreSQL: apt install postgresql")


class Server:
    """A server that can be stopped and started again; it keeps its data."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.url = f"postgresql+psycopg://kasari@/postgres?host={folder}"
        self._programs = programs
        self._folder = folder
        self._how: dict[str, Any] = {"check": True, "capture_output": True, "cwd": folder}
        if os.geteuid() == 0:  # PostgreSQL does not run as root
            shutil.chown(folder, "postgres", "postgres")
            self._how |= {"user": "postgres", "group": "postgres", "extra_groups": []}

    def make(self) -> None:
        how = ["-A", "trust", "-U", "kasari", "--no-sync", "-E", "UTF8", "--locale=C"]
        self._run("initdb", *how)

    def start(self) -> None:
        settings = f"-k {self._folder} -c listen_addresses='' -c fsync=off"
        self._run("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", settings, "start")

    def stop(self) -> None:
        """At once, as if it had crashed."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), "-D", str(self._folder / "data"), *words]
        subprocess.run(command, **self._how)


@contextmanager
def postgresql_server() -> Iterator[Server]:
    """Run a server in a new folder."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="kasari-pg-"))
    try:
        server = Server(programs, folder)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a server; yields its URL for SQLAlchemy."""
    with postgresql_server() as server:
        yield server.url


def new_database(url: str, name: str) -> str:
    """Make an empty database on a running server; returns its URL."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)
