"""One stack for every fault, with proxies before the archive and before the site."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from kasari.phantom import generate_cohort
from kasari.stack import start_stack, stop_stack
from kasari.stack.layout import write_private
from kasari.stack.settings import Writer
from tests.system.faults.proxy import ByteProxy, HttpProxy
from tests.system.faults.ward import Ward

SEED = 8


@pytest.fixture(scope="session")
def ward(needs_orthanc: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("faults")
    generate_cohort(folder / "cohort", 1, SEED, ("KUH",), small=True, declined=0)
    template = sorted(folder.glob("cohort/KUH/dicom/*/*"))
    archive_link = HttpProxy(("127.0.0.1", 0))
    patch = pytest.MonkeyPatch()
    patch.setattr(Writer, "gateway", through(Writer.gateway, archive_link, folder))
    try:
        stack = start_stack(folder / "stack", ("KUH",))
        sender_link = ByteProxy(("127.0.0.1", stack.centre("KUH").dicom_port))
        yield Ward(stack, archive_link, sender_link, template, folder)
        sender_link.close()
    finally:
        stop_stack(folder / "stack")
        patch.undo()
        archive_link.close()


def through(write: Any, link: HttpProxy, folder: Path) -> Any:
    """Write a gateway's settings so that it reaches the archive through our proxy.

    Other stacks of the same session, in other folders, keep their straight way.
    """

    def gateway(self: Writer, centre: str) -> Path:
        path: Path = write(self, centre)
        if not self.layout.folder.is_relative_to(folder.resolve()):
            return path
        values = yaml.safe_load(path.read_text("utf-8"))
        link.target = ("127.0.0.1", urlsplit(values["archive"]["url"]).port or 0)
        values["archive"]["url"] = f"http://127.0.0.1:{link.port}"
        write_private(path, yaml.safe_dump(values, sort_keys=False).encode())
        return path

    return gateway


@pytest.fixture
def checked(ward: Ward) -> Iterator[Ward]:
    """The ward, whose invariants are checked when the test is through."""
    yield ward
    ward.check()
