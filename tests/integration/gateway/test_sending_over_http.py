"""What really goes over the wire when the archive says 503 first, or shows a wrong certificate.

A retry must send the whole body again: a client that re-sends an exhausted stream sends nothing,
and a server may well answer 200 to that.
"""

import ssl
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from pydicom import dcmread

from gateway.adapters.archive import BOUNDARY, HttpArchive, open_archive_client
from gateway.errors import RetryError, TrustError
from gateway.ports import Answer, Spooled
from tests.factories import site_objects as make
from tests.factories.certificates import DAY, Authority
from tests.integration.gateway.conftest import Hospital


class Server:
    """A real server for STOW: notes each body, and answers the first requests with 503."""

    def __init__(self, busy: int, tls: ssl.SSLContext | None = None) -> None:
        self.bodies: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(503 if len(outer.bodies) <= busy else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def busy() -> Iterator[Server]:
    server = Server(busy=2)
    yield server
    server.close()


def parts(body: bytes) -> list[bytes]:
    found = body.split(f"--{BOUNDARY}".encode())[1:-1]
    return [part.split(b"\r\n\r\n", 1)[1][:-2] for part in found]


def test_a_retry_sends_every_byte_again(hospital: Hospital, busy: Server) -> None:
    """The whole sending service, over a real connection to a server that is busy twice."""
    with open_archive_client(busy.url, "token") as client:
        over_http = HttpArchive(client)

        def store(batch: Sequence[tuple[Spooled, Iterator[bytes]]]) -> Answer:
            answer = over_http.store(batch)
            for (spooled, _), data in zip(batch, parts(busy.bodies[-1]), strict=True):
                hospital.archive.held[spooled.sop_instance_uid] = data
            return answer

        hospital.archive.store = store  # type: ignore[method-assign]
        hospital.take_in(make.course(patient=hospital.pseudonym()))
        for _ in range(3):
            assert hospital.send()
            hospital.clock.forward(601)
    assert hospital.states() == ["delivered"]
    assert len(busy.bodies) == 3
    assert busy.bodies[0] == busy.bodies[1] == busy.bodies[2]
    assert len(parts(busy.bodies[0])) == 7
    assert min(map(len, parts(busy.bodies[0]))) > 100


@pytest.mark.parametrize("wrong", ["expired", "authority", "host"])
def test_no_byte_goes_to_whom_the_certificate_does_not_prove(tmp_path: Path, wrong: str) -> None:
    ours, another = Authority(tmp_path, "ours"), Authority(tmp_path, "another")
    certificate = (another if wrong == "authority" else ours).issue(
        "archive",
        left=-DAY if wrong == "expired" else DAY,
        address="127.0.0.2" if wrong == "host" else "127.0.0.1",
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    server = Server(0, tls)
    try:
        with (
            open_archive_client(server.url, "token", ours.file) as client,
            pytest.raises(TrustError, match="certificate"),
        ):
            HttpArchive(client).verify("2.25.1", 1)
        assert server.bodies == []
    finally:
        server.close()


def test_a_clock_that_is_set_back_lets_nothing_wait_for_it(hospital: Hospital) -> None:
    """Settling, back-off and leases are times in the table; a day back, all are in the future."""
    for data in make.course(patient=hospital.pseudonym()):
        hospital.site.store(data)
    hospital.service.intake.step()
    hospital.service.course_service.step()
    hospital.clock.forward(-86_400)
    hospital.service.course_service.step()
    assert hospital.states() == ["ready"]
    hospital.archive.failures["announce"].append(RetryError("busy"))
    hospital.clock.forward(86_400)
    hospital.send()
    hospital.clock.forward(-86_400)
    hospital.send()
    assert hospital.states() == ["delivered"]


def test_an_instance_that_comes_again_in_another_study_is_set_aside(hospital: Hospital) -> None:
    objects = make.course(patient=hospital.pseudonym())
    hospital.take_in(objects)
    hospital.send()
    hospital.site.objects["another-study"] = objects[0]
    hospital.service.intake.reconcile()
    hospital.service.course_service.step()
    assert hospital.states() == ["delivered"]
    account = hospital.service.status.account()
    assert (account.received, account.delivered, account.set_aside) == (8, 7, 1)
    codes = {alert["code"] for alert in hospital.service.alerts.open()}
    assert "set-aside-same-uid" in codes


def test_a_withdrawal_reaches_what_was_set_aside(hospital: Hospital) -> None:
    objects = make.course(patient=hospital.pseudonym())
    hospital.take_in(objects)
    hospital.site.objects["another-study"] = objects[0]
    original = dcmread(BytesIO(objects[1]))
    original.PatientID, original.DeidentificationMethod = "ID-1", ""
    original.SOPInstanceUID = "1.2.246.7"
    hospital.site.objects["came-without-the-plugin"] = make.as_bytes(original)
    hospital.service.intake.reconcile()
    assert hospital.service.status.account().set_aside == 2
    withdrawal = b"patient_id,status,version,date\nID-1,withdrawn,2.1,2026-03-02\n"
    hospital.service.consents.import_sheet(withdrawal, "operator", commit=True)
    hospital.service.withdrawal.step()
    assert hospital.site.objects == {}
    account = hospital.service.status.account()
    assert (account.set_aside, account.deleted_on_request) == (0, 9)
    assert sum(line["deleted"] for line in hospital.service.ledger.days()) == 9
