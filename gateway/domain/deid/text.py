"""Free text: what the published vocabulary knows stays readable, the rest is redacted.

Pure. A redacted piece becomes `UNMAPPED_` and a keyed hash: the same piece gets the same hash at
one centre, so a person can map it once, and nobody without the key can guess it.
"""

import hmac
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from gateway.contract.marks import REDACTED
from gateway.domain.deid.profile import Vocabulary
from gateway.domain.identity import is_identity_code

HASH_DIGITS: Final = 8
LIMITS: Final = {"SH": 16, "LO": 64, "CS": 16, "AE": 16, "ST": 1024, "LT": 10240}
"""Longest value per VR in characters (PS3.5 6.2)."""

_PIECES = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")
_LETTERS_AND_DIGITS = re.compile(r"(\d+)")
_CODE = re.compile(r"[A-Za-z0-9+][A-Za-z0-9 ._+/-]*")
_LETTERS = re.compile(r"[^\W\d_]+")
_LONGEST_NUMBER = 5
_MOST_DIGITS = 6
_MOST_BITS = 5
"""Letters and digits may change places so often in a word; hexadecimal does it more often."""
_SHORTEST_NAME = 2
_SHORTEST_NUMBER = 4
"""A shorter number in an identifier is everywhere, so it cannot be kept out."""
_SHORTEST_NAME_IN_CODE = 3
_SHORTEST_WORD_IN_CODE = 4
_SHORTEST_HIDDEN = 5
"""A shorter name is not sought across blanks and signs: it stands there by chance."""

_YEAR, _MONTH, _DAY = r"(?:19|20)?\d\d", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_BETWEEN = r"[ ._/\-]{1,2}"
_MONTH_NAMES = (
    "(?:tammi|helmi|maalis|huhti|touko|kesä|heinä|elo|syys|loka|marras|joulu)(?:kuu(?:ta|n)?)?"
    "|jan(?:uari|uary)?|feb(?:ruari|ruary)?|mars?|march|apr(?:il)?|maj|may|june?|juni|july?|juli"
    "|aug(?:usti|ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_PHONE = r"(?<!\d)(?:\+|0)0?[1-9]\d{0,3}(?:[ ()/_\-]{0,2}\d){5,}"
_LETTERS_AS_NUMBERS = r"(?<!\d)(?:\d{2,3}[.]){4}\d{2,3}(?!\d)"
_FROM_THE_YEAR = (
    r"(?<!\d)(?:19|20)\d\d[ ._/\-]?(?:0[1-9]|1[0-2])[ ._/\-]?(?:0[1-9]|[12]\d|3[01])(?!\d)"
)
_SPELT = r"(?<![^\W_])(?:[^\W\d_][\W_]+){3,}[^\W\d_](?![^\W_])"
_SPELT_OUT = re.compile(_SPELT)
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
    "|(?:%[0-9A-Fa-f]{2}){2}|(?:[0-9A-Fa-f]{2}%){2}"
)
"""Signs that cannot be seen, and letters written as percent and two digits."""
_BARE_CODE = re.compile(r"(?=(\d{9}[0-9a-y]))")
_DAY_OF = re.compile(r"(?:18|19|20)\d{6}")
_LONG_NUMBER = re.compile(r"\d{7}")
_DIGIT = re.compile(r"\d")
"""Every pattern below needs one, but for the names that are spelt."""
_WHOLE = tuple(
    re.compile(pattern)
    for pattern in (
        r"\d{6}",
        r"(?:\d[\W_]+){5}\d",
        r"^(?=(?:\D*\d){9})[\d\s+()/.\-]+$",
        _LETTERS_AS_NUMBERS,
        _FROM_THE_YEAR,
        rf"(?<!\d){_DAY}{_BETWEEN}{_MONTH}{_BETWEEN}{_YEAR}(?!\d)",
        rf"(?<!\d){_MONTH}[/\-]{_DAY}[/\-]{_YEAR}(?!\d)",
        rf"(?<!\d)(?:19|20)\d\d{_BETWEEN}{_MONTH}{_BETWEEN}{_DAY}(?!\d)",
        rf"\d[ ._-]{{0,2}}(?:{_MONTH_NAMES})(?![^\W\d_])",
        rf"(?<![^\W\d_])(?:{_MONTH_NAMES})[ ._-]{{0,2}}\d",
        _PHONE,
        _SPELT,
    )
)
"""Dates, phone numbers, long numbers and names with a blank after each letter: where one is found,
nothing of the text is kept, since its parts are harmless one by one."""
_WHOLE_CODE = tuple(
    re.compile(pattern)
    for pattern in (
        _LETTERS_AS_NUMBERS,
        _FROM_THE_YEAR,
        rf"(?<!\d){_DAY}{_BETWEEN}{_MONTH}{_BETWEEN}(?:19|20)\d\d(?!\d)",
        rf"(?<!\d)(?:19|20)\d\d{_BETWEEN}{_MONTH}{_BETWEEN}{_DAY}(?!\d)",
        _PHONE,
        _SPELT,
    )
)
"""The same for codes and versions, which have numbers of their own: `13.7.33`, `113100`."""


def fold(text: str) -> str:
    """Lower case without diacritics, so that `Mäkinen`, `MAKINEN` and `makinen` are one word."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(mark for mark in plain if not unicodedata.combining(mark))


def name_words(*texts: str) -> frozenset[str]:
    """The folded words of a patient's names and identifiers that must never be kept."""
    composed = (unicodedata.normalize("NFC", text) for text in texts)
    words = {fold(word) for text in composed for word in _PIECES.findall(text)}
    return frozenset(
        word
        for word in words
        if len(word) >= (_SHORTEST_NUMBER if word.isdigit() else _SHORTEST_NAME)
    )


