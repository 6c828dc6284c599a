"""A TPS sends to a real site and asks whether it may delete: once the archive has read it back."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]

from kasari.phantom import generate_cohort
from kasari.push import Destination, Ledger, find_files, push
from kasari.stack import Stack, start_stack, stop_stack
from kasari.stack.consents import import_consents
from kasari.stack.layout import Layout, write_private

AET = "TPS_COMMIT"
WELL_KNOWN = "1.2.840.10008.1.20.1.1"
LIMIT_S = 90.0


class Listener:
    """The TPS's own port, where it hears the answer."""

    def __init__(self) -> None:
        self.heard = threading.Event()
        self.kind = 0
        self.event = Dataset()
        ae = AE(AET)
        ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        handlers = [(evt.EVT_N_EVENT_REPORT, self._take)]
        self.server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.port = int(self.server.server_address[1])

    def _take(self, event: Any) -> tuple[int, None]:
        self.kind, self.event = event.event_type, event.event_information
        self.heard.set()
        return 0, None

    def ask(self, port: int, called: str, objects: list[tuple[str, str]]) -> int:
        ae = AE(AET)
        ae.add_requested_context(StorageCommitmentPushModel)
        link = ae.associate("127.0.0.1", port, ae_title=called)
        assert link.is_established
        wanted = Dataset()
        wanted.TransactionUID = "1.2.246.10.4.4"
        wanted.ReferencedSOPSequence = []
        for sop_class, uid in objects:
            item = Dataset()
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
            wanted.ReferencedSOPSequence.append(item)
        status, _ = link.send_n_action(wanted, 1, StorageCommitmentPushModel, WELL_KNOWN)
        link.release()
        return int(status.Status)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.server.shutdown()


@pytest.fixture
def stack(needs_orthanc: None, tmp_path: Path, listener: Listener) -> Iterator[Stack]:
    folder = tmp_path / "stack"
    senders = f'[{{"aet": "{AET}", "host": "127.0.0.1", "port": {listener.port}}}]'
    write_private(Layout(folder.resolve()).centre("KUH") / "senders.json", senders.encode())
    try:
        yield start_stack(folder, ("KUH",))
    finally:
        stop_stack(folder)


def test_committed_when_every_object_was_read_back_at_the_archive(
    stack: Stack, listener: Listener, tmp_path: Path
) -> None:
    generate_cohort(tmp_path / "cohort", 1, 5, ("KUH",), small=True, declined=0)
    site = stack.centre("KUH")
    (consents,) = (tmp_path / "cohort").glob("KUH/consent*.csv")
    assert import_consents(site, consents.read_bytes())["committed"]
    files = list(find_files(tmp_path / "cohort/KUH/dicom").files)
    to = Destination("127.0.0.1", site.dicom_port, site.ae_title, AET)
    assert push(files, to, Ledger(tmp_path / "ledger"), 2).sent == len(files)
    objects = [
        (str(one.SOPClassUID), str(one.SOPInstanceUID))
        for one in (dcmread(file.path, stop_before_pixels=True) for file in files)
    ]
    assert listener.ask(site.dicom_port, site.ae_title, objects) == 0
    assert listener.heard.wait(LIMIT_S)
    assert listener.kind == 1
    told = {str(item.ReferencedSOPInstanceUID) for item in listener.event.ReferencedSOPSequence}
    assert told == {uid for _, uid in objects}
