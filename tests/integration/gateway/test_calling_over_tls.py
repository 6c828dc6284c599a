"""What the gateway itself calls, by TLS: the PACS, and a sender's port for storage commitment."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    StudyRootQueryRetrieveInformationModelFind,
)

from gateway.adapters.commitment_scp import CommitmentScp
from gateway.collecting import pacs_of
from gateway.config import Collection, DicomDoor, Sender
from gateway.domain.dicomnet import Verdict
from gateway.errors import ConfigError, RetryError
from gateway.tls import peer_tls
from tests.factories.certificates import Authority

HOME = "127.0.0.1"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "hospital")


@pytest.fixture
def door(authority: Authority) -> DicomDoor:
    return DicomDoor.model_validate(
        {
            "ae_title": "KASARI_KUH",
            "listen": {"port": 0},
            "orthanc_port": 1,
            "certificate": authority.issue("gateway"),
            "senders_ca_file": authority.file,
        }
    )


@contextmanager
def listening(context: ssl.SSLContext | None, heard: list[Any]) -> Iterator[int]:
    """Be a PACS and a sender at once, by TLS or without."""
    ae = AE("PEER")
    ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)

    def found(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        heard.append(str(event.identifier.PatientID))
        yield 0x0000, None

    def told(event: Any) -> tuple[int, None]:
        heard.append(str(event.event_information.TransactionUID))
        return 0x0000, None

    handlers = [(evt.EVT_C_FIND, found), (evt.EVT_N_EVENT_REPORT, told)]
    server = ae.start_server((HOME, 0), block=False, evt_handlers=handlers, ssl_context=context)
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()


def peer(port: int, **more: Any) -> Sender:
    return Sender.model_validate({"aet": "PEER", "host": HOME, "port": port} | more)


def find(door: DicomDoor, called: Sender) -> None:
    pacs_of(Collection(pacs=called), door).find("ID-1", {"CT"})


def answer(door: DicomDoor, called: Sender) -> None:
    scp = CommitmentScp("KASARI_KUH", lambda *_: None, {"PEER": peer_tls(called, door)})
    scp.answer(HOME, called.port or 0, "PEER", "1.2.3", Verdict((), ()))


@pytest.mark.parametrize(("call", "said"), [(find, "ID-1"), (answer, "1.2.3")])
def test_where_the_door_is_tls_its_calls_are_too(
    authority: Authority, door: DicomDoor, call: Any, said: str
) -> None:
    heard: list[Any] = []
    with listening(authority.serving(authority.issue("peer")), heard) as port:
        call(door, peer(port))
        assert heard == [said]
        with pytest.raises(RetryError):
            call(door, peer(port, tls=False))
    with listening(None, heard) as port:
        with pytest.raises(RetryError):
            call(door, peer(port))  # nothing is said in the plain instead
        assert heard == [said]
        call(door, peer(port, tls=False))
    assert heard == [said, said]


def test_whoever_bears_another_name_or_authority_hears_nothing(
    authority: Authority, door: DicomDoor, tmp_path: Path
) -> None:
    heard: list[Any] = []
    strange = Authority(tmp_path, "strange")
    with listening(authority.serving(authority.issue("peer", address="10.0.0.9")), heard) as port:
        with pytest.raises(RetryError):
            find(door, peer(port))
        with pytest.raises(RetryError):
            find(door, peer(port, certificate_name="10.0.0.9", ca_file=str(strange.file)))
        assert heard == []
        find(door, peer(port, certificate_name="10.0.0.9"))
    assert heard == ["ID-1"]


def test_tls_without_knowing_whom_to_trust_stops_the_start(door: DicomDoor) -> None:
    plain = door.model_copy(update={"certificate": None, "senders_ca_file": None})
    assert peer_tls(peer(104), plain) is None
    with pytest.raises(ConfigError, match="ca_file of PEER"):
        peer_tls(peer(104, tls=True), plain)
