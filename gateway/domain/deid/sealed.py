"""Redacted terms travel sealed inside the site object, so that no side channel can lose them.

Pure. One private element (creator `KASARI`) holds JSON rows of tag, replacement and the original
under AES-SIV. The second stage never copies it.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final

from gateway.contract.marks import PRIVATE_CREATOR
from gateway.domain.deid.stream import open_part10, top_elements, write_element
from gateway.domain.deid.values import even
from gateway.domain.identity import SiteKeys, seal
from gateway.errors import RejectError

BLOCK: Final = 0x70010010
TERMS: Final = 0x70011001


@dataclass(frozen=True)
class SealedTerm:
    """`tag`: eight hexadecimal digits of the attribute; `sealed`: see `identity.unseal`."""

    tag: str
    replacement: str
    sealed: bytes


class SealedTerms:
    """Collects what one object's cleaning redacted."""

    def __init__(self, keys: SiteKeys) -> None:
        self._keys = keys
        self._rows: dict[tuple[int, str], str] = {}

    def add(self, tag: int, replacement: str, original: str) -> None:
        self._rows[tag, replacement] = original

    def write(self, explicit: bool) -> bytes:
        """The private block, or nothing when nothing was redacted."""
        if not self._rows:
            return b""
        rows = [
            [f"{tag:08X}", replacement, base64.b64encode(seal(self._keys, text.encode())).decode()]
            for (tag, replacement), text in self._rows.items()
        ]
        creator = write_element(BLOCK, b"LO", even(PRIVATE_CREATOR.encode()), explicit)
        body = even(json.dumps(rows, separators=(",", ":")).encode())
        return creator + write_element(TERMS, b"OB", body, explicit)


def sealed_terms(data: bytes) -> list[SealedTerm]:
    """The terms that the first stage sealed into a site object.

    Raises
    ------
    RejectError
        `bad-seal` when the block is damaged, or what `open_part10` raises.
    """
    source = open_part10(data)
    for tag, _, start, length in top_elements(source, TERMS):
        if tag == TERMS:
            return _rows(source.body[start : start + length])
    return []


def _rows(value: bytes) -> list[SealedTerm]:
    try:
        return [
            SealedTerm(tag, replacement, base64.b64decode(sealed, validate=True))
            for tag, replacement, sealed in json.loads(value)
        ]
    except (ValueError, TypeError, binascii.Error) as error:
        raise RejectError("bad-seal", "The sealed terms of an object are damaged.") from error
