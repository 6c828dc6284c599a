"""Bring a written name to plain lower-case Latin letters and split it into tokens."""

import re
import unicodedata

SPELLED_OUT = str.maketrans(
    {"ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ß": "ss", "œ": "oe", "Œ": "OE", "ł": "l", "đ": "d"}
)
LOOKALIKES = str.maketrans("аеорсухіАВЕКМНОРСТХІ", "aeopcyxiABEKMHOPCTXI")
"""Cyrillic letters that a keyboard layout slips in and nobody sees."""
DIGRAPHS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})
BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
TOKEN = re.compile(r"[A-Za-z0-9]+")
ELISION = re.compile(r"\b[dlDL]['’`]")
SEPARATORS = re.compile(r"[\s_\-]+")


def plain(text: str) -> str:
    """Return `text` without accents, control and invisible characters; case is kept."""
    if text.isascii():
        return text if text.isprintable() else _visible(text)
    decomposed = unicodedata.normalize("NFKD", text.translate(SPELLED_OUT).translate(LOOKALIKES))
    return _visible("".join(c for c in decomposed if not unicodedata.combining(c)))


def _visible(text: str) -> str:
    """Turn control characters into blanks, drop invisible format characters."""
    return "".join(
        " " if unicodedata.category(c) == "Cc" else c
        for c in text
        if unicodedata.category(c) != "Cf"
    ).strip()


def tokens(text: str) -> list[str]:
    """Split a plain text at separators and at changes of case: `LensL_PRV` -> lens, l, prv."""
    found = []
    for run in TOKEN.findall(ELISION.sub("", text)):
        found += [part.lower() for part in BOUNDARY.split(run)]
    return found


def key(text: str) -> str:
    """Return what stays of a name when case, blank, `_` and `-` do not count."""
    return SEPARATORS.sub("", text).lower()


def spellings(word: str) -> set[str]:
    """Return how a dictionary word may be written without its accents: Röhre -> rohre, roehre."""
    if word.isascii():
        return {re.sub(r"[^a-z0-9]", "", word.lower())} - {""}
    folded = plain(word).lower()
    digraphs = plain(word.lower().translate(DIGRAPHS))
    return {re.sub(r"[^a-z0-9]", "", form) for form in (folded, digraphs)} - {""}