def hidden_forms(vocabulary: Vocabulary, *texts: str) -> frozenset[str]:
    """What a patient's names and identifiers look like with other signs in between, or backwards.

    Words of the vocabulary are not among them: they stand in many texts.
    """
    words = {word for word in name_words(*texts) if word not in vocabulary.words}
    whole = {_squeezed(text) for text in texts if any(map(str.isdigit, text))}
    whole |= {form for text in texts if _DAY_OF.fullmatch(text) for form in _other_dates(text)}
    long = {word for word in words | whole if len(word) >= _SHORTEST_HIDDEN + word.isdigit()}
    return frozenset(long | {word[::-1] for word in long})


def _other_dates(day: str) -> tuple[str, ...]:
    year, month, date = day[:4], day[4:6], day[6:]
    return date + month + year, date + month + year[2:]


def _squeezed(text: str) -> str:
    return "".join(_PIECES.findall(fold(text)))


def _hides_a_code(squeezed: str) -> bool:
    """Whether the digits and check character of an identity code follow each other."""
    codes = (match[1].upper() for match in _BARE_CODE.finditer(squeezed))
    return any(is_identity_code(f"{code[:6]}-{code[6:]}") for code in codes)


def is_all_or_nothing(text: str, patterns: tuple[re.Pattern[str], ...] = _WHOLE) -> bool:
    """Whether a text holds something that must go as a whole."""
    if _HIDDEN.search(text.rstrip("\0")):
        return True
    if not _DIGIT.search(text):
        return bool(_SPELT_OUT.search(text))
    small = text.casefold()
    return any(pattern.search(small) for pattern in patterns)


@dataclass(frozen=True)
class Cleaner:
    """Cleans the texts of one patient's objects. `names`: folded words of this patient."""

    vocabulary: Vocabulary
    term_key: bytes = field(repr=False)
    names: frozenset[str] = field(repr=False)
    hidden: frozenset[str] = field(default=frozenset(), repr=False)
    """See `hidden_forms`."""

    def clean(self, text: str, vr: str) -> tuple[str, list[tuple[str, str]]]:
        """The text that may stay, and what was redacted as (replacement, original) pairs."""
        digits = HASH_DIGITS - 1 if vr == "SH" else HASH_DIGITS
        if is_all_or_nothing(text) or self._hides_somebody(text):
            replacement = self.redact(text, digits)
            return replacement, [(replacement, text)]
        composed = unicodedata.normalize("NFC", text)
        redacted: list[tuple[str, str]] = []
        several_names = len({fold(word) for word in _PIECES.findall(composed)} & self.names) > 1

        def piece(match: re.Match[str]) -> str:
            word = match.group()
            if self._is_known(word, several_names):
                return word
            replacement = self.redact(word, digits)
            redacted.append((replacement, word))
            return replacement

        cleaned = _PIECES.sub(piece, composed)
        if not redacted:
            return text, []
        if len(cleaned) > LIMITS.get(vr, len(cleaned)):
            replacement = self.redact(text, digits)
            return replacement, [(replacement, text)]
        return cleaned, redacted

    def clean_code(
        self, text: str, vr: str, long_numbers: bool = True
    ) -> tuple[str, list[tuple[str, str]]]:
        """As `clean`, for code values and versions: short letters and digits may be unknown."""
        harmless = _CODE.fullmatch(text) and not is_all_or_nothing(text, _WHOLE_CODE)
        harmless = harmless and (long_numbers or not _LONG_NUMBER.search(text))
        if harmless and not self.names_somebody(text) and not self._has_unknown_words(text):
            return text, []
        return self.clean(text, vr)

    def names_somebody(self, text: str) -> bool:
        """Whether a coded value holds a word of this patient's, or an identity code.

        One word that the vocabulary knows does not count: a PatientID may begin with `CT`.
        """
        words = {fold(word) for word in _PIECES.findall(text)} & self.names
        everyday = words & self.vocabulary.words
        own = [word for word in words - everyday if len(word) >= _SHORTEST_NAME_IN_CODE]
        coded = any(is_identity_code(part) for part in text.upper().split())
        return bool(own) or len(everyday) > 1 or coded or self._hides_somebody(text)

    def may_be_coded(self, text: str) -> bool:
        """Whether one value of a coded string (CS) looks like a term of the standard."""
        if sum(map(str.isdigit, text)) > _MOST_DIGITS or is_all_or_nothing(text):
            return False
        return not self._has_unknown_words(text)

    def _has_unknown_words(self, text: str) -> bool:
        known, coded = self.vocabulary.words, self.vocabulary.coded
        long = (fold(w) for w in _LETTERS.findall(text) if len(w) >= _SHORTEST_WORD_IN_CODE)
        return any(word not in known and word not in coded for word in long)

    def _hides_somebody(self, text: str) -> bool:
        """Whether a name or identifier stands there when all but letters and digits is left out."""
        squeezed = _squeezed(text)
        return any(form in squeezed for form in self.hidden) or _hides_a_code(squeezed)

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
        if sum(letter.isdigit() for letter in word) > _MOST_DIGITS:
            return False
        return all(self._is_known_part(part) for part in _CAMEL.split(word))

    def _is_known_part(self, part: str) -> bool:
        bits = [bit for bit in _LETTERS_AND_DIGITS.split(fold(part)) if bit]
        return len(bits) <= _MOST_BITS and all(self._is_known_bit(bit) for bit in bits)

    def _is_known_bit(self, bit: str) -> bool:
        if len(bit) == 1:
            return True
        if bit in self.names:
            return False
        return len(bit) <= _LONGEST_NUMBER if bit.isdigit() else bit in self.vocabulary.words
