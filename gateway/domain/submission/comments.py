"""A comment travels with its course or stays in the audit: nothing in it may identify a person."""

import re
from collections.abc import Collection

MAXIMUM = 400
_LOOKS = (
    (re.compile(r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Z]", re.IGNORECASE), "a personal identity code"),
    (re.compile(r"\b\d{1,2}[./]\d{1,2}[./](\d{4}|\d{2})\b|\b\d{4}-\d{2}-\d{2}\b"), "a date"),
    (re.compile(r"\d{6,}"), "a long number"),
    (re.compile(r"\b\d+(\.\d+){3,}\b"), "a UID"),
    (re.compile(r"\S+@\S+\.\S+"), "an e-mail address"),
)


def screen_comment(comment: str, known: Collection[str]) -> str | None:
    """Return what is wrong with a comment, or None.

    Parameters
    ----------
    known : Collection[str]
        The patient's own identifiers (name parts, id); parts shorter than 3 letters are ignored.
    """
    if not comment.strip():
        return "the comment is empty; say why"
    if len(comment) > MAXIMUM:
        return f"the comment is longer than {MAXIMUM} characters"
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
