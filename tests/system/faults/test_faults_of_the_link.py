"""Faults of the connection between gateway and archive, and between sender and site."""

from datetime import timedelta

import httpx
import pytest

from tests.factories.certificates import Authority
from tests.system.faults.proxy import Fault
from tests.system.faults.ward import Ward, until

STOW, ANNOUNCE, VERIFY = b"POST /dicom-web/studies", b"PUT /api/v1/submissions", b"POST /api/v1/sub"


@pytest.mark.fault(9)
def test_cut_in_the_middle_of_a_store_request(checked: Ward) -> None:
    """The link is cut inside a STOW body, twice | the next attempt stores what is missing"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(STOW, 2, cut_after=300_000)) as fault:
        checked.send(patient)
        until(lambda: fault.done == 2, "two cuts")


@pytest.mark.slow
@pytest.mark.fault(8)
@pytest.mark.parametrize(
    "request_line", [STOW, ANNOUNCE, VERIFY], ids=["stow", "announce", "verify"]
)
def test_the_answer_is_lost(checked: Ward, request_line: bytes) -> None:
    """The archive did it, its answer is lost | asked again; nothing is stored twice"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(request_line, lose_answer=True)) as fault:
        checked.send(patient)
        until(lambda: fault.done == 1, "a lost answer")


@pytest.mark.fault(13)
@pytest.mark.parametrize(
    "status",
    [200, pytest.param(409, marks=pytest.mark.slow), pytest.param(503, marks=pytest.mark.slow)],
)
def test_an_answer_that_stored_nothing(checked: Ward, status: int) -> None:
    """STOW is answered 200, 409 or 503, nothing was stored | reading back tells; it goes again"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(STOW, 1, status=status)) as fault:
        checked.send(patient)
        until(lambda: fault.done == 1, f"a {status}")


@pytest.mark.fault(12)
def test_a_bit_is_flipped_on_the_way(checked: Ward) -> None:
    """A bit flips inside a STOW body | 202: that one is refused by its digest, and goes again"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(STOW, 1, flip_at=200_000)) as fault:
        checked.send(patient)
        until(lambda: fault.done == 1, "a flipped bit")


@pytest.mark.fault(11)
@pytest.mark.parametrize("status", [401, pytest.param(403, marks=pytest.mark.slow)])
def test_not_let_in(checked: Ward, status: int) -> None:
    """The archive answers 401 or 403 | sending stops with an alert; a person resumes it"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(ANNOUNCE, 1000, status=status)) as fault:
        checked.send(patient)
        until(lambda: "sending-stopped" in checked.alerts(), "the alert")
        assert fault.done == 1
    checked.gateway("POST", "/api/v1/sending/resume")


@pytest.mark.fault(10)
@pytest.mark.parametrize(
    "wrong", ["expired", *(pytest.param(w, marks=pytest.mark.slow) for w in ("authority", "host"))]
)
def test_the_archive_is_not_who_it_says(checked: Ward, wrong: str) -> None:
    """Its certificate is expired, of another authority or host | no byte leaves; an alert"""
    patient = checked.admit()
    signed_by = checked.authority
    if wrong == "authority":
        signed_by = Authority(checked.folder, "another")
    certificate = signed_by.issue(
        wrong,
        left=timedelta(days=-1 if wrong == "expired" else 9),
        address="127.0.0.2" if wrong == "host" else "127.0.0.1",
    )
    before = len(checked.archive_link.requests)
    with checked.archive_link.presenting(checked.authority.serving(certificate)):
        checked.send(patient)
        until(lambda: "archive-not-trusted" in checked.alerts(), "the alert")
        assert len(checked.archive_link.requests) == before
    checked.check()
    assert "archive-not-trusted" not in checked.alerts()


@pytest.mark.slow
@pytest.mark.fault(10)
def test_the_centre_s_certificate_has_ended(checked: Ward) -> None:
    """The centre's certificate is past its date | nothing is sent, an alert; then a new one"""
    patient = checked.admit()
    ended = str(checked.authority.issue("ended", left=timedelta(days=-1)))
    with checked.restarted_with("gateway", archive={"client_certificate": ended}):
        before = len(checked.archive_link.requests)
        checked.send(patient)
        until(lambda: "certificate-expired" in checked.alerts(), "the alert")
        assert len(checked.archive_link.requests) == before


@pytest.mark.fault(1)
def test_the_sender_s_connection_is_cut(checked: Ward) -> None:
    """A sender's association is cut after some bytes, twice | it goes on; each is stored once"""
    patient = checked.admit()
    checked.sender_link.cuts += [200_000, 900_000]
    outcome = checked.send(patient)
    assert outcome.refused == {}
    assert checked.sender_link.cuts == []


@pytest.mark.slow
@pytest.mark.fault(9)
def test_a_slow_link(checked: Ward) -> None:
    """The link carries 400 kB/s | it takes its time; no time-out, nothing twice"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(STOW, 100, bytes_per_second=400_000)):
        checked.send(patient)
        until(checked.settled, "delivered over a slow link")


@pytest.mark.fault(6)
def test_no_job_can_be_resubmitted(checked: Ward) -> None:
    """An operator resubmits a job of Orthanc | there is none: no client at the site, no way in"""
    login = checked.site.orthanc_login()
    for path in ("/dicom-web/servers", "/jobs"):
        answer = httpx.get(f"{checked.site.orthanc_url}{path}", auth=login)
        assert answer.status_code == httpx.codes.NOT_FOUND or answer.json() == []
    token = {"Authorization": f"Bearer {checked.stack.reader_token()}"}
    for path in ("/jobs/x/resubmit", "/instances", "/dicom-web/servers/x/stow", "/tools/shutdown"):
        answer = httpx.post(f"{checked.stack.archive_url}{path}", headers=token)
        assert answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED}, path
