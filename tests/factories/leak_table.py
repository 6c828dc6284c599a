"""The result of the leak corpus as a page: `python -m tests.factories.leak_table` prints it."""

import sys
from collections.abc import Iterator

from gateway.errors import RejectError
from tests.factories import engine
from tests.factories.leaks import LEAKS, Leak, traces
from tests.factories.raw_leaks import ELSEWHERE, RAW_LEAKS, RawLeak

HEAD = """# The leak corpus

Identifiers planted where clinics, vendors and attackers put them: the 94 entries of the list of bad
inputs that de-identification is built against. Each row is a test of the same name, at both stages,
and the checker reads what was written (`tests/unit/gateway/domain/deid/test_leak_corpus*.py`).

This page is made by `python -m tests.factories.leak_table`; a test compares the two.

| Entry | Planted | Result |
|---|---|---|
"""


def result(data: bytes) -> str:
    """What came of it: the code of the refusal, or whether anything is left."""
    try:
        written = engine.national_bytes(data)
    except RejectError as error:
        return f"refused: `{error.code}`"
    return "LEFT" if traces(written) else "gone"


def rows() -> Iterator[tuple[int, str, str]]:
    every: list[Leak | RawLeak] = [*LEAKS, *RAW_LEAKS]
    for leak in every:
        yield leak.number, leak.name, result(leak.data())
    for number, where in ELSEWHERE.items():
        yield number, where.partition(": ")[0], where.partition(": ")[2]


def page() -> str:
    found = sorted(rows(), key=lambda row: row[0])
    lines = [f"| {number} | {name} | {told} |" for number, name, told in found]
    left = sum(told == "LEFT" for *_, told in found)
    entries = len({number for number, *_ in found})
    total = f"\n{len(found)} rows for {entries} entries; {left} leaks.\n"
    return HEAD + "\n".join(lines) + "\n" + total


if __name__ == "__main__":
    sys.stdout.write(page())
