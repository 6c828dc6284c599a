"""Reasons in words, for the person who decides."""

from harmonizer.domain.nomenclature.catalogue import Guess
from harmonizer.domain.nomenclature.decoration import Decoration
from harmonizer.domain.nomenclature.reading import Reading
from harmonizer.domain.nomenclature.senses import LATIN, MARK, Sense

MOST_LANGUAGES = 3


def reading_reason(reading: Reading, decoration: Decoration, guess: Guess | None = None) -> str:
    """Say what each word means: `'vas' = left (fi); 'keuhko' = lung (fi)`."""
    parts = [_sense(sense) for sense in reading.senses]
    parts += [f"'{word}' is not known" for word in reading.unknown]
    if decoration.margin:
        size = decoration.margin.millimetres
        parts.append("planning risk volume" + (f" of {size} mm" if size is not None else ""))
    if decoration.partial:
        parts.append("'~' = only a part of it was contoured")
    if decoration.union:
        parts.append("a sign joins two structures")
    elif decoration.doubt:
        parts.append("a margin was added, it was doubted, or it is a copy")
    if guess and (differs := difference(guess)):
        parts.append(differs)
    return "; ".join(parts)


def difference(guess: Guess) -> str:
    """Say what a name and the standard name that it resembles do not have in common."""
    parts = []
    if guess.missing:
        parts.append("the name does not say: " + ", ".join(sorted(guess.missing)))
    if guess.extra:
        named = ", ".join(sorted(concept.removeprefix(MARK) for concept in guess.extra))
        parts.append("the standard name does not say: " + named)
    return "; ".join(parts)


def _sense(sense: Sense) -> str:
    meaning = " ".join(sorted(c.removeprefix(MARK) for c in sense.concepts)) or "adds nothing"
    spoken = sorted(sense.languages - {LATIN})[:MOST_LANGUAGES]
    language = f" ({', '.join(spoken)})" if spoken and LATIN not in sense.languages else ""
    return f"'{sense.word}' = {meaning}{language}" + (f", {sense.note}" if sense.note else "")


def helper_reason(text: str, marks: tuple[str, ...]) -> str:
    """Say why a name is a planning aid."""
    if marks:
        words = ", ".join(f"'{mark}'" for mark in marks)
        return f"{words} marks a planning aid; it gets no organ name"
    return f"'{text[:1]}' before a name marks what is not evaluated (TG-263, rule 15)"


def type_reason(declared: str, reason: str) -> str:
    """Say that the interpreted type speaks against the name."""
    return f"{reason}; but its interpreted type is {declared}"


def blank_reason(raw: str) -> str:
    """Say why nothing can be read."""
    return (
        "the name is empty" if not raw.strip() else "the name has no Latin letter or digit to read"
    )
