"""A comment travels with its course or stays in the audit: nothing in it may identify a person."""

import re
from collections.abc import Collection
from typing import Final

from gateway.errors import RejectError

LONGEST_COMMENT: Final = 400
"""In characters, wherever one is written."""
_LOOKS = (
    (re.compile(r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Z]", re.IGNORECASE), "a personal identity code"),
    (re.compile(r"\b\d{1,2}[./]\d{1,2}[./](\d{4}|\d{2})\b|\b\d{4}-\d{2}-\d{2}\b"), "a date"),
    (re.compile(r"\d{6,}"), "a long number"),
    (re.compile(r"\b\d+(\.\d+){3,}\b"), "a UID"),
    (re.compile(r"\S+@\S+\.\S+"), "an e-mail address"),
)


def check_comment(comment: str, known: Collection[str] = ()) -> str:
    """Return a comment as it is kept.

    Parameters
    ----------
    known : Collection[str]
        The patient's own identifiers (name parts, id); parts shorter than 3 letters are ignored.

    Raises
    ------
    RejectError
        `comment`: it is empty or too long, or would identify somebody.
    """
    wrong = _wrong(comment, known)
    if wrong is not None:
        raise RejectError("comment", wrong)
    return comment.strip()


def _wrong(comment: str, known: Collection[str]) -> str | None:
    if not comment.strip():
        return "the comment is empty; say why"
    if len(comment) > LONGEST_COMMENT:
        return f"the comment is longer than {LONGEST_COMMENT} characters"
    for pattern, what in _LOOKS:
        if pattern.search(comment):
            return f"the comment seems to contain {what}; leave it out"
    folded = comment.casefold()
    words = set(re.findall(r"\w+", folded))
    for value in known:
        part = value.strip().casefold()
        if len(part) >= 3 and (part in words or (len(part) >= 6 and part in folded)):
            return "the comment contains something that identifies the patient; leave it out"
    return None
