"""Batches, back-off, and what may be said in a comment."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.submission import Patience, batches, check_comment, content_digest
from gateway.errors import RejectError


@dataclass(frozen=True)
class Part:
    size_bytes: int


@given(st.lists(st.integers(1, 200), max_size=300), st.integers(1, 20), st.integers(1, 300))
def test_batches_lose_nothing_and_stay_small(sizes: list[int], count: int, most: int) -> None:
    parts = [Part(size) for size in sizes]
    cut = list(batches(parts, count, most))
    assert [part for batch in cut for part in batch] == parts
    for batch in cut:
        assert 1 <= len(batch) <= count
        assert len(batch) == 1 or sum(part.size_bytes for part in batch) <= most


def test_waiting_grows_and_stays_below_its_ceiling() -> None:
    patience = Patience(first_s=2, ceiling_s=100)
    assert [patience.wait_s(n, 1.0) for n in (1, 2, 3, 6, 7, 1000)] == [2, 4, 8, 64, 100, 100]
    assert patience.wait_s(3, 0.0) == 4


@given(st.permutations([("a", "1"), ("b", "2"), ("c", "3")]))
def test_the_digest_of_a_course_does_not_depend_on_order(pairs: list[tuple[str, str]]) -> None:
    assert content_digest(pairs) == content_digest([("c", "3"), ("a", "1"), ("b", "2")])
    assert content_digest(pairs) != content_digest(pairs[:2])


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "   ",
        "x" * 401,
        "patient 010101-123N",
        "seen 13.4.1952",
        "seen 13.4.52",
        "MRN 1234567",
        "UID 1.2.840.10008.1",
        "ask a.b@c.fi",
        "Virtanen said so",
        "mrs VIRTANEN-Korhonen",
        "idAB-77x",
    ],
)
def test_a_comment_that_could_identify_is_refused(comment: str) -> None:
    with pytest.raises(RejectError) as raised:
        check_comment(comment, ("Virtanen", "Maija", "AB-77x"))
    assert raised.value.code == "comment"


@pytest.mark.parametrize("comment", ["97 slices are lost at the source", "approved 2 Gy x 15"])
def test_a_plain_reason_passes(comment: str) -> None:
    assert check_comment(f" {comment} ", ("Virtanen", "Li", "AB-77x")) == comment
