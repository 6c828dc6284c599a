"""Asking over HTTP: what is answered, what is told of a failure, and downloads whole or not."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from kasari import doors
from kasari.doors import Door, archive_door, described, gateway_door, settings
from kasari.errors import InputError, StackError

Handler = Callable[[httpx.Request], httpx.Response]
ROWS = b"course,dose\n1,2\n"


def door(handler: Handler) -> Door:
    return Door("http://archive/kasari/", "secret-1", transport=httpx.MockTransport(handler))


def answers(status: int, **how: object) -> Handler:
    return lambda _request: httpx.Response(status, **how)  # type: ignore[arg-type]


def test_the_token_goes_along_and_the_address_may_have_a_path() -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=[1])

    assert door(handler).json("GET", "/api/v1/courses", params={"limit": 2}) == [1]
    assert str(asked[0].url) == "http://archive/kasari/api/v1/courses?limit=2"
    assert asked[0].headers["authorization"] == "Bearer secret-1"
    door(handler).of_person("maija", "word").json("GET", "/")
    assert asked[1].headers["authorization"] == httpx.BasicAuth("maija", "word")._auth_header
    assert "secret-1" not in repr(door(handler))
    assert "word" not in repr(door(handler).of_person("maija", "word"))


@pytest.mark.parametrize(
    ("status", "how", "kind", "text"),
    [
        (403, {"json": {"text": "not for you"}}, InputError, "not for you"),
        (404, {"json": {"detail": "no course"}}, InputError, "no course"),
        (422, {"json": {"detail": [{"loc": 1}]}}, InputError, "the archive answered 422"),
        (404, {"content": b"<html>"}, InputError, "the archive answered 404"),
        (307, {"headers": {"location": "x"}}, InputError, "the archive answered 307"),
        (503, {"json": {"text": "send again"}}, StackError, "send again"),
        (200, {"content": b"<html>a page</html>"}, InputError, "is http://archive/kasari/ its"),
    ],
)
def test_an_error_is_told_by_what_the_other_side_says(
    status: int, how: dict, kind: type[Exception], text: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=text):
        door(answers(status, **how)).json("GET", "/")
    if status != 200:
        with pytest.raises(kind, match=text):
            door(answers(status, **how)).download("/", tmp_path / "out")


def test_what_a_caller_takes_as_an_answer_is_one() -> None:
    assert door(answers(204)).json("POST", "/") is None
    assert door(answers(409, json={"a": 1})).json("POST", "/", also=(409,)) == {"a": 1}
    report = {"problems": [{"line": 2}]}
    assert door(answers(422, json=report)).json("POST", "/") == report
    with pytest.raises(InputError, match="name or password is wrong"):
        door(answers(401, json={"text": "t"})).of_person("m", "p").json("GET", "/")


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://[", "http://x:99999999"])
def test_nobody_there_is_told_without_what_was_asked(address: str) -> None:
    with pytest.raises(StackError, match="does not answer") as told:
        Door(address, "secret-1").json("GET", "/api/v1/why?id=X-42")
    assert "X-42" not in str(told.value)


class Broken(httpx.SyncByteStream):
    """A body that ends before it is whole."""

    def __iter__(self) -> Iterator[bytes]:
        yield ROWS[:5]
        raise httpx.ReadError("cut")


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (answers(200, stream=Broken()), StackError),
        (answers(503), StackError),
        (answers(401, json={"text": "a token is needed"}), InputError),
    ],
)
def test_a_download_that_fails_leaves_what_was_there_and_no_part(
    handler: Handler, kind: type[Exception], tmp_path: Path
) -> None:
    out = tmp_path / "table.csv"
    out.write_bytes(b"yesterday's")
    with pytest.raises(kind):
        door(handler).download("/", out)
    assert out.read_bytes() == b"yesterday's"
    assert list(tmp_path.iterdir()) == [out]
    door(answers(200, content=ROWS)).download("/", out)
    assert out.read_bytes() == ROWS
    assert list(tmp_path.iterdir()) == [out]


def test_where_nothing_can_be_written_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "none/out.csv", tmp_path / "file/out.csv", tmp_path):
        with pytest.raises(InputError, match="cannot be written"):
            door(answers(200, content=ROWS)).download("/", out)


@pytest.mark.parametrize("content", [b"", b"\n", b"a b", b"a\nb\n", b"a\0b", "ä".encode(), b"\xff"])
def test_a_file_that_holds_no_token_is_told(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(InputError, match="token"):
        doors.read_token(path)


def test_address_and_token_file_go_together(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc\n")
    for of in (
        lambda url, file: archive_door(url, file, None),
        lambda url, file: gateway_door("", None, url, file),
    ):
        assert of("https://archive.example", token).token == "abc"
        with pytest.raises(InputError, match="together"):
            of("https://archive.example", None)
        with pytest.raises(InputError, match="together"):
            of(None, token)
        with pytest.raises(InputError, match="must begin with https"):
            of("archive.example", token)
        with pytest.raises(InputError, match="token file cannot be read"):
            of("https://archive.example", tmp_path / "none")


def test_a_stack_is_meant_by_its_folder_or_its_description(tmp_path: Path) -> None:
    token = tmp_path / "operator.token"
    token.write_text("of-KUH")
    centres = {
        name: {"gateway_url": f"http://{name}", "operator_token_file": str(token)}
        for name in ("KUH", "Tyks")
    }
    stack = tmp_path / "stack.json"
    stack.write_text(json.dumps({"data_folder": str(tmp_path), "centres": centres}))
    assert described(tmp_path) == described(stack)
    assert gateway_door("Tyks", tmp_path).url == "http://Tyks"
    assert gateway_door("KUH", stack).token == "of-KUH"
    with pytest.raises(InputError, match="say which with --centre; there are KUH, Tyks"):
        gateway_door("", stack)
    with pytest.raises(InputError, match="no centre OYS runs here; there are KUH, Tyks"):
        settings(stack, "OYS")
    stack.write_text("[]")
    with pytest.raises(StackError, match="start one with `kasari up`"):
        described(tmp_path)
