"""What to look for: a patient's identifiers in every disguise in which they could be written."""

import base64
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

SHORTEST = 3
SHORTEST_NUMBER = 6
SPELT = 4
"""Shorter words are not sought letter by letter or as hexadecimal digits."""
SAFE_IN_BINARY = 8
"""Shorter words are found in pixel data by chance, so only longer ones are sought there."""

_LOCAL = str.maketrans(
    {"ä": "ae", "ö": "oe", "å": "aa", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae"}
)
_TEXT_CODES = ("latin-1", "utf-8")
_ENCODINGS = (*_TEXT_CODES, "utf-16-le", "utf-16-be")


@dataclass(frozen=True)
class KnownIdentity:
    """Who the patient is, and what else must not leave (staff, original UIDs). Shows nothing."""

    words: tuple[str, ...] = field(default=(), repr=False)
    """Identifiers and name parts; those shorter than three characters are not sought."""
    birth_dates: tuple[str, ...] = field(default=(), repr=False)
    """As YYYYMMDD."""
    everyday: frozenset[str] = field(default=frozenset(), repr=False)
    """Those of the words, casefolded, that are also anatomy (Kaula, neck). One of them alone names
    nobody, two of them in one value do."""
    staff: frozenset[str] = field(default=frozenset(), repr=False)
    """Words of people who are no patients, in small letters without diacritics; sought as words."""

    @cached_property
    def needles(self) -> tuple[tuple[bytes, bool], ...]:
        """Lower-case byte strings, and whether each must stand as a word of its own."""
        found: dict[bytes, bool] = {}
        for word in {w.strip() for w in (*self.words, *_dates(self.birth_dates))}:
            if len(word) >= SHORTEST and word.casefold() not in self.everyday:
                for spelling in _spellings(word):
                    for needle in _encoded(spelling):
                        found[needle] = len(word) < 6 and found.get(needle, True)
        return tuple(sorted(found.items()))

    @cached_property
    def numbers(self) -> tuple[bytes, ...]:
        """What is sought among numbers and dates, as a whole number: identifiers and birth dates.

        Six digits of a birth date are not: they are numbers of many other kinds.
        """
        digits = {re.sub(r"[\W_]", "", word) for word in (*self.words, *self.birth_dates)}
        sought = (each for each in digits if each.isdecimal() and len(each) >= SHORTEST_NUMBER)
        return tuple(sorted(each.encode() for each in sought))

    @cached_property
    def everyday_needles(self) -> tuple[tuple[bytes, ...], ...]:
        """The spellings of each everyday word in small letters, to be sought two words at a time.

        `bytes.lower` leaves letters beyond ASCII as they are, so capitals of those are there too.
        """
        return tuple(
            tuple({found for cased in _cases(word) for found in _in_codes(cased, _TEXT_CODES)})
            for word in sorted(self.everyday)
            if len(word) >= SHORTEST
        )

    @cached_property
    def bulk_needles(self) -> tuple[bytes, ...]:
        """What is sought in bulk data: long words, as given and in capitals.

        Bulk data is compared with the site's bit by bit; this is for what was there before.
        """
        sought = (word for word in self.words if word.casefold() not in self.everyday)
        long = [word for word in sought if len(word) >= SAFE_IN_BINARY]
        cased = {spelling for word in long for spelling in (word, word.upper())}
        return tuple(sorted(spelling.encode("latin-1", "ignore") for spelling in cased))


def _dates(days: tuple[str, ...]) -> Iterator[str]:
    """A birth date as people write it."""
    for day in days:
        year, month, date = day[:4], day[4:6], day[6:8]
        yield day
        yield f"{date}{month}{year[2:]}"
        yield f"{year}-{month}-{date}"
        yield f"{date}.{month}.{year}"
        yield f"{int(date)}.{int(month)}.{year}"
        yield f"{int(date)}.{int(month)}.{year[2:]}"


def without_marks(word: str) -> str:
    """Return a word in small letters without diacritics."""
    marked = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in marked if not unicodedata.combining(c))


def _spellings(word: str) -> set[str]:
    lower = word.casefold()
    plain = without_marks(word)
    composed = unicodedata.normalize("NFC", lower)
    spellings = {lower, composed, plain, composed.translate(_LOCAL), lower[::-1]}
    bare = re.sub(r"[\W_]", "", lower)
    if bare != lower and len(bare) >= 6:
        spellings.add(bare)
    return {s for s in spellings if len(s) >= SHORTEST}


def _encoded(spelling: str) -> Iterator[bytes]:
    # bytes.lower() touches ASCII only, so other letters are sought in both cases
    for cased in {spelling, spelling.upper()}:
        yield from _in_codes(cased, _ENCODINGS)
    if len(spelling) >= SPELT:
        yield from (between.join(spelling).encode().lower() for between in " .-_^")
        yield from (cased.encode().hex().encode() for cased in _cases(spelling))
    if len(spelling) >= 6:
        for cased in _cases(spelling):
            for shift in range(3):
                packed = base64.b64encode(bytes(shift) + cased.encode())
                # the ends depend on the neighbours; what lies between does not
                yield packed[4:-4].lower() if shift else packed[:-4].lower()


def _in_codes(word: str, codes: tuple[str, ...]) -> Iterator[bytes]:
    for code in codes:
        try:
            yield word.encode(code).lower()
        except UnicodeEncodeError:
            continue


def _cases(spelling: str) -> set[str]:
    return {spelling, spelling.upper(), spelling.capitalize()}


def stands_alone(body: bytes, at: int, length: int) -> bool:
    """Whether no letter or digit touches the hit, also when each letter takes two bytes."""
    before, after = body[max(at - 2, 0) : at], body[at + length : at + length + 2]
    return not (before[-1:].isalnum() or after[:1].isalnum())
