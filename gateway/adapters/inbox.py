"""A folder that the hospital's systems write exports into.

One subfolder per kind of file (`ctcae`, `prom`, `kaiku`, `screening` ...). A file is taken when it
has not changed between two looks, so that one that is still being copied is left alone. Afterwards
it lies in `done` or `refused` beside it, with a report that quotes no cell, until its days are
over. The report of a refused file stays until somebody takes it away.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gateway.domain.clinical import Arrival

DONE, REFUSED = "done", "refused"
HIDDEN: Final = (".", "~")
REPORT: Final = ".report.json"
UNFINISHED: Final = (".part", ".tmp", ".crdownload", REPORT)


class FolderInbox:
    """The `Inbox` port."""

    def __init__(self, folder: Path, words: Collection[str]) -> None:
        self._folder = folder
        self._words = sorted(words)
        self._seen: dict[Path, tuple[int, int]] = {}
        for word in self._words:
            (folder / word).mkdir(mode=0o700, parents=True, exist_ok=True)

    def arrivals(self) -> list[Arrival]:
        """Return the files that have come to rest since the last look, the oldest first."""
        now: dict[Path, tuple[int, int]] = {}
        for path in self._files():
            status = path.stat()
            now[path] = (status.st_mtime_ns, status.st_size)
        rested = [path for path, state in now.items() if self._seen.get(path) == state]
        self._seen = now
        rested.sort(key=lambda path: (now[path], path.name))
        return [Arrival(path.parent.name, path.name, now[path][1]) for path in rested]

    def read(self, arrival: Arrival) -> bytes:
        return self._path(arrival).read_bytes()

    def put_away(self, arrival: Arrival, taken: bool, report: Mapping[str, Any]) -> None:
        path = self._path(arrival)
        folder = path.parent / (DONE if taken else REFUSED)
        folder.mkdir(mode=0o700, exist_ok=True)
        target = folder / path.name
        text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
        _report_of(target).write_text(text, "utf-8")
        path.replace(target)  # last: a file that is still here is tried again
        self._seen.pop(path, None)
        mended = path.parent / REFUSED / path.name
        if taken and not mended.exists():
            _report_of(mended).unlink(missing_ok=True)

    def expired(self, before: datetime) -> int:
        """Count the files that were put away before then, or right now."""
        return sum(1 for _ in self._put_away(before))

    def delete_expired(self, before: datetime) -> None:
        for path in list(self._put_away(before)):
            path.unlink()
            if path.parent.name == DONE:
                _report_of(path).unlink(missing_ok=True)

    def refused(self) -> int:
        """Count the reports of refused files that nobody has taken away."""
        folders = (self._folder / word / REFUSED for word in self._words)
        return sum(1 for folder in folders for _ in folder.glob(f"*{REPORT}"))

    def _put_away(self, before: datetime) -> Iterator[Path]:
        """Yield files by their reports' age: a file keeps the time at which it was written."""
        for word in self._words:
            for state in (DONE, REFUSED):
                for path in _plain(self._folder / word / state):
                    report = _report_of(path)
                    put_away = (report if report.exists() else path).stat().st_mtime
                    if put_away <= before.timestamp():
                        yield path

    def _path(self, arrival: Arrival) -> Path:
        return self._folder / arrival.word / arrival.name

    def _files(self) -> Iterator[Path]:
        for word in self._words:
            yield from _plain(self._folder / word)


def _report_of(path: Path) -> Path:
    return path.with_name(path.name + REPORT)


def _plain(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        name = path.name
        if path.is_symlink():
            continue
        if path.is_file() and not name.startswith(HIDDEN) and not name.endswith(UNFINISHED):
            yield path
