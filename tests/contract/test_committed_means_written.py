"""What a service has committed is on the disk, also when the power fails right afterwards."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from gateway.adapters.database import open_engine as open_gateway
from harmonizer.adapters.database import open_engine as open_archive

FULL = 2
"""`synchronous` of SQLite: NORMAL (1) keeps what was committed back until the next checkpoint."""


@pytest.mark.parametrize("open_engine", [open_gateway, open_archive])
def test_a_commit_waits_for_the_disk(open_engine: Callable[[str], Engine], tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'some.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == FULL
    engine.dispose()
