"""DCMTK's dcmqrscp as the PACS: what it says of a series that it cannot send, and what follows."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE, StoragePresentationContexts, evt

from gateway.adapters.pacs import DicomPacs
from gateway.config import Collection as CollectionSettings
from gateway.config import DicomDoor, Settings
from gateway.errors import RetryError
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital, hospital_of
from tests.integration.gateway.test_collecting import run

HOME = "127.0.0.1"
OURS = "KASARI_KUH"
PACS = "HOSPITAL_PACS"
LIMIT_S = 30.0


@dataclass
class Destination:
    """Our AE title as the PACS sees it: takes everything but what it was told to refuse."""

    port: int = 0
    refuses: str = "RTDOSE"
    came: list[str] = field(default_factory=list)

    def store(self, event: evt.Event) -> int:
        modality = str(event.dataset.Modality)
        if modality == self.refuses:
            return 0xC000
        self.came.append(modality)
        return 0x0000


@pytest.fixture
def destination() -> Iterator[Destination]:
    made = Destination()
    ae = AE(ae_title=OURS)
    ae.supported_contexts = StoragePresentationContexts
    server = ae.start_server((HOME, 0), block=False, evt_handlers=[(evt.EVT_C_STORE, made.store)])
    made.port = server.server_address[1]
    yield made
    server.shutdown()


@pytest.fixture
def peer(tmp_path: Path, destination: Destination) -> Iterator[int]:
    """Start the PACS with a course of ID-1. Returns its port."""
    if shutil.which("dcmqrscp") is None:
        pytest.skip("needs DCMTK's dcmqrscp: apt install dcmtk")
    kept, port = tmp_path / "pacs", free_port()
    kept.mkdir()
    for number, data in enumerate(make.course(patient="ID-1")):
        (kept / f"{number}.dcm").write_bytes(data)
    subprocess.run(["dcmqridx", str(kept), *map(str, sorted(kept.glob("*.dcm")))], check=True)
    settings = tmp_path / "dcmqrscp.cfg"
    settings.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nsite = ({OURS}, {HOME}, {destination.port})\nHostTable END\n"
        f"VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\n{PACS} {kept} R (200, 1024mb) ANY\nAETable END\n",
        "ascii",
    )
    log = (tmp_path / "dcmqrscp.log").open("wb")
    process = subprocess.Popen(["dcmqrscp", "-c", str(settings)], stdout=log, stderr=log)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(LIMIT_S)
        log.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind((HOME, 0))
        port: int = found.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex((HOME, port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the PACS did not start")


def asking(port: int, destination: str = OURS) -> DicomPacs:
    return DicomPacs(HOME, port, PACS, ae_title=OURS, destination=destination)


def test_a_series_that_is_refused_at_the_door_stops_no_other(
    settings: Settings, peer: int, destination: Destination
) -> None:
    told = {"aet": PACS, "host": HOME, "port": peer}
    door = {"ae_title": OURS, "listen": {"host": HOME, "port": 0}, "orthanc_port": 1}
    chosen: dict[str, Any] = {
        "dicom": DicomDoor.model_validate({**door, "senders": [told]}),
        "collection": CollectionSettings.model_validate({"pacs": told}),
    }
    for ward in hospital_of(settings.model_copy(update=chosen), pacs=asking(peer)):
        ward.service.canary.step()
        assert ward.service.door is not None
        ward.service.door.step()
        first = run(ward)
        ward.service.door.stop()
        assert destination.came == ["RTPLAN", "RTSTRUCT"]
        assert (first["series"], first["instances"], first["failed"]) == (3, 2, 1)
        assert first["ended"] == "nothing more is due"
        assert (
            "C-MOVE of RTDOSE, refused: Out of resources" in alerts(ward)["collection-incomplete"]
        )
        assert "(0xA702)" in alerts(ward)["collection-incomplete"]


def alerts(ward: Hospital) -> dict[str, str]:
    return {alert["code"]: alert["text"] for alert in ward.service.alerts.open()}


def test_a_destination_that_the_pacs_does_not_know_is_everybody_s_trouble(peer: int) -> None:
    pacs = asking(peer, "NOBODY")
    offered = pacs.find("ID-1", {"RTDOSE"})
    assert [len(one.instance_uids) for one in offered] == [1]
    with pytest.raises(RetryError, match="does not know where to send"):
        pacs.move(offered[0])
