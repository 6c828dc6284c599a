"""One stack for every fault, with proxies before the archive and before the site."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from kasari.push import sending as pushing
from kasari.stack import running, start_stack, stop_stack
from kasari.stack.health import wait_until_healthy
from kasari.stack.layout import write_private
from kasari.stack.settings import Writer
from tests.factories.certificates import Authority
from tests.system.faults.proxy import ByteProxy, HttpProxy
from tests.system.faults.ward import SIGNS, Crowd, Ward

TEST_LIMIT_S = 1800
"""For a whole test, of which most take less than a minute: where nothing moves, `until` ends it."""
START_LIMIT_S = 600
"""A process that ended is told at once; one that still starts may have hardly any processor."""
SOON = {"settle_seconds": 0.5, "poll_seconds": 0.2}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.timeout(TEST_LIMIT_S))


@contextmanager
def open_ward(folder: Path, databases: dict[str, str] | None = None) -> Iterator[Ward]:
    """A hospital and the archive, with TLS and client certificates between them.

    `databases`: URLs for `gateway` and `harmonizer`, else each has its own SQLite.
    """
    authority = Authority(folder, "authority")
    link = HttpProxy(("127.0.0.1", 0), authority.serving(authority.issue("archive")))
    ward = Ward(
        archive_link=link,
        authority=authority,
        crowd=Crowd.generate(folder / "crowd"),
        folder=folder,
    )
    ward.settings["gateway"] = SOON | {
        "archive": {
            "url": f"https://127.0.0.1:{link.port}",
            "ca_file": str(authority.file),
            "client_certificate": str(authority.issue("centre")),
        },
        "disk": {"full_percent": 100, "reserve_gb": 0},
    }
    # however many the tests before have stored: one round of scrubbing reads all of it
    ward.settings["harmonizer"] = {"scrub_per_minute": 100_000}
    for name, url in (databases or {}).items():
        ward.settings.setdefault(name, {})["database_url"] = url
    patch = pytest.MonkeyPatch()
    patch.setattr(running, "wait_until_healthy", partial(wait_until_healthy, limit_s=START_LIMIT_S))
    for name in ("gateway", "harmonizer"):
        patch.setattr(Writer, name, changed(name, getattr(Writer, name), ward))
    try:
        with volumes(folder / "stack") as ward.volumes:
            ward.stack = start_stack(folder / "stack", ("KUH",))
            ward.sender_link = ByteProxy(("127.0.0.1", ward.site.dicom_port))
            SIGNS.append(ward.signs)
            yield ward
            ward.sender_link.close()
            stop_stack(folder / "stack")
    finally:
        with suppress(ValueError):
            SIGNS.remove(ward.signs)
        stop_stack(folder / "stack")
        patch.undo()
        link.close()


def changed(name: str, write: Any, ward: Ward) -> Any:
    """Write settings with the ward's own put over them: for the ward's stack only."""

    def written(self: Writer, what: Any) -> Path:
        path: Path = write(self, what)
        if not self.layout.folder.is_relative_to(ward.folder.resolve()):
            return path
        values = yaml.safe_load(path.read_text("utf-8"))
        if name == "gateway":
            ward.archive_link.target = ("127.0.0.1", urlsplit(values["archive"]["url"]).port or 0)
        for key, value in ward.settings.get(name, {}).items():
            values[key] = values.get(key, {}) | value if isinstance(value, dict) else value
        write_private(path, yaml.safe_dump(values, sort_keys=False).encode())
        return path

    return written


@contextmanager
def volumes(folder: Path) -> Iterator[dict[str, Path]]:
    """Give each part that may run out of space a volume of its own; without root there are none."""
    places = {
        "site": folder / "centres/KUH/orthanc",
        "gateway": folder / "centres/KUH/gateway",
        "archive": folder / "archive",
        "harmonizer": folder / "harmonizer/data",
        "logs": folder / "logs",
    }
    mounted: dict[str, Path] = {}
    try:
        for name, place in places.items():
            place.mkdir(mode=0o700, parents=True)
            command = ["mount", "-t", "tmpfs", "-o", "size=4g,mode=700", "kasari-faults", place]
            done = os.geteuid() == 0 and subprocess.run(command, capture_output=True)
            if done and done.returncode == 0:
                mounted[name] = place
        yield mounted
    finally:
        for place in mounted.values():
            subprocess.run(["umount", "-l", place], check=False)


class Wards:
    """The ward that all share, and another one after a test that left it broken."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._open = ExitStack()
        self._ward: Ward | None = None

    def current(self) -> Ward:
        if self._ward is None:
            folder = self._factory.mktemp("faults")
            self._ward = self._open.enter_context(open_ward(folder))
        return self._ward

    def close(self) -> None:
        self._ward = None
        self._open.close()

    def close_if_broken(self) -> None:
        """What one fault did must not be laid to the next one's charge."""
        try:
            whole = not self._ward or (self._ward.settled() and self._ward.at_the_archive())
        except httpx.HTTPError:
            whole = False
        if not whole:
            self.close()


@pytest.fixture(scope="session")
def wards(needs_orthanc: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wards]:
    opened = Wards(tmp_path_factory)
    yield opened
    opened.close()


@pytest.fixture
def ward(wards: Wards) -> Iterator[Ward]:
    yield wards.current()
    wards.close_if_broken()


@pytest.fixture
def checked(ward: Ward) -> Iterator[Ward]:
    """The ward, whose invariants are checked when the test is through."""
    yield ward
    ward.check()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that gives up soon."""
    monkeypatch.setattr(pushing, "ATTEMPTS", 100)
    monkeypatch.setattr(pushing, "LATER_ATTEMPTS", 2)
    monkeypatch.setattr(pushing, "PAUSE_S", 0.1)
