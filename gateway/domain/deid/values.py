"""Values of one element as bytes: dates, ages, legal characters.

Pure. A value that is not what its VR allows is never passed on as it came.
"""

import re
import struct
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Final

from gateway.contract.ages import OLDEST_YEARS
from gateway.errors import RejectError

_DIGITS = b"0123456789"
LEGAL: Final = {
    "DS": _DIGITS + b"+-.eE \\\0",
    "IS": _DIGITS + b"+- \\\0",
    "TM": _DIGITS + b".: \\\0",
    "UI": _DIGITS + b".\\\0 ",
    "CS": b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_ \\\0.-/" + _DIGITS,
}
"""Characters that a value of this VR may hold (PS3.5 6.2); CS is wider, as clinics write it."""

DUMMIES: Final = {"DA": b"19000101", "TM": b"000000", "DT": b"19000101000000"}
"""What stands for a date or time that must be there and may say nothing."""

NUMBER_OF_FRAMES: Final = 0x00280008

_NUMBERS = re.compile(rb"(?: *(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)? *(?:\\|\0?$))*")
_AGE = re.compile(rb"(\d{3})([DWMY])")
_TIME = re.compile(rb"(?:(?:[01]\d|2[0-3])(?::?[0-5]\d(?::?(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?)?")
_DATE = re.compile(rb"(\d{4})\.?(\d{2})\.?(\d{2})")
_DATETIME = re.compile(rb"(\d{8})(\d{2,6}(?:\.\d{1,6})?)?([+-]\d{4})?")


_SHAPE: Final = (0x00280002, 0x00280010, 0x00280011, 0x00280100)
"""SamplesPerPixel, Rows, Columns, BitsAllocated."""
_BITS: Final = (0x00280100, 0x00280101, 0x00280102, 0x00280103)
"""BitsAllocated, BitsStored, HighBit, PixelRepresentation."""


_COUNT: Final = struct.Struct("<H")
TABLES: Final = {
    0x00281201: 0x00281101,
    0x00281202: 0x00281102,
    0x00281203: 0x00281103,
    0x00283006: 0x00283002,
}
"""Palettes and other lookup tables, and what tells their length."""
DESCRIPTORS: Final = frozenset(TABLES.values())


class ImageSize:
    """How many bytes an image's uncompressed pixels take, from what stands before them."""

    def __init__(self) -> None:
        self._shape: dict[int, int] = {}
        self._tables: dict[int, bytes] = {}
        self._frames: int | None = 1

    def see(self, tag: int, value: bytes) -> None:
        """Note one of the attributes that tell the size; others do not matter."""
        if tag in _SHAPE or tag in _BITS:
            self._shape[tag] = int.from_bytes(value, "little")
        elif tag == NUMBER_OF_FRAMES:
            text = value.strip(b" \0")
            self._frames = int(text) if text.isdigit() else None
        elif tag in DESCRIPTORS:
            self._tables[tag] = value

    def is_table(self, tag: int, length: int) -> bool:
        """Whether a lookup table is as long as the descriptor before it says."""
        told = self._tables.get(TABLES[tag], b"")
        if length == 0 or len(told) != 6:
            return length == 0
        entries = _COUNT.unpack_from(told)[0] or 1 << 16
        narrow = _COUNT.unpack_from(told, 4)[0] <= 8  # then one byte each, or a word each
        return length == 2 * entries or (narrow and length == entries + entries % 2)

    @property
    def frames(self) -> int | None:
        """None when the object gives a number that is none."""
        return self._frames

    @property
    def plane_pixels(self) -> int | None:
        """Pixels of one frame; None when the object does not say."""
        rows, columns = (self._shape.get(tag) for tag in _SHAPE[1:3])
        return None if rows is None or columns is None else rows * columns

    @property
    def size_bytes(self) -> int | None:
        """None when the object does not say."""
        if self._frames is None or not self._shape.keys() >= set(_SHAPE):
            return None
        samples, rows, columns, bits = (self._shape[tag] for tag in _SHAPE)
        return (samples * rows * columns * bits * self._frames + 7) // 8

    def hides_bits(self, data: bytes, start: int, stop: int) -> bool:
        """Whether bits above the highest that a pixel uses hold anything but its sign.

        Overlays were kept there once, and a text fits in as well.
        """
        allocated, stored, high, signed = (self._shape.get(tag) for tag in _BITS)
        if allocated not in (8, 16) or stored is None or high is None:
            return False
        if high != stored - 1 or high >= allocated or (allocated == 16 and high < 7):
            return True
        if high == allocated - 1:
            return False
        last = high - (allocated - 8)  # of the byte that holds it
        used = [number for number in range(256) if number < 1 << last + 1]
        if signed:
            used = [number for number in used if number < 1 << last]
            used += [number for number in range(256) if number >= 256 - (1 << last)]
        upper = data[start + 1 : stop : 2] if allocated == 16 else data[start:stop]
        return bool(upper.translate(None, bytes(used)))


