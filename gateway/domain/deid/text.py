"""Free text: what the published vocabulary knows stays readable, the rest is redacted.

Pure. A redacted piece becomes `UNMAPPED_` and a keyed hash: the same piece gets the same hash at
one centre, so a person can map it once, and nobody without the key can guess it.
"""

import hmac
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from gateway.domain.deid.profile import Vocabulary
from gateway.domain.identity import is_identity_code

REDACTED: Final = "UNMAPPED_"
HASH_DIGITS: Final = 8
LIMITS: Final = {"SH": 16, "LO": 64, "CS": 16, "AE": 16, "ST": 1024, "LT": 10240}
"""Longest value per VR in characters (PS3.5 6.2)."""

_PIECES = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")
_LETTERS_AND_DIGITS = re.compile(r"(\d+)")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+/-]*")
_DATE_LIKE = re.compile(r"(?<!\d)(?:(?:19|20)\d{6}|\d{1,2}[.\-/]\d{1,2}[.\-/]\d{2,4}|\d{6})(?!\d)")
_LONGEST_NUMBER = 5
_SHORTEST_NAME = 2


def fold(text: str) -> str:
    """Lower case without diacritics, so that `Mäkinen`, `MAKINEN` and `makinen` are one word."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(mark for mark in plain if not unicodedata.combining(mark))


def name_words(*texts: str) -> frozenset[str]:
    """The folded words of a patient's names and identifiers that must never be kept."""
    words = {fold(word) for text in texts for word in _PIECES.findall(text)}
    return frozenset(word for word in words if len(word) >= _SHORTEST_NAME)


@dataclass(frozen=True)
class Cleaner:
    """Cleans the texts of one patient's objects. `names`: folded words of this patient."""

    vocabulary: Vocabulary
    term_key: bytes = field(repr=False)
    names: frozenset[str] = field(repr=False)

    def clean(self, text: str, vr: str) -> tuple[str, list[tuple[str, str]]]:
        """The text that may stay, and what was redacted as (replacement, original) pairs."""
        digits = HASH_DIGITS - 1 if vr == "SH" else HASH_DIGITS
        if _DATE_LIKE.search(text):
            replacement = self.redact(text, digits)
            return replacement, [(replacement, text)]
        redacted: list[tuple[str, str]] = []
        several_names = len({fold(word) for word in _PIECES.findall(text)} & self.names) > 1

        def piece(match: re.Match[str]) -> str:
            word = match.group()
            if self._is_known(word, several_names):
                return word
            replacement = self.redact(word, digits)
            redacted.append((replacement, word))
            return replacement

        cleaned = _PIECES.sub(piece, text)
        if redacted and len(cleaned) > LIMITS.get(vr, len(cleaned)):
            replacement = self.redact(text, digits)
            return replacement, [(replacement, text)]
        return cleaned, redacted

    def clean_code(self, text: str, vr: str) -> tuple[str, list[tuple[str, str]]]:
        """As `clean`, for code values and versions: letters and digits may stay unknown."""
        looks_like_a_code = _CODE.fullmatch(text) and not _DATE_LIKE.search(text)
        if looks_like_a_code and not self.names_somebody(text):
            return text, []
        return self.clean(text, vr)

    def names_somebody(self, text: str) -> bool:
        """Whether a text holds a word of this patient's, or an identity code."""
        words = {fold(word) for word in _PIECES.findall(text)}
        return bool(words & self.names) or any(
            is_identity_code(part) for part in text.upper().split()
        )

    def redact(self, word: str, digits: int = HASH_DIGITS) -> str:
        mac = hmac.digest(self.term_key, fold(word).encode(), "sha256")
        return REDACTED + mac.hex()[:digits]

    def _is_known(self, word: str, several_names: bool) -> bool:
        folded = fold(word)
        if folded in self.vocabulary.words:
            # A patient may be called Kaula, which is also the neck: alone it names nobody.
            return not (several_names and folded in self.names)
        if folded in self.names:
            return False
        return all(self._is_known_part(part) for part in _CAMEL.split(word))

    def _is_known_part(self, part: str) -> bool:
        for bit in _LETTERS_AND_DIGITS.split(fold(part)):
            if len(bit) == 1:
                continue
            if bit.isdigit():
                if len(bit) > _LONGEST_NUMBER:
                    return False
            elif bit and (bit not in self.vocabulary.words or bit in self.names):
                return False
        return True
