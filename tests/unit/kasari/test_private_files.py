"""What names patients is for its user only, whichever program makes the file."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import gateway.adapters.database
import harmonizer.adapters.database
from kasari import __main__ as command


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize("side", [gateway.adapters.database, harmonizer.adapters.database])
@pytest.mark.parametrize("is_old", [False, True])
def test_an_sqlite_file_is_private_whoever_opens_it(
    tmp_path: Path, side: object, is_old: bool
) -> None:
    path = tmp_path / "side.db"
    if is_old:
        path.touch(0o644)
        path.with_name("side.db-wal").touch(0o644)
    engine = side.open_engine(f"sqlite:///{path}")  # type: ignore[attr-defined]
    with engine.begin() as db:
        db.execute(text("CREATE TABLE people (name TEXT)"))
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    engine.dispose()
    assert len(modes) > 1
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(("word", "mode"), [("gateway", 0o600), ("extract", 0o644)])
def test_commands_of_a_server_write_for_their_user_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, mode: int
) -> None:
    """What people ask for to share keeps the mode that they have chosen."""
    path = tmp_path / "written"
    monkeypatch.setattr(sys, "argv", ["kasari", word])
    monkeypatch.setattr(command, "register", lambda _word: None)
    monkeypatch.setattr(command, "app", lambda **_how: path.touch())
    command.main()
    assert path.stat().st_mode & 0o777 == mode
