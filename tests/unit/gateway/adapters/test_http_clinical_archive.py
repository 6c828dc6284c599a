"""The archive's door for clinical rows: what each answer leads to."""

import ssl
from traceback import format_exception

import httpx
import pytest

from gateway.adapters.clinical_archive import HttpClinicalArchive
from gateway.contract.clinical import ClinicalBatch
from gateway.contract.recruitment import RecruitmentCounts
from gateway.errors import GatewayError, RejectError, RetryError, StopError, TrustError

BATCH = ClinicalBatch(batch_id="b", centre="KUH")


def door(answer: httpx.Response | Exception) -> HttpClinicalArchive:
    def handle(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    transport = httpx.MockTransport(handle)
    return HttpClinicalArchive(httpx.Client(transport=transport, base_url="http://archive"))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, StopError),
        (403, StopError),
        (413, RejectError),
        (422, RejectError),
        (429, RetryError),
        (503, RetryError),
        (301, RetryError),
    ],
)
def test_every_status_has_a_meaning(status: int, error: type[GatewayError]) -> None:
    archive = door(httpx.Response(status, json={"detail": "why"}))
    for act in (
        lambda: archive.send(BATCH),
        archive.withdrawals,
        lambda: archive.tell_recruitment(RecruitmentCounts(centre="KUH", groups=())),
    ):
        with pytest.raises(error) as caught:
            act()
        assert type(caught.value) is error


def test_a_broken_line_is_tried_again_and_quotes_nothing() -> None:
    with pytest.raises(RetryError) as caught:
        door(httpx.ConnectError("to http://secret.example")).send(BATCH)
    assert "secret" not in str(caught.value)


def test_a_wrong_certificate_is_told_as_one() -> None:
    cause = ssl.SSLCertVerificationError(1, "bad")
    cause.verify_message = "certificate has expired"
    failure = httpx.ConnectError("no")
    failure.__cause__ = cause
    with pytest.raises(TrustError, match="certificate has expired"):
        door(failure).send(BATCH)


def test_an_answer_that_is_not_understood_is_quoted_nowhere() -> None:
    odd = httpx.Response(200, json=[{"national_id": 7, "rows": "Virtanen"}])
    archive = door(odd)
    for act in (lambda: archive.send(BATCH), archive.withdrawals):
        with pytest.raises(RetryError, match="not understood") as caught:
            act()
        assert "Virtanen" not in "".join(format_exception(caught.value))