def is_legal(vr: str, value: bytes) -> bool:
    """Whether every character may stand in this VR; binary and free text VRs allow all."""
    allowed = LEGAL.get(vr)
    return allowed is None or not value.translate(None, allowed)


def is_number(value: bytes) -> bool:
    """Whether every value is one number as PS3.5 writes it: no code, date or phone number is."""
    return _NUMBERS.fullmatch(value) is not None


def is_time(value: bytes) -> bool:
    """Whether every value is a time of day (TM)."""
    return all(_TIME.fullmatch(part.strip(b" \0")) for part in value.split(b"\\"))


def shifted(vr: str, value: bytes, days: int) -> bytes:
    """A DA or DT value, each part moved by `days`; empty where a part is no full date."""
    move = partial(_shift_date if vr == "DA" else _shift_datetime, days=days)
    return _each(value, move)


def pooled_age(value: bytes) -> bytes:
    """An AS value; 90 years and more become `090Y`, anything else than an age becomes empty."""

    def pool(part: bytes) -> bytes:
        match = _AGE.fullmatch(part)
        if match is None:
            return b""
        years = int(match[1]) / {b"D": 365.25, b"W": 52.18, b"M": 12.0, b"Y": 1.0}[match[2]]
        return b"%03dY" % OLDEST_YEARS if years >= OLDEST_YEARS else part

    return _each(value, pool)


def even(value: bytes, padding: bytes = b" ") -> bytes:
    return value + padding * (len(value) % 2)


def require_legal(vr: str, value: bytes) -> None:
    """Refuse a number or UID that is none.

    Raises
    ------
    RejectError
        `bad-value`: a comma decimal, `nan`, letters in a UID.
    """
    if not is_legal(vr, value):
        raise bad_value(vr)


def bad_value(vr: str) -> RejectError:
    return RejectError(
        "bad-value", f"A value with representation {vr} holds characters that {vr} forbids."
    )


def wrong_vr(keyword: str) -> RejectError:
    return RejectError("wrong-vr", f"{keyword} is encoded in a way that its definition forbids.")


def _each(value: bytes, change: Callable[[bytes], bytes]) -> bytes:
    parts = [change(part.strip(b" \0")) for part in value.split(b"\\")]
    return even(b"\\".join(parts)) if all(parts) else b""


def _shift_date(part: bytes, days: int) -> bytes:
    match = _DATE.fullmatch(part)
    return b"" if match is None else _moved(match[1] + match[2] + match[3], days)


def _shift_datetime(part: bytes, days: int) -> bytes:
    match = _DATETIME.fullmatch(part)
    if match is None:
        return b""
    day = _moved(match[1], days)
    return day + (match[2] or b"") + (match[3] or b"") if day else b""


def _moved(digits: bytes, days: int) -> bytes:
    try:
        whole = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        return (whole + timedelta(days=days)).strftime("%Y%m%d").rjust(8, "0").encode()
    except (ValueError, OverflowError):
        return b""
