"""A file in parts says what the whole file says, with the line numbers of the whole file."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.clinical import read_table
from kasari.clinical.sending import Options, Part, parts_of, passes, send, split
from kasari.doors import Door
from kasari.errors import StackError

cells = st.text(alphabet='ab\n",ä', max_size=5)


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=12), st.integers(1, 40))
def test_parts_hold_every_row_once_with_its_line(rows: list[tuple[str, str]], size: int) -> None:
    text = "one,two\n" + "".join(f"{quoted(a)},{quoted(b)}\n" for a, b in rows)
    data = text.encode()
    whole = [(row.line, dict(row.cells)) for row in read_table(data).rows]
    parts = [
        (row.line, dict(row.cells))
        for part in split(data, size)
        for row in read_table(part.data, part.first_line).rows
    ]
    assert parts == whole


@pytest.mark.timeout(60)
def test_one_stray_quote_takes_no_longer_than_none() -> None:
    """What is open at the end is one row; to count it again at each line would take minutes."""
    data = b'a,b\n1,2\n"3,4\n' + b"5,6\n" * 1_000_000
    parts = split(data, 1)
    assert [part.first_line for part in parts] == [2, 3]
    assert parts[1].data == b"a,b\n" + data[len(b"a,b\n1,2\n") :]


@pytest.mark.parametrize(
    ("options", "count", "times"),
    [
        ({"form": "csv"}, 2, 2),
        ({"form": "csv", "check_only": True}, 2, 1),
        ({"form": "kaiku"}, 1, 1),
    ],
)
def test_only_our_own_form_is_cut_and_several_parts_are_checked_first(
    options: Options, count: int, times: int
) -> None:
    parts = parts_of(b"a,b\n" + b"1,2\n" * 400_000 * 4, options)
    assert (len(parts), passes(parts, options)) == (count, times)


class Gateway:
    """Answers like the real one; the second row of every file has a problem if told so."""

    def __init__(self, bad: bool = False) -> None:
        self.bad = bad
        self.calls: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        self.calls.append(query)
        problem = {"line": 3, "column": "grade", "reason": "r", "mend": "m"}
        answer: dict[str, Any] = {"rows": 1, "stored": 1, "problems": [problem] if self.bad else []}
        return httpx.Response(422 if self.bad else 200, json=answer)


def door(handler: Any) -> Door:
    return Door("http://gateway", transport=httpx.MockTransport(handler))


def test_everything_is_checked_before_anything_is_imported() -> None:
    gateway = Gateway()
    data = b"a,b\n" + b"1,2\n" * 400_000 * 4
    total = send(door(gateway), split(data), {"kind": "ctcae"}, lambda _: None)
    half = len(gateway.calls) // 2
    assert half == 2
    assert ["check_only" in call for call in gateway.calls] == [True] * half + [False] * half
    assert total.counts["stored"] == half


def test_a_problem_in_the_check_stops_the_import() -> None:
    gateway = Gateway(bad=True)
    total = send(door(gateway), [Part(b"a,b\n1,2\n", 2)], {"kind": "ctcae"}, lambda _: None)
    assert len(gateway.calls) == 1
    assert total.problems[0]["line"] == 3


def test_a_gateway_that_is_away_is_told_in_one_line() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("http://secret", request=request)

    with pytest.raises(StackError, match="ConnectError") as caught:
        send(door(away), [Part(b"a\n1\n", 2)], {"kind": "ctcae"}, lambda _: None)
    assert "secret" not in str(caught.value)
