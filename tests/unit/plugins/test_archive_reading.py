"""What the archive's plugin tells of many files at once."""

from base64 import b64decode
from hashlib import sha256

from plugins.archive_reading import digests, headings
from tests.factories.identified import ct_slice

FILES = {"ct": ct_slice(70), "text": b"no pixels here", "empty": b""}


def test_a_digest_for_each_file_that_can_be_read() -> None:
    told = digests(FILES.get, [*FILES, "gone"])
    assert told == {name: sha256(data).hexdigest() for name, data in FILES.items()}


def test_a_heading_ends_where_the_pixels_begin() -> None:
    told = {name: b64decode(text) for name, text in headings(FILES.get, [*FILES, "gone"]).items()}
    assert set(told) == set(FILES)
    assert FILES["ct"][len(told["ct"]) :].startswith(b"\xe0\x7f\x10\x00OW")
    assert told["text"] == FILES["text"]
    assert told["empty"] == b""


def test_the_tag_within_a_value_ends_nothing() -> None:
    planted = b"DICM" + b"\xe0\x7f\x10\x00" + b"xx" + b"\xe0\x7f\x10\x00OB" + b"pixels"
    told = b64decode(headings({"a": planted}.get, ["a"])["a"])
    assert told == planted[:10]
