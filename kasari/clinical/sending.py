"""Sending a file to a gateway in parts: first all of it checked, then all of it imported."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from kasari.doors import Door

PART_BYTES: Final = 4 * 1024 * 1024
COUNTS: Final = ("rows", "stored", "unchanged", "superseded", "held", "skipped")


Options = dict[str, str | bool]


@dataclass(frozen=True)
class Part:
    """A piece of a delimited file that stands alone: it begins with the header."""

    data: bytes = field(repr=False)
    first_line: int


@dataclass
class Total:
    """What the gateway did, over all parts."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    problems: list[dict[str, Any]] = field(default_factory=list)
    dropped_columns: set[str] = field(default_factory=set)
    skipped_lines: list[int] = field(default_factory=list)

    def add(self, answer: dict[str, Any]) -> None:
        for name in COUNTS:
            self.counts[name] += int(answer.get(name, 0))
        self.problems += answer.get("problems", [])
        self.dropped_columns |= set(answer.get("dropped_columns", []))
        self.skipped_lines += answer.get("skipped_lines", [])


def split(data: bytes, part_bytes: int = PART_BYTES) -> list[Part]:
    """Cut a file after whole rows; a quoted line end is no end of a row.

    UTF-16 and short files stay whole.
    """
    if len(data) <= part_bytes or data.startswith((b"\xff\xfe", b"\xfe\xff", b"PK")):
        return [Part(data, 2)]
    rows = _rows(data)
    header = next(rows)
    parts: list[Part] = []
    piece: list[bytes] = []
    size, first = 0, 1 + header.count(b"\n")
    line = first
    for row in rows:
        piece.append(row)
        size += len(row)
        line += row.count(b"\n")
        if size >= part_bytes:
            parts.append(Part(header + b"".join(piece), first))
            piece, size, first = [], 0, line
    return [*parts, Part(header + b"".join(piece), first)] if piece else parts


def _rows(data: bytes) -> Iterator[bytes]:
    kept: list[bytes] = []
    is_open = False
    for line in data.splitlines(keepends=True):
        kept.append(line)
        is_open ^= line.count(b'"') % 2 == 1
        if not is_open:
            yield b"".join(kept)
            kept = []
    if kept:
        yield b"".join(kept)


def parts_of(data: bytes, options: Options) -> list[Part]:
    """Cut our own CSV only: rows of other forms belong together."""
    return split(data) if options.get("form", "csv") == "csv" else [Part(data, 2)]


def passes(parts: list[Part], options: Options) -> int:
    """Return how often the parts are sent: several are checked first."""
    return 1 if options.get("check_only") or len(parts) == 1 else 2


def send(
    door: Door,
    parts: list[Part],
    options: Options,
    advance: Callable[[int], None],
) -> Total:
    """Check every part if there are several; import them if none has a problem, or if `partial`.

    Parameters
    ----------
    advance : callable
        Told how many bytes of the two passes are done.

    Raises
    ------
    StackError, InputError
        If the gateway cannot be reached, or does not take the file at all.
    """
    if len(parts) > 1 or options.get("check_only"):  # one part is all or nothing by itself
        checked = Total()
        for part in parts:
            checked.add(_post(door, part, {**options, "check_only": True}))
            advance(len(part.data))
        if options.get("check_only") or (checked.problems and not options.get("partial")):
            return checked
    done = Total()
    for part in parts:
        done.add(_post(door, part, options))
        advance(len(part.data))
    return done


def _post(door: Door, part: Part, options: Options) -> dict[str, Any]:
    query = {**options, "first_line": part.first_line}
    report: dict[str, Any] = door.json("POST", "/api/v1/clinical", params=query, content=part.data)
    return report
