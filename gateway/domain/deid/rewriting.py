"""One pass over the bytes of a data set: what a rule keeps is copied, the rest never gets through.

Pure. Values are not decoded unless a rule changes them, so contours, doses and pixels are copied
as they are. Sequences are written with defined lengths.
"""

import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from gateway.domain.deid.compressed import require_images_only
from gateway.domain.deid.keeping import Keeper, Mark, Stage
from gateway.domain.deid.private import PrivateBlocks, is_creator, kept_value
from gateway.domain.deid.profile import Action, Rule, SafePrivate
from gateway.domain.deid.stream import (
    DEEPEST,
    ITEM_END,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED,
    Part10,
    implicit_header,
    lying,
    skip_fragments,
    skip_sequence,
    too_deep,
    truncated,
    write_element,
)
from gateway.domain.deid.values import even, require_legal, wrong_vr
from gateway.errors import RejectError

KEEP: Final = Action.KEEP
"""A name that is looked up fast."""
Part = bytes | bytearray | memoryview
_LENGTH = struct.Struct("<L")
_IMPLICIT = struct.Struct("<HHL")
_ITEM_TAG = struct.pack("<HH", 0xFFFE, 0xE000)
_ITEM_HEAD = struct.pack("<HHL", 0xFFFE, 0xE000, 0)
_SMALL = 4096
"""Below this many bytes a slice is cheaper than a view."""
_TEXT = ("SH", "LO", "ST", "LT", "UT", "UC")
_ACCEPTED = {
    "US": (b"US", b"SS"),
    "SS": (b"US", b"SS"),
    "OW": (b"OW", b"OB"),
    **dict.fromkeys(_TEXT, tuple(vr.encode() for vr in _TEXT)),
}
"""Other representations that real objects use for an attribute of this one."""


