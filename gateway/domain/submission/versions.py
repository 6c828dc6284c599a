"""Telling whether a course's content has changed since a version was sent."""

from collections.abc import Iterable
from hashlib import sha256


def content_digest(members: Iterable[tuple[str, str]]) -> str:
    """Return SHA-256 over the (SOPInstanceUID, digest of the bytes) pairs, in any order."""
    lines = sorted(f"{uid} {digest}" for uid, digest in members)
    return sha256("\n".join(lines).encode()).hexdigest()
