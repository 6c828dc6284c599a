"""The archive's adapter: the request as a STOW server reads it, and each answer's meaning."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from gateway.adapters.archive import BOUNDARY, HttpArchive
from gateway.contract.manifest import CourseCertificate
from gateway.errors import GatewayError, RejectError, RetryError, StopError
from gateway.ports import Spooled

SEALED = CourseCertificate(body="{}", signature="s", public_key_id="p")


def archive(handle: Callable[[httpx.Request], httpx.Response]) -> HttpArchive:
    client = httpx.Client(transport=httpx.MockTransport(handle), base_url="http://archive")
    return HttpArchive(client)


def batch(*contents: bytes) -> list[tuple[Spooled, Iterator[bytes]]]:
    return [
        (Spooled(f"2.25.{n}", "0" * 64, len(content)), iter([content[:3], content[3:]]))
        for n, content in enumerate(contents)
    ]


def test_the_body_is_multipart_related_with_its_true_length() -> None:
    seen: dict[str, bytes | str] = {}

    def handle(request: httpx.Request) -> httpx.Response:
        seen["body"] = request.read()
        seen["length"] = request.headers["content-length"]
        seen["type"] = request.headers["content-type"]
        assert "transfer-encoding" not in request.headers
        return httpx.Response(200, json={})

    archive(handle).store(batch(b"first object", b"\r\n--second--\r\n"))
    body = seen["body"]
    assert isinstance(body, bytes)
    assert seen["length"] == str(len(body))
    assert seen["type"] == f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
    parts = body.split(f"--{BOUNDARY}".encode())
    assert parts[0] == b""
    assert parts[-1] == b"--\r\n"
    contents = [part.split(b"\r\n\r\n", 1)[1][:-2] for part in parts[1:-1]]
    assert contents == [b"first object", b"\r\n--second--\r\n"]


@pytest.mark.parametrize("status", [200, 202, 409])
def test_a_mixed_answer_is_told_per_instance(status: int) -> None:
    answer = {
        "00081199": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["2.25.0"]}}]},
        "00081198": {
            "vr": "SQ",
            "Value": [
                {
                    "00081155": {"vr": "UI", "Value": ["2.25.1"]},
                    "00081197": {"vr": "US", "Value": [42752]},
                }
            ],
        },
    }
    told = archive(lambda _: httpx.Response(status, json=answer)).store(batch(b"a", b"b"))
    assert told.stored == ("2.25.0",)
    assert told.failed == {"2.25.1": 0xA700}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, StopError),
        (403, StopError),
        (404, RejectError),
        (422, RejectError),
        (408, RetryError),
        (429, RetryError),
        (500, RetryError),
        (503, RetryError),
        (507, RetryError),
        (301, RetryError),
    ],
)
def test_every_status_has_a_meaning(status: int, error: type[GatewayError]) -> None:
    door = archive(lambda _: httpx.Response(status, json={"code": "why"}))
    for act in (
        lambda: door.announce("2.25.1", 1, SEALED),
        lambda: door.verify("2.25.1", 1),
        lambda: door.store(batch(b"a")),
    ):
        with pytest.raises(error):
            act()


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ReadTimeout, httpx.WriteError])
def test_a_broken_line_is_tried_again_and_quotes_nothing(failure: type[httpx.HTTPError]) -> None:
    def handle(_request: httpx.Request) -> httpx.Response:
        raise failure("to http://secret.example/2.25.1")

    with pytest.raises(RetryError) as caught:
        archive(handle).verify("2.25.1", 1)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("body", ["", "[]", "no json", json.dumps({"state": "new"})])
def test_an_answer_that_is_not_understood_is_tried_again(body: str) -> None:
    door = archive(lambda _: httpx.Response(200, text=body))
    with pytest.raises(RetryError):
        door.announce("2.25.1", 1, SEALED)
    with pytest.raises(RetryError):
        door.verify("2.25.1", 1)
