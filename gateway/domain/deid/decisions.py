"""What a person at the centre decided about a redacted term, and what may stand for it. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pydicom.datadict import keyword_for_tag

from gateway.contract.marks import REDACTED
from gateway.domain.deid.sealed import SealedTerm
from gateway.domain.deid.text import fold, is_all_or_nothing
from gateway.domain.identity import is_identity_code

LONGEST_TEXT: Final = 64
"""Characters of the longest short text (LO, PS3.5 6.2)."""
SHORTEST_NAME: Final = 3
_FORBIDDEN: Final = frozenset("\\^=<>")


class Decision(StrEnum):
    """What became of a term."""

    OPEN = "open"
    """Nobody has looked at it: it stays redacted."""
    APPROVED = "approved"
    """It names nobody and stays as it was written."""
    MAPPED = "mapped"
    """Another text stands for it."""
    LEFT = "left"
    """Somebody has looked at it: it stays redacted."""


@dataclass(frozen=True)
class Term:
    """One redacted term. Its original is sealed with the centre's key."""

    replacement: str
    sealed: bytes = field(repr=False)
    decision: Decision
    text: str
    """What stands for it when it is approved or mapped."""
    instances: int
    tags: tuple[str, ...]
    """Where it was found: eight hexadecimal digits each."""


@dataclass(frozen=True)
class TermUse:
    """A redacted term in one instance of the site store."""

    orthanc_id: str
    pseudonym: str
    term: SealedTerm


def attribute_name(tag: str) -> str:
    """Return the keyword of an attribute given as eight hexadecimal digits, or the digits."""
    return keyword_for_tag(int(tag, 16)) or tag


def screen_text(text: str, names: frozenset[str]) -> str | None:
    """Return why a text may not stand for a term, or None.

    Parameters
    ----------
    names
        Folded names and identifiers of the patients in whose objects the term stands.
    """
    if not text.strip():
        return "say which text shall stand for the term"
    if len(text) > LONGEST_TEXT:
        return f"a term has at most {LONGEST_TEXT} characters"
    if not text.isprintable() or _FORBIDDEN & set(text) or REDACTED in text:
        return "a term has letters, digits, blanks and simple signs only"
    if is_all_or_nothing(text) or any(is_identity_code(part) for part in text.upper().split()):
        return "the text seems to contain a date, a phone number or an identity code"
    folded = fold(text)
    if any(name in folded for name in names if len(name) >= SHORTEST_NAME):
        return "the text contains a name or identifier of a patient in whose objects it stands"
    return None
