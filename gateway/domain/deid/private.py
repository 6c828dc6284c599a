"""Private attributes that the standard calls safe (PS3.15 E.3.10), of creators that a centre chose.

Pure. A block belongs to whoever stands in its creator element in the same data set; without one,
under another creator, or in another representation nothing is kept. Sequences and blobs never are.
"""

from collections.abc import Iterable
from typing import Final

from gateway.domain.deid.keeping import Stage
from gateway.domain.deid.profile import BINARY_SIZES, Action, Rule, SafePrivate
from gateway.domain.deid.stream import write_element
from gateway.domain.deid.values import even, is_legal, is_number

_FIRST_BLOCK: Final = 0x10
_LAST_BLOCK: Final = 0xFF
_SOURCE: Final = "PS3.15 E.3.10-1, chosen by the centre"

Kept = tuple[Rule, SafePrivate]


class PrivateBlocks:
    """Follows the private blocks of one object while it is read."""

    def __init__(self, safe: Iterable[SafePrivate]) -> None:
        self._safe = {(row.creator, row.group, row.number): row for row in safe}
        self._creators = {row.creator for row in self._safe.values()}
        self._blocks: dict[int, str] = {}
        self._rules: dict[tuple[int, str], Kept] = {}

    def enter(self) -> dict[int, str]:
        """Begin an item, which has blocks of its own; returns what `leave` must be given."""
        outer, self._blocks = self._blocks, {}
        return outer

    def leave(self, outer: dict[int, str]) -> None:
        self._blocks = outer

    def creator(self, tag: int, vr: bytes, value: bytes, explicit: bool) -> bytes:
        """The creator element of a block, if it is one of the chosen; else nothing."""
        name = value.strip(b" \0").decode("latin-1")
        if vr not in (b"LO", b"UN", b"") or name not in self._creators:
            return b""
        self._blocks[tag & 0xFFFF0000 | (tag & 0xFF) << 8] = name
        return write_element(tag, b"LO", even(name.encode("ascii")), explicit)

    def rule(self, tag: int, vr: bytes) -> Kept | None:
        """What is known of an element of a chosen creator's block, or None."""
        name = self._blocks.get(tag & 0xFFFFFF00)
        row = self._safe.get((name, tag >> 16, tag & 0xFF)) if name else None
        if row is None or vr not in (row.vr.encode(), b"UN", b""):
            return None
        key = (tag, row.creator)
        if key not in self._rules:
            keyword = f"{row.creator} ({row.group:04X},xx{row.number:02X})"
            rule = Rule(tag, keyword, row.vr, Action.CLEAN, frozenset(), _SOURCE)
            self._rules[key] = rule, row
        return self._rules[key]


def is_creator(tag: int) -> bool:
    return _FIRST_BLOCK <= tag & 0xFFFF <= _LAST_BLOCK


def kept_value(kept: Kept, value: bytes, stage: Stage, character_sets: bytes) -> bytes | None:
    """The value that may stay, or None when it is not what the standard says it is."""
    rule, row = kept
    if row.vr in BINARY_SIZES:
        return value if len(value) == BINARY_SIZES[row.vr] * (row.most or 1) else None
    if row.most is not None and value.count(b"\\") >= row.most:
        return None
    if row.vr in ("DS", "IS"):
        return value if is_number(value) else None
    if row.vr == "UI":
        return stage.uid(value) if is_legal("UI", value) else None
    if row.vr == "CS":
        return value if is_legal("CS", value) and stage.kept_text(rule, value) == value else None
    return stage.text(rule, value, character_sets)
