"""Reading A-ASSOCIATE-RQ and writing A-ASSOCIATE-RJ, by PS3.8 sections 9.3.2 and 9.3.4.

Pure. Enough of them to know who calls and for what, before anything is let through.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

HEADER_BYTES: Final = 6
LARGEST_REQUEST: Final = 1 << 17
"""Bytes; a request with 128 presentation contexts has about 20 kB."""
_REQUEST: Final = 0x01
_REJECT: Final = 0x03
_PRESENTATION_CONTEXT: Final = 0x20
_ABSTRACT_SYNTAX: Final = 0x30
_CALLED: Final = slice(4, 20)
_CALLING: Final = slice(20, 36)
_ITEMS: Final = 68


class Refused(Enum):
    """Result, source and reason of a rejection (PS3.8 Table 9-21)."""

    CALLING_AE_UNKNOWN = (1, 1, 3)
    CALLED_AE_UNKNOWN = (1, 1, 7)
    TRY_LATER = (2, 3, 1)


@dataclass(frozen=True)
class Request:
    """Who calls whom for what."""

    calling: str
    called: str
    abstract_syntaxes: frozenset[str]


def length_of(header: bytes) -> int | None:
    """Return how many bytes follow the header of a request; None if it is none."""
    length = int.from_bytes(header[2:HEADER_BYTES], "big")
    is_request = len(header) == HEADER_BYTES and header[0] == _REQUEST
    return length if is_request and _ITEMS <= length <= LARGEST_REQUEST else None


def read_request(body: bytes) -> Request:
    """Read what follows the header.

    Raises
    ------
    ValueError
        The items do not add up.
    """
    names = [body[part].decode("ascii", "replace").strip(" \0") for part in (_CALLED, _CALLING)]
    wanted = frozenset(
        sub.decode("ascii", "replace").strip(" \0")
        for kind, item in _items(body[_ITEMS:])
        if kind == _PRESENTATION_CONTEXT
        for sub_kind, sub in _items(item[4:])
        if sub_kind == _ABSTRACT_SYNTAX
    )
    return Request(calling=names[1], called=names[0], abstract_syntaxes=wanted)


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 4 + length
        if at + 4 > len(data) or end > len(data):
            raise ValueError("an item is longer than what holds it")
        yield data[at], data[at + 4 : end]
        at = end


def rejection(why: Refused) -> bytes:
    """Return a whole A-ASSOCIATE-RJ."""
    return bytes((_REJECT, 0, 0, 0, 0, 4, 0, *why.value))
