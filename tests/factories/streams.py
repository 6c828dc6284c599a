"""Data sets byte by byte, for what no library would write."""

import struct

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
RT_PLAN = b"1.2.840.10008.5.1.4.1.1.481.5\0"
OPEN = 0xFFFFFFFF
"""An undefined length."""

_LONG = {b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT", b"SV", b"UV"}


def element(tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """Explicit VR; `length` lies where it is given."""
    said = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    if vr in _LONG:
        return head + struct.pack("<HL", 0, said) + value
    return head + struct.pack("<H", said) + value


def implicit(tag: int, value: bytes, length: int | None = None) -> bytes:
    said = len(value) if length is None else length
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, said) + value


def item(body: bytes, open_ended: bool = False) -> bytes:
    if open_ended:
        return implicit(0xFFFEE000, body, OPEN) + implicit(0xFFFEE00D, b"")
    return implicit(0xFFFEE000, body)


def sequence(tag: int, *items: bytes, open_ended: bool = False, vr: bytes = b"SQ") -> bytes:
    body = b"".join(items)
    if open_ended:
        return element(tag, vr, body, OPEN) + implicit(0xFFFEE0DD, b"")
    return element(tag, vr, body)


def file_of(body: bytes, syntax: str = EXPLICIT, preamble: bytes = bytes(128)) -> bytes:
    name = syntax.encode()
    meta = element(0x00020002, b"UI", RT_PLAN) + element(0x00020003, b"UI", b"1.2.3.4\0")
    meta += element(0x00020010, b"UI", name + b"\0" * (len(name) % 2))
    return (
        preamble + b"DICM" + element(0x00020000, b"UL", struct.pack("<L", len(meta))) + meta + body
    )


def plan(*more: bytes) -> bytes:
    """The body of a small plan; `more` must stand after (0010,0020)."""
    head = (
        element(0x00080016, b"UI", RT_PLAN),
        element(0x00080018, b"UI", b"1.2.3.4\0"),
        element(0x00100010, b"PN", b"Virtanen^Maija"),
        element(0x00100020, b"LO", b"130452-308Y "),
    )
    return b"".join((*head, *more))
