"""A real stack for the whole session: site Orthanc, gateway, archive Orthanc, harmonizer."""

from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from pydicom.filereader import read_file_meta_info

from kasari.push import Destination, DicomFile, Ledger, Outcome, push
from kasari.setup import OWN_FOLDER, find_orthanc
from kasari.stack import Centre, Stack, start_stack, stop_stack
from kasari.stack.settings import PUSH_AET

Send = Callable[..., Outcome]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="session")
def needs_orthanc() -> None:
    if find_orthanc(OWN_FOLDER / "orthanc") is None:
        pytest.skip("needs Orthanc: run `./run setup` once")


@pytest.fixture(scope="session")
def stack(needs_orthanc: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    try:
        yield start_stack(folder, ("KUH",))
    finally:
        stop_stack(folder)


@pytest.fixture(scope="session")
def site(stack: Stack) -> Centre:
    return stack.centre("KUH")


def of_its_header(path: Path) -> tuple[str, str]:
    """SOP class and transfer syntax, of a damaged file too."""
    meta = read_file_meta_info(path)
    return str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)


@pytest.fixture
def send_to(tmp_path: Path) -> Send:
    """C-STORE byte strings, each as a file, to a site; the statuses come back counted."""

    def send(site: Centre, *contents: bytes, **changes: str) -> Outcome:
        files = []
        for number, content in enumerate(contents):
            path = tmp_path / f"{number}.dcm"
            path.write_bytes(content)
            digest = sha256(content).digest()
            files.append(DicomFile(path, *of_its_header(path), len(content), digest))
        names = {"called_aet": site.ae_title, "calling_aet": PUSH_AET} | changes
        to = Destination("127.0.0.1", site.dicom_port, **names)
        return push(files, to, Ledger(tmp_path / "ledger"), 1)

    return send


@pytest.fixture
def send(site: Centre, send_to: Send) -> Send:
    """As `send_to`, to the session's site."""
    return partial(send_to, site)
