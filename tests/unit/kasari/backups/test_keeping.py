"""A backup comes back whole, piece by piece, or not at all."""

import sqlite3
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kasari.backups import keeping
from kasari.backups.keeping import DATABASE, copy_file, put_back, read_file, write_backup
from kasari.errors import InputError

MB = 1 << 20
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def backup_of(folder: Path, size: int = MB, beside: dict[str, Path] | None = None) -> Path:
    database, out = folder / "live.db", folder / "saved.tar"
    with closing(sqlite3.connect(database)) as live:
        live.execute("CREATE TABLE objects (content BLOB)")
        live.execute("INSERT INTO objects VALUES (randomblob(?))", (size,))
        live.commit()
    write_backup(out, database, {"kind": "test"}, beside or {})
    return out


def test_a_database_that_is_larger_than_memory_can_be_put_back(tmp_path: Path) -> None:
    saved, target = backup_of(tmp_path, 32 * MB), tmp_path / "new" / "back.db"
    tracemalloc.start()
    try:
        put_back(saved, target, replace=False, now=NOW)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert target.stat().st_size > 32 * MB
    assert target.stat().st_mode & 0o077 == 0
    assert peak < 8 * MB


def test_what_is_not_what_was_saved_is_not_left(tmp_path: Path) -> None:
    saved, target = backup_of(tmp_path), tmp_path / "back.db"
    content = bytearray(saved.read_bytes())
    content[-MB // 2] ^= 1
    saved.write_bytes(content)
    with pytest.raises(InputError, match="is not what was saved"):
        copy_file(saved, DATABASE, target)
    assert not target.exists()


def test_a_file_that_the_service_writes_to_meanwhile_is_saved_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seals, digest = tmp_path / "audit.seals", keeping._digest
    seals.write_text("one\n", "ascii")

    def then_written_to(path: Path) -> str:
        found = digest(path)
        with seals.open("a", encoding="ascii") as file:
            file.write("two\n")
        return found

    monkeypatch.setattr(keeping, "_digest", then_written_to)
    saved = backup_of(tmp_path, beside={"audit.seals": seals})
    assert read_file(saved, "audit.seals") == b"one\n"
