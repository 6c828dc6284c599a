"""What becomes of one value: what a stage must know how to do, and what may stay as it is.

Pure. A kept value is looked at but not decoded: numbers must be numbers, coded strings terms, and a
binary value no longer than its definition.
"""

from collections.abc import Callable
from typing import Final, Protocol

from gateway.domain.deid.identification import character_set_names
from gateway.domain.deid.profile import Action, Rule
from gateway.domain.deid.stream import PIXEL_DATA
from gateway.domain.deid.values import (
    DUMMIES,
    LEGAL,
    NUMBER_OF_FRAMES,
    TABLES,
    ImageSize,
    bad_value,
    is_legal,
    is_number,
    is_time,
)
from gateway.errors import RejectError

CHARACTER_SET: Final = 0x00080005
_WORDS = frozenset((b"CS", b"TM"))
_FEW = 64
"""Up to this many bytes each number is read; longer values are searched for letters only."""

Mark = tuple[int, Callable[[], bytes]]
"""Tag, and what writes the whole element when its place has come, if anything."""


class Stage(Protocol):
    """What one stage does with the values that it changes. `character_sets`: raw (0008,0005)."""

    def marks(self, explicit: bool) -> list[Mark]:
        """Elements to write at the top level, sorted by tag."""
        ...

    def mark_seen(self, rule: Rule, value: bytes) -> None:
        """A mark that the object already carries; called before the new one is written."""
        ...

    def uid(self, value: bytes) -> bytes: ...

    def date(self, vr: str, value: bytes) -> bytes: ...

    def age(self, value: bytes) -> bytes: ...

    def pseudonym(self) -> bytes: ...

    def text(self, rule: Rule, value: bytes, character_sets: bytes) -> bytes: ...

    def hashed(self, rule: Rule, value: bytes, character_sets: bytes) -> bytes: ...

    def kept_text(self, rule: Rule, value: bytes) -> bytes:
        """A coded string that a rule keeps: what of it is a term and names nobody."""
        ...


class Keeper:
    """Decides on the values of one object, in the order in which they stand."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.kept = 0
        """How many values have stayed."""
        self.character_sets = b""
        """Raw (0008,0005) that is in force."""
        self._words: dict[tuple[int, bytes], bool] = {}
        """Coded values and times that were met, and whether they may stay."""
        self._numbers: set[bytes] = set()
        """Short values that are numbers."""
        self.image = ImageSize()
        """What the object has told of its pixels so far."""

    def stays(self, rule: Rule, data: bytes, start: int, stop: int) -> bool:
        """Whether a kept value may stay; a wrong number or binary value refuses the object."""
        if rule.digits is not None:
            value = data[start:stop]
            # a long value is not looked up: to hash it takes longer than to look at it
            known = stop - start <= _FEW and value in self._numbers
            if not known or rule.tag == NUMBER_OF_FRAMES:
                self._require_numbers(rule, value)
        elif rule.raw_vr in _WORDS:
            value = data[start:stop]
            may = self._words.get((rule.tag, value))
            if may is None:
                may = self._words[rule.tag, value] = self._may_keep(rule, value)
            if rule.tag == CHARACTER_SET:
                self.character_sets = value if may else b""
            if not may:
                return False
        elif rule.length or rule.tag == PIXEL_DATA or rule.tag in TABLES:
            self._require_length(rule, data, start, stop)
        self.kept += 1
        return True

    def _require_numbers(self, rule: Rule, value: bytes) -> None:
        if len(value) > _FEW:
            wrong = bool(value.translate(None, LEGAL[rule.vr]))
        else:
            wrong = not is_number(value)
            self._numbers.add(value)
        if wrong:
            raise bad_value(rule.vr)
        if rule.tag == NUMBER_OF_FRAMES:
            self.image.see(rule.tag, value)

    def _require_length(self, rule: Rule, data: bytes, start: int, stop: int) -> None:
        """A binary value that is longer than its definition has room for a text."""
        length = stop - start
        if rule.tag == PIXEL_DATA:
            allowed = self.image.size_bytes
            if allowed is not None and length > allowed + allowed % 2:
                raise RejectError("pixel-length", "There is more in the pixel data than pixels.")
            if self.image.hides_bits(data, start, stop):
                raise RejectError("pixel-bits", "Bits that no pixel uses hold something.")
            return
        if rule.tag in TABLES:
            if not self.image.is_table(rule.tag, length):
                raise bad_value(rule.vr)
            return
        if length not in (0, rule.length):
            raise bad_value(rule.vr)
        self.image.see(rule.tag, data[start:stop])

    def _may_keep(self, rule: Rule, value: bytes) -> bool:
        if rule.vr == "TM":
            return is_time(value)
        if not is_legal(rule.vr, value):
            return False
        if rule.tag == CHARACTER_SET:
            return character_set_names(value) is not None
        return self._stage.kept_text(rule, value) == value

    def coded(self, rule: Rule, value: bytes) -> bytes:
        """What may stay of a kept value that may not stay as it is."""
        if rule.vr != "CS" or rule.tag == CHARACTER_SET or not is_legal("CS", value):
            return b""
        return self._stage.kept_text(rule, value)

    def changed(self, rule: Rule, value: bytes) -> tuple[bytes, str]:
        """The new value and the word under which it is counted."""
        stage, action = self._stage, rule.action
        if action is Action.DATE:
            return stage.date(rule.vr, value), "date"
        if action is Action.CLEAN or action is Action.CODE:
            cleaned = stage.text(rule, value, self.character_sets)
            return cleaned, "kept" if cleaned == value else "cleaned"
        if action is Action.HASH:
            return stage.hashed(rule, value, self.character_sets), "replaced"
        if action is Action.DUMMY:
            return DUMMIES[rule.vr], "replaced"
        if action is Action.PSEUDONYM:
            return stage.pseudonym(), "replaced"
        if action is Action.AGE:
            return stage.age(value), "kept"
        if action is Action.BURNED_IN:
            if value.strip(b" \0").upper() == b"YES":
                raise RejectError("burned-in", "The image has text burned into its pixels.")
            return (value, "kept") if value.strip(b" \0") == b"NO" else (b"", "emptied")
        return b"", "emptied"
