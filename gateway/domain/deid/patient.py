"""The texts of one patient's objects: what they become is remembered from one object to the next.

Pure but for that memory, which holds identifiers: it ends with the process and shows nothing.
"""

from functools import partial
from typing import Final

from gateway.domain.deid.identification import decode
from gateway.domain.deid.profile import Action, Rule
from gateway.domain.deid.text import Cleaner
from gateway.domain.deid.values import even

CODE_VALUE: Final = 0x00080100
MOST_REMEMBERED: Final = 4096
"""Texts of one patient. Beyond that everything is forgotten and begins anew."""

Redacted = tuple[tuple[str, str], ...]
"""Replacement and original of each redacted piece."""


class PatientTexts:
    """Cleans the texts of one patient's objects, each once. Safe for several threads."""

    def __init__(self, cleaner: Cleaner) -> None:
        self.cleaner = cleaner
        self._coded: dict[bytes, bytes] = {}
        self._cleaned: dict[tuple[int, bytes, bytes], tuple[bytes, Redacted]] = {}

    def coded(self, value: bytes) -> bytes:
        """A coded string; of several values those stay that look like terms."""
        known = self._coded.get(value)
        if known is None:
            if len(self._coded) >= MOST_REMEMBERED:
                self._coded = {}
            known = self._coded[value] = self._checked(value)
        return known

    def _checked(self, value: bytes) -> bytes:
        text = value.decode("latin-1").rstrip(" \0")
        if text and self.cleaner.names_somebody(text):
            return b""
        parts = text.split("\\")
        new = [part if self.cleaner.may_be_coded(part) else "" for part in parts]
        return value if new == parts else even("\\".join(new).encode("latin-1"))

    def cleaned(self, rule: Rule, value: bytes, character_sets: bytes) -> tuple[bytes, Redacted]:
        """A text with what may stay of it, and what was redacted."""
        key = (rule.tag, value, character_sets)
        known = self._cleaned.get(key)
        if known is None:
            if len(self._cleaned) >= MOST_REMEMBERED:
                self._cleaned = {}
            known = self._cleaned[key] = self._clean(rule, value, character_sets)
        return known

    def _clean(self, rule: Rule, value: bytes, character_sets: bytes) -> tuple[bytes, Redacted]:
        plain = decode(value, character_sets).rstrip(" \0")
        clean = self.cleaner.clean
        if rule.action is Action.CODE:
            clean = partial(self.cleaner.clean_code, long_numbers=rule.tag == CODE_VALUE)
        parts = plain.split("\\") if rule.vr in ("LO", "SH", "UC") else [plain]
        done = [clean(part, rule.vr) for part in parts]
        new = [text for text, _ in done]
        if new == parts:
            return value, ()
        redacted = tuple(pair for _, pairs in done for pair in pairs)
        return even(encode("\\".join(new), character_sets)), redacted


def encode(text: str, character_sets: bytes) -> bytes:
    """In the encoding that the original was read by; what it cannot write is redacted to `?`."""
    if text.isascii():
        return text.encode("ascii")
    for encoding in ("utf-8", "latin-1"):
        try:
            if decode(text.encode(encoding), character_sets) == text:
                return text.encode(encoding)
        except UnicodeError:
            continue
    return text.encode("ascii", "replace")
