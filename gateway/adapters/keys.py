"""Since when each secret is what it is, by the date of its file."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path


def key_dates(files: Mapping[str, Path]) -> dict[str, datetime | None]:
    """Return when each file was written; None of one that is not there any more."""
    found: dict[str, datetime | None] = {}
    for name, path in files.items():
        try:
            found[name] = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except OSError:
            found[name] = None
    return found
