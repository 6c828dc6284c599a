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


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a server; yields its URL for SQLAlchemy."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="kasari-pg-"))
    how: dict[str, Any] = {"check": True, "capture_output": True, "cwd": folder}
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        shutil.chown(folder, "postgres", "postgres")
        how |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    control = [str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    settings = f"-k {folder} -c listen_addresses='' -c fsync=off"
    try:
        make = [programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", "kasari"]
        subprocess.run([*map(str, make), "--no-sync", "-E", "UTF8", "--locale=C"], **how)
        log = str(folder / "log")
        subprocess.run([*control, "-l", log, "-o", settings, "start"], **how)
        try:
            yield f"postgresql+psycopg://kasari@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **how)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(url: str, name: str) -> str:
    """Make an empty database on a running server; returns its URL."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)
