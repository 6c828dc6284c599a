"""The DICOM port in real sockets: who is let through, what closes it, and storage commitment.

Instead of the site Orthanc, pynetdicom listens behind the gate.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from pydicom import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    CTImageStorage,
    StorageCommitmentPushModel,
    Verification,
)

from gateway.adapters.dicom_gate import Listening
from gateway.config import DicomDoor, Settings
from gateway.door import Door
from gateway.errors import RejectError
from gateway.tls import door_context
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital, hospital_of
from tests.integration.gateway.test_gateway_http import call, operator, session

HOME = "127.0.0.1"
LIMIT_S = 15.0
TRANSACTION = "1.2.246.10.1.77"


def until(ask: Callable[[], Any]) -> Any:
    end = time.monotonic() + LIMIT_S
    while not (answer := ask()) and time.monotonic() < end:
        time.sleep(0.02)
    return answer


class Sender:
    """A TPS: sends to the gate, and hears the answers to storage commitment."""

    def __init__(self, port: int = 0) -> None:
        self.events: list[tuple[int, Dataset]] = []
        ae = AE("TPS")
        ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        handlers = [(evt.EVT_N_EVENT_REPORT, self._heard)]
        self.server = ae.start_server((HOME, port), block=False, evt_handlers=handlers)
        self.port = int(self.server.server_address[1])

    def stop(self) -> None:
        with suppress(ValueError):  # stopped before
            self.server.shutdown()

    def _heard(self, event: Any) -> tuple[int, None]:
        self.events.append((event.event_type, event.event_information))
        return 0, None

    def call(self, port: int, calling: str = "TPS", called: str = "KASARI_KUH") -> Any:
        ae = AE(calling)
        ae.acse_timeout = ae.dimse_timeout = LIMIT_S
        ae.add_requested_context(Verification)
        ae.add_requested_context(CTImageStorage)
        return ae.associate(HOME, port, ae_title=called)

    def echo(self, port: int, **names: str) -> bool:
        link = self.call(port, **names)
        if not link.is_established:
            return False
        ok = link.send_c_echo().get("Status") == 0
        link.release()
        return ok

    def ask(self, port: int, *uids: str, transaction: str = TRANSACTION) -> int:
        link, status = self.ask_and_wait(port, *uids, transaction=transaction)
        link.release()
        return status

    def ask_and_wait(
        self, port: int, *uids: str, transaction: str = TRANSACTION
    ) -> tuple[Any, int]:
        """Ask, and leave the association open for the answer."""
        ae = AE("TPS")
        ae.add_requested_context(StorageCommitmentPushModel)
        handlers = [(evt.EVT_N_EVENT_REPORT, self._heard)]
        link = ae.associate(HOME, port, ae_title="KASARI_KUH", evt_handlers=handlers)
        assert link.is_established
        wanted = Dataset()
        wanted.TransactionUID = transaction
        wanted.ReferencedSOPSequence = []
        for uid in uids:
            item = Dataset()
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CTImageStorage, uid
            wanted.ReferencedSOPSequence.append(item)
        status, _ = link.send_n_action(
            wanted, 1, StorageCommitmentPushModel, "1.2.840.10008.1.20.1.1"
        )
        return link, int(status.Status)


@pytest.fixture
def sender() -> Iterator[Sender]:
    sender = Sender()
    yield sender
    sender.stop()


@pytest.fixture
def inner() -> Iterator[int]:
    """What stands behind the gate, in place of the site Orthanc."""
    ae = AE("KASARI_KUH")
    ae.add_supported_context(Verification)
    ae.add_supported_context(CTImageStorage)
    server = ae.start_server((HOME, 0), block=False)
    yield int(server.server_address[1])
    server.shutdown()


@pytest.fixture
def ward(settings: Settings, sender: Sender, inner: int) -> Iterator[Hospital]:
    door = {
        "ae_title": "KASARI_KUH",
        "listen": {"host": HOME, "port": 0},
        "orthanc_port": inner,
        "senders": [
            {"aet": "TPS", "host": "localhost", "port": sender.port},
            {"aet": "FAR", "host": "192.0.2.7"},
            {"aet": "MUTE", "host": HOME},
        ],
        "commitment_hours": 1,
    }
    for hospital in hospital_of(
        settings.model_copy(update={"dicom": DicomDoor.model_validate(door)})
    ):
        of(hospital).start()
        yield hospital
        of(hospital).stop()


def of(hospital: Hospital) -> Door:
    door = hospital.service.door
    assert door is not None
    return door


def opened(hospital: Hospital) -> int:
    hospital.service.canary.step()
    of(hospital).step()
    assert of(hospital).gate.is_open
    return of(hospital).gate.port


def test_the_port_is_closed_until_the_canary_was_refused(ward: Hospital, sender: Sender) -> None:
    door = of(ward)
    door.step()
    assert not door.gate.is_open
    assert ward.service.status.health()["dicom_port"] == "closed"
    port = opened(ward)
    assert sender.echo(port)
    assert ward.service.status.health() == {
        "status": "ok",
        "canary": True,
        "dicom_port": "open",
        "disk": "ok",
        "alerts": [],
    }


def test_a_plugin_that_is_not_in_force_closes_the_port_at_the_next_call(
    ward: Hospital, sender: Sender
) -> None:
    port = opened(ward)
    standing = sender.call(port)
    assert standing.is_established
    ward.site.plugin_in_force = False
    ward.clock.forward(60)
    assert not sender.echo(port)  # the canary was tried before the call was let through
    of(ward).step()
    assert not of(ward).gate.is_open
    assert until(lambda: not standing.is_established)  # what stood has ended too
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOME, port), 5)
    assert ward.service.status.health()["status"] == "unhealthy"
    ward.site.plugin_in_force = True
    assert sender.echo(opened(ward))


def test_only_those_in_the_list_are_let_through(ward: Hospital, sender: Sender) -> None:
    port = opened(ward)
    assert not sender.echo(port, calling="STRANGER")
    assert not sender.echo(port, calling="FAR")  # a name of ours from another address
    assert not sender.echo(port, called="SOMEBODY")
    states = {one["aet"]: one["state"] for one in of(ward).senders.find()}
    assert states == {"TPS": "known", "MUTE": "known", "FAR": "unknown", "STRANGER": "unknown"}
    alert = next(a for a in ward.service.alerts.open() if a["code"] == "unknown-sender")
    assert "FAR at 127.0.0.1" in alert["text"]


def test_a_quarantined_sender_is_refused_until_it_is_let_in(ward: Hospital, sender: Sender) -> None:
    port = opened(ward)
    with pytest.raises(RejectError):
        of(ward).senders.quarantine("TPS", " ", "operator")
    of(ward).senders.quarantine("TPS", "sends test patients", "operator")
    assert not sender.echo(port)
    (told,) = [one for one in of(ward).senders.find() if one["state"] == "quarantined"]
    assert (told["aet"], told["comment"]) == ("TPS", "sends test patients")
    of(ward).senders.lift("TPS", "operator")
    assert sender.echo(port)
    actions = [entry["action"] for entry in ward.service.audit.entries(3)]
    assert actions[:2] == ["sender-lift", "sender-quarantine"]


def test_the_senders_page_does_the_same(ward: Hospital) -> None:
    cookies = session(ward)
    page = call(ward, "GET", "/senders", cookies=cookies).text
    assert "TPS" in page
    assert "192.0.2.7" in page
    form = {"comment": "sends test patients"}
    done = call(ward, "POST", "/senders/TPS/quarantine", data=form, cookies=cookies)
    assert done.headers["location"] == "/senders"
    assert "quarantined" in call(ward, "GET", "/senders", cookies=cookies).text
    wrong = call(ward, "POST", "/senders/NOBODY/lift", cookies=cookies)
    assert wrong.status_code == 422
    listed = operator(ward, "GET", "/api/v1/senders").json()
    assert [one["state"] for one in listed if one["aet"] == "TPS"] == ["quarantined"]
    assert call(ward, "POST", "/senders/seen", cookies=cookies).status_code == 303
    assert ward.service.audit.entries(1)[0]["action"] == "senders-seen"


def test_a_quarantine_ends_the_associations_that_are_open(ward: Hospital, sender: Sender) -> None:
    port = opened(ward)
    theirs, others = sender.call(port), sender.call(port, calling="MUTE")
    assert theirs.is_established
    assert others.is_established
    of(ward).senders.quarantine("TPS", "sends test patients", "operator")
    assert until(lambda: not theirs.is_established)
    assert others.send_c_echo().Status == 0
    others.release()
    of(ward).senders.lift("TPS", "operator")
    assert sender.echo(port)


def test_who_is_quarantined_while_it_is_let_through_is_hung_up_on(
    ward: Hospital, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, senders = opened(ward), of(ward).senders
    judged = senders._judge

    def late(request: Any, host: str) -> Any:
        verdict = judged(request, host)
        monkeypatch.setattr(senders, "_judge", judged)
        senders.quarantine("TPS", "sends test patients", "operator")
        return verdict

    monkeypatch.setattr(senders, "_judge", late)
    assert not sender.echo(port)
    senders.lift("TPS", "operator")
    assert sender.echo(port)


@pytest.mark.parametrize("comment", ["", "sends 010203-123A", "for 1234567", "x" * 401])
def test_the_comment_on_a_quarantine_is_checked_as_all_are(ward: Hospital, comment: str) -> None:
    with pytest.raises(RejectError) as raised:
        of(ward).senders.quarantine("TPS", comment, "operator")
    assert raised.value.code == "comment"
    assert not [one for one in of(ward).senders.find() if one["state"] == "quarantined"]
    assert 'maxlength="400"' in call(ward, "GET", "/senders", cookies=session(ward)).text


@pytest.mark.parametrize(
    "words", [b"GET / HTTP/1.1\r\n\r\n", b"\x01\x00\x00\x00\x00\x05hello", b""]
)
def test_what_is_not_dicom_hears_nothing(ward: Hospital, words: bytes) -> None:
    with socket.create_connection((HOME, opened(ward)), LIMIT_S) as link:
        heard = b""
        with suppress(OSError):  # it hangs up, and may leave words of ours unread
            link.sendall(words)
            link.shutdown(socket.SHUT_WR)
            heard = link.recv(100)
    assert heard == b""


def test_committed_is_said_after_the_read_back_and_not_before(
    ward: Hospital, sender: Sender
) -> None:
    original = "1.2.246.10.1.1"
    known = of(ward).commitments._sealing.uid(original)
    port = opened(ward)
    slices = [make.ct(n + 1, 3.0 * n, ward.pseudonym()) for n in range(4)]
    ward.take_in([*slices, *make.course(patient=ward.pseudonym())[4:]])
    with ward.service.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE instance SET sop_instance_uid = ? WHERE sop_instance_uid = '2.25.1'", (known,)
        )
        connection.exec_driver_sql("UPDATE submission SET content_digest = ''")  # of before
    assert sender.ask(port, original) == 0
    ward.clock.forward(120)
    assert of(ward).commitments.step() == 0
    assert sender.events == []
    assert ward.send()
    ward.clock.forward(600)
    assert of(ward).commitments.step() == 1
    ((kind, event),) = sender.events
    assert (kind, event.TransactionUID) == (1, TRANSACTION)
    assert [i.ReferencedSOPInstanceUID for i in event.ReferencedSOPSequence] == [original]
    assert of(ward).commitments.step() == 0
    assert len(sender.events) == 1


def test_what_never_came_fails_with_its_reason(ward: Hospital, sender: Sender) -> None:
    port = opened(ward)
    assert sender.ask(port, "1.2.246.10.1.9") == 0
    assert of(ward).commitments.step() == 0
    ward.clock.forward(120)
    assert of(ward).commitments.step() == 1
    ((kind, event),) = sender.events
    assert kind == 2
    assert [(i.ReferencedSOPInstanceUID, i.FailureReason) for i in event.FailedSOPSequence] == [
        ("1.2.246.10.1.9", 0x0112)
    ]


def test_a_clock_that_is_set_back_a_day_lets_no_sender_wait_for_a_day(
    ward: Hospital, sender: Sender
) -> None:
    assert sender.ask(opened(ward), "1.2.246.10.1.9") == 0
    assert of(ward).commitments.step() == 0
    ward.clock.forward(-86_400)
    assert of(ward).commitments.step() == 1
    ((kind, event),) = sender.events
    assert (kind, event.FailedSOPSequence[0].FailureReason) == (2, 0x0112)


def test_a_sender_that_waits_hears_the_answer_in_the_association_that_asked(
    ward: Hospital, sender: Sender
) -> None:
    link, status = sender.ask_and_wait(opened(ward), "1.2.246.10.1.9")
    sender.stop()  # nothing listens at its own port
    assert status == 0
    ward.clock.forward(120)
    assert of(ward).commitments.step() == 1
    assert [kind for kind, _ in sender.events] == [2]
    link.release()


def test_a_sender_that_did_not_wait_hears_it_at_its_own_port(
    ward: Hospital, sender: Sender
) -> None:
    link, _ = sender.ask_and_wait(opened(ward), "1.2.246.10.1.9")
    link.abort()
    ward.clock.forward(120)
    assert of(ward).commitments.step() == 1
    assert [kind for kind, _ in sender.events] == [2]


def test_an_answer_outlives_a_restart_and_a_sender_that_is_down(
    ward: Hospital, sender: Sender
) -> None:
    original = "1.2.246.10.1.9"
    assert sender.ask(opened(ward), original) == 0
    sender.stop()
    ward.clock.forward(120)
    assert of(ward).commitments.step() == 0
    assert any(a["code"] == "commitment-unanswered" for a in ward.service.alerts.open())
    stored = (ward.settings.data_folder / "gateway.db").read_bytes()
    assert original.encode() not in stored
    assert TRANSACTION.encode() not in stored
    of(ward).stop()
    ward.restart()
    of(ward).start()
    again = Sender(sender.port)
    ward.clock.forward(60)
    assert of(ward).commitments.step() == 1
    again.stop()
    assert [kind for kind, _ in again.events] == [2]
    assert not any(a["code"] == "commitment-unanswered" for a in ward.service.alerts.open())


def test_a_sender_without_a_port_hears_at_once_that_it_cannot_be_answered(
    ward: Hospital, sender: Sender
) -> None:
    with pytest.raises(RejectError, match="own DICOM port"):
        of(ward).commitments.take("MUTE", TRANSACTION, [])


def test_with_a_certificate_only_senders_with_one_are_heard(
    ward: Hospital, sender: Sender, tmp_path: Path
) -> None:
    ours = write_certificate(tmp_path / "ours.pem")
    door = of(ward)
    settings = ward.settings.dicom
    assert settings is not None
    update = {"certificate": ours, "senders_ca_file": ours}
    door.gate._listening = Listening((HOME, 0), door_context(settings.model_copy(update=update)))
    port = opened(ward)
    assert not sender.echo(port)
    context = ssl.create_default_context(cafile=str(ours))
    ae = AE("TPS")
    ae.add_requested_context(Verification)
    context.load_cert_chain(ours)
    link = ae.associate(HOME, port, ae_title="KASARI_KUH", tls_args=(context, "localhost"))
    assert link.is_established
    assert link.send_c_echo().Status == 0
    link.release()


def write_certificate(path: Path) -> Path:
    """Write a key and a certificate for localhost that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(7)
    builder = builder.not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    signed = builder.sign(key, SHA256())
    form = PrivateFormat.PKCS8
    path.write_bytes(
        key.private_bytes(Encoding.PEM, form, NoEncryption()) + signed.public_bytes(Encoding.PEM)
    )
    path.chmod(0o600)
    return path
