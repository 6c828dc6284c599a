"""Faults of the connection between gateway and archive, and between sender and site."""

import pytest

from tests.system.faults.proxy import Fault
from tests.system.faults.ward import Ward, until

STOW, ANNOUNCE, VERIFY = b"POST /dicom-web/studies", b"PUT /api/v1/submissions", b"POST /api/v1/sub"


def test_cut_in_the_middle_of_a_store_request(checked: Ward) -> None:
    """The link is cut inside a STOW body, twice | the next attempt stores what is missing"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(STOW, 2, cut_after=300_000)) as fault:
        checked.send(patient)
        until(lambda: fault.done == 2, "two cuts")


@pytest.mark.slow
@pytest.mark.parametrize(
    "request_line", [STOW, ANNOUNCE, VERIFY], ids=["stow", "announce", "verify"]
)
def test_the_answer_is_lost(checked: Ward, request_line: bytes) -> None:
    """The archive did it, its answer is lost | asked again; nothing is stored twice"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(request_line, lose_answer=True)) as fault:
        checked.send(patient)
        until(lambda: fault.done == 1, "a lost answer")


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


@pytest.mark.parametrize("status", [401, pytest.param(403, marks=pytest.mark.slow)])
def test_not_let_in(checked: Ward, status: int) -> None:
    """The archive answers 401 or 403 | sending stops with an alert; a person resumes it"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(ANNOUNCE, 1000, status=status)) as fault:
        checked.send(patient)
        until(lambda: "sending-stopped" in checked.alerts(), "the alert")
        assert fault.done == 1
    checked.gateway("POST", "/api/v1/sending/resume")


def test_the_sender_s_connection_is_cut(checked: Ward) -> None:
    """A sender's association is cut after some bytes, twice | it goes on; each is stored once"""
    patient = checked.admit()
    checked.sender_link.cuts += [200_000, 900_000]
    outcome = checked.send(patient)
    assert outcome.refused == {}
    assert checked.sender_link.cuts == []


@pytest.mark.slow
def test_a_slow_link(checked: Ward) -> None:
    """The link carries 400 kB/s | it takes its time; no time-out, nothing twice"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(STOW, 100, bytes_per_second=400_000)):
        checked.send(patient)
        until(checked.settled, "delivered over a slow link", 180)