class Rewriter:
    """Rewrites one data set. `actions` counts what was done; use an instance once."""

    def __init__(
        self,
        source: Part10,
        rules: Mapping[int, Rule],
        stage: Stage,
        safe_private: Sequence[SafePrivate] = (),
    ) -> None:
        self.actions: Counter[str] = Counter()
        self._keeper = Keeper(stage)
        self._kept = 0
        self._data = source.body
        self._source = source
        self._rules = rules
        self._stage = stage
        self._explicit = source.explicit
        self._read = source.read_header
        self._parts: list[Part] = []
        self._size = 0
        """Bytes in all parts: what a sequence has grown by is its length."""
        self._pending: list[Mark] = []
        self._uids: dict[tuple[int, bytes], bytes] = {}
        self._heads: dict[int, bytes] = {}
        self._replaced_uids = 0
        self._blocks = PrivateBlocks(safe_private)
        self._some_private = bool(safe_private)

    def rewrite(self) -> list[Part]:
        """The new data set, in parts that belong side by side.

        Raises
        ------
        RejectError
            When the bytes are not a well-formed data set, or a rule refuses it.
        """
        self._pending = self._stage.marks(self._explicit)
        end = len(self._data)
        at = self._dataset(self._source.start, end, 0, delimited=False)
        self._write_marks(UNDEFINED)
        self.actions["kept"] += self._kept + self._keeper.kept
        self.actions["uid"] += self._replaced_uids
        if at != end:
            raise lying()
        return self._parts

    def _dataset(self, at: int, end: int, depth: int, delimited: bool) -> int:
        """Rewrite the elements of one data set or item. Every element passes through this loop."""
        data, rules, explicit = self._data, self._rules, self._explicit
        keeper = self._keeper
        run = at  # where the elements begin that stay as they are and were not copied yet
        last, mark = -1, self._write_marks(0) if depth == 0 else UNDEFINED
        while at < end:
            if explicit or at + 8 > end:
                tag, vr, start, length = self._read(data, at, end)
            else:  # as `implicit_header`, without the call
                group, number, length = _IMPLICIT.unpack_from(data, at)
                tag, vr, start = group << 16 | number, b"", at + 8
                if start + length > end and length != UNDEFINED:
                    raise lying()
            if tag == ITEM_END and delimited:
                self._copy(run, at)
                return start
            if tag <= last:
                raise RejectError("tag-order", "Attributes are repeated or out of order.")
            last = tag
            if tag > mark:
                self._copy(run, at)
                run, mark = at, self._write_marks(tag)
            rule = rules.get(tag)
            if rule is not None and length != UNDEFINED:
                if vr and vr != rule.raw_vr:
                    self._require_accepted(rule, vr)
                if rule.action is KEEP and keeper.stays(rule, data, start, start + length):
                    at = start + length
                    continue
            if run != at:
                self._copy(run, at)
            at = run = self._change(rule, tag, vr, start, length, end, depth)
        if delimited:
            raise truncated()
        self._copy(run, at)
        return at

    def _change(
        self, rule: Rule | None, tag: int, vr: bytes, start: int, length: int, end: int, depth: int
    ) -> int:
        """Write or drop an element that does not stay as it is; the position after it."""
        if rule is None:
            if self._some_private and tag >> 16 & 1 and length != UNDEFINED:
                return self._private(tag, vr, start, length)
            return self._drop(tag, vr, start, length, end, depth)
        action = rule.action
        if action is Action.SEQUENCE or length == UNDEFINED:
            return self._nested(rule, vr, start, length, end, depth)
        if action is Action.UID:
            value = self._data[start : start + length]
            self._add(self._uids.get((tag, value)) or self._replaced(rule, vr, value))
            self._replaced_uids += 1
        elif action is Action.KEEP:
            new = self._keeper.coded(rule, self._data[start : start + length])
            self._write(rule, rule.raw_vr, new)
            self.actions["cleaned" if new else "emptied"] += 1
        else:
            self._element(rule, vr, start, length)
        return start + length

    def _add(self, part: Part) -> None:
        self._parts.append(part)
        self._size += len(part)

    def _private(self, tag: int, vr: bytes, start: int, length: int) -> int:
        """Keep what the standard calls safe, of a creator that the centre has chosen."""
        value, done = self._data[start : start + length], "removed"
        if is_creator(tag):
            written = self._blocks.creator(tag, vr, value, self._explicit)
            done = "kept" if written else done
            self._add(written)
        elif kept := self._blocks.rule(tag, vr):
            new = kept_value(kept, value, self._stage, self._keeper.character_sets)
            if new is not None:
                done = "kept" if new == value else "cleaned"
                self._write(kept[0], vr, new)
        self.actions[done] += 1
        return start + length

    def _replaced(self, rule: Rule, vr: bytes, value: bytes) -> bytes:
        """A whole element with the new UID; a structure set refers to one image many times."""
        require_legal("UI", value)
        written = vr if vr not in (b"UN", b"") else rule.raw_vr
        new = even(self._stage.uid(value), b"\0")
        self._uids[rule.tag, value] = element = write_element(
            rule.tag, written, new, self._explicit
        )
        return element

    def _copy(self, start: int, stop: int) -> None:
        size = stop - start
        if size:
            whole = self._data if size < _SMALL else memoryview(self._data)
            self._parts.append(whole[start:stop])
            self._size += size

    def _require_accepted(self, rule: Rule, vr: bytes) -> None:
        if vr != b"UN" and vr not in _ACCEPTED.get(rule.vr, ()):
            raise wrong_vr(rule.keyword)

    def _write_marks(self, before: int) -> int:
        """Write the marks whose place has come; the tag of the next one."""
        while self._pending and self._pending[0][0] < before:
            self._add(self._pending.pop(0)[1]())
        return self._pending[0][0] if self._pending else UNDEFINED

    def _drop(self, tag: int, vr: bytes, start: int, length: int, end: int, depth: int) -> int:
        self.actions["removed"] += 1
        if length != UNDEFINED:
            return start + length
        if tag == PIXEL_DATA:
            return skip_fragments(self._data, start, end)
        read = implicit_header if vr == b"UN" else self._read
        return skip_sequence(read, self._data, start, end, depth + 1)

    def _nested(self, rule: Rule, vr: bytes, start: int, length: int, end: int, depth: int) -> int:
        if rule.tag == PIXEL_DATA and length == UNDEFINED and depth == 0:
            return self._fragments(vr, start, end)
        if rule.action is Action.MARK:
            return self._drop(rule.tag, vr, start, length, end, depth)
        if rule.action is not Action.SEQUENCE or vr not in (b"SQ", b""):
            raise wrong_vr(rule.keyword)
        if depth + 1 > DEEPEST:
            raise too_deep()
        if rule.tag not in self._heads:
            self._heads[rule.tag] = write_element(rule.tag, b"SQ", b"", self._explicit)
        head = bytearray(self._heads[rule.tag])
        self._parts.append(head)
        before = self._size
        at = self._items(start, length, end, depth + 1)
        _LENGTH.pack_into(head, len(head) - 4, self._size - before)
        self._size += len(head)
        self._kept += 1
        return at

    def _items(self, at: int, length: int, end: int, depth: int) -> int:
        stop = end if length == UNDEFINED else at + length
        keeper, some_private, data = self._keeper, self._some_private, self._data
        while at < stop:
            start = at + 8
            if data[at : at + 4] == _ITEM_TAG and start <= stop:  # by far the most frequent
                (item_length,) = _LENGTH.unpack_from(data, at + 4)
                if item_length != UNDEFINED and start + item_length > stop:
                    raise lying()
            else:
                tag, *_ = implicit_header(data, at, stop)
                if tag == SEQUENCE_END and length == UNDEFINED:
                    return start
                raise RejectError("not-an-item", "A sequence holds something that is not an item.")
            head = bytearray(_ITEM_HEAD)
            self._parts.append(head)
            before, outer = self._size, keeper.character_sets
            blocks = self._blocks.enter() if some_private else None
            if item_length == UNDEFINED:
                at = self._dataset(start, stop, depth, delimited=True)
            else:
                at = self._dataset(start, start + item_length, depth, delimited=False)
            keeper.character_sets = outer
            if blocks is not None:
                self._blocks.leave(blocks)
            _LENGTH.pack_into(head, 4, self._size - before)
            self._size += 8
        if length == UNDEFINED:
            raise truncated()
        return at

    def _fragments(self, vr: bytes, start: int, end: int) -> int:
        syntax = self._source.transfer_syntax
        at = require_images_only(self._data, start, end, syntax, self._keeper.image)
        head = bytearray(write_element(PIXEL_DATA, vr, b"", self._explicit))
        _LENGTH.pack_into(head, len(head) - 4, UNDEFINED)
        self._add(head)
        self._copy(start, at)
        self.actions["kept"] += 1
        return at

    def _element(self, rule: Rule, vr: bytes, start: int, length: int) -> None:
        value = self._data[start : start + length]
        if rule.action is Action.MARK:
            self._stage.mark_seen(rule, value)
            self.actions["replaced"] += 1
            return
        new, word = self._keeper.changed(rule, value)
        self.actions[word] += 1
        self._write(rule, vr, new)

    def _write(self, rule: Rule, vr: bytes, value: bytes) -> None:
        written = vr if vr not in (b"UN", b"") else rule.vr.encode()
        self._add(write_element(rule.tag, written, even(value), self._explicit))
