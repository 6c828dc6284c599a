"""Checking one written object: nothing off the allow-list, nobody named, no UID of the site."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.contract.marks import (
    METHOD_PREFIX,
    NATIONAL_STAGE,
    PRIVATE_CREATOR,
    SITE_STAGE,
    UID_ROOT,
)
from gateway.domain.checker.elements import Element, Elements
from gateway.domain.checker.needles import KnownIdentity, without_marks
from gateway.domain.checker.pixels import hidden_in_pixels
from gateway.domain.checker.private import PrivateBlocks
from gateway.domain.checker.searching import STANDARD_UIDS, found_in, is_bulk

CHECKER_VERSION: Final = "1.2"

_SOP_INSTANCE, _PATIENT_ID, _REMOVED, _METHOD = 0x00080018, 0x00100020, 0x00120062, 0x00120063
_SEALED = (0x70010010, 0x70011001)
_TEXT = frozenset(b"AE CS LO LT PN SH ST UC UR UT UN OB".split())
_WORD = re.compile(r"[^\W\d_]{4,}")
_CODE = re.compile(rb"(?<![0-9])(\d{6})[-+A-FU-Y](\d{3})([0-9A-Y])(?![0-9A-Za-z])", re.IGNORECASE)
_MAIL = re.compile(rb"[\w.+-]+@[\w-]+\.[\w.]+")
_PHONE = re.compile(rb"(?<![\w.])(\+358|0[1-9]\d?)[ -]?\d{2,4}[ -]?\d{3,4}[ -]?\d{0,4}(?![\w.])")
_CHECKS = b"0123456789ABCDEFHJKLMNPRSTUVWXY"
_DEFAULT_META = frozenset((0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010))
_META = _DEFAULT_META | {0x00020012, 0x00020013}


@dataclass(frozen=True)
class Expected:
    """What the written object must be."""

    patient_id: str
    """The national id; at the site, the pseudonym."""
    allowed: Mapping[str, frozenset[int]] = field(repr=False)
    """SOP Class UID to the tags that may stand in such an object, at any depth."""
    forbidden_uids: frozenset[str] = field(default=frozenset(), repr=False)
    """UIDs of the object before: none of them may be left."""
    private: Mapping[tuple[str, int, int], str] = field(default_factory=dict, repr=False)
    """Private attributes that may stay, by creator, group and the last two digits: their VR."""
    stage: str = NATIONAL_STAGE
    """The last stage that must have been there; `site` for objects that stay at the centre."""


@dataclass(frozen=True)
class Problem:
    """One objection. Names the attribute and what is wrong, never a value."""

    code: str
    tag: int
    text: str

    def __str__(self) -> str:
        return f"({self.tag >> 16:04X},{self.tag & 0xFFFF:04X}) {self.text}"


def check_object(written: Elements, known: KnownIdentity, expected: Expected) -> list[Problem]:
    """Return every objection to one object that is about to leave; empty means none."""
    return [
        *_head(written),
        *_marks(written, expected),
        *_attributes(written, expected),
        *_uids(written, expected),
        *_named(written, known),
        *_named_by_everyday_words(written, known.everyday_needles),
        *_staff(written, known.staff),
        *_patterns(written),
        *_pixels(written),
    ]


def _head(written: Elements) -> Iterator[Problem]:
    if any(written.preamble):
        yield Problem("preamble", 0, "the 128 bytes before DICM are not empty")
    for tag in written.meta.keys() - _META:
        yield Problem("meta", tag, "file meta information that is not on the list")


def _text(value: bytes | None) -> str:
    return (value or b"").rstrip(b" \0").decode("latin-1")


def sop_class(elements: Elements) -> str:
    """Return what kind of object it says it is."""
    return _text(elements.first(0x00080016))


def _marks(written: Elements, expected: Expected) -> Iterator[Problem]:
    if _text(written.first(_PATIENT_ID)) != expected.patient_id:
        yield Problem("patient-id", _PATIENT_ID, "is not the id that this stage gives")
    if _text(written.first(_REMOVED)) != "YES":
        yield Problem("mark", _REMOVED, "does not say YES")
    wanted = f"{METHOD_PREFIX} {expected.stage} "
    methods = _text(written.first(_METHOD)).split("\\")
    if not any(method.startswith(wanted) for method in methods):
        yield Problem("mark", _METHOD, "does not name the stage that was last")
    if written.meta.get(0x00020003, b"").rstrip(b"\0") != (
        written.first(_SOP_INSTANCE) or b""
    ).rstrip(b"\0"):
        yield Problem("meta", 0x00020003, "differs from the SOP Instance UID")


def _attributes(written: Elements, expected: Expected) -> Iterator[Problem]:
    allowed = expected.allowed.get(sop_class(written))
    if allowed is None:
        yield Problem("sop-class", 0x00080016, "no object of this kind may leave")
        return
    last: dict[int, int] = {}
    safe = PrivateBlocks(written, expected.private)
    for element in written.found:
        if element.tag >> 16 & 1:
            if not safe.may_stay(element) and not _is_sealed_terms(written, element, expected):
                yield Problem("private", element.tag, "a private attribute")
        elif element.tag not in allowed:
            yield Problem("not-allowed", element.tag, "is not on the allow-list")
        if element.depth == 0:
            if element.tag <= last.get(0, -1):
                yield Problem("order", element.tag, "stands twice or out of order")
            last[0] = element.tag


def _is_sealed_terms(written: Elements, element: Element, expected: Expected) -> bool:
    """At the site, and only there, an object carries its redacted terms encrypted."""
    if expected.stage != SITE_STAGE or element.depth:
        return False
    return element.tag in _SEALED and _text(written.first(_SEALED[0])) == PRIVATE_CREATOR


def _uids(written: Elements, expected: Expected) -> Iterator[Problem]:
    safe = PrivateBlocks(written, expected.private)
    for element in written.found:
        vr = safe.vr(element) if element.tag >> 16 & 1 else element.vr
        if vr != b"UI" or not element.length:
            continue
        for uid in _text(written.value(element)).split("\\"):
            if uid in expected.forbidden_uids:
                yield Problem("site-uid", element.tag, "is a UID of the site")
            elif uid and uid not in STANDARD_UIDS and not uid.startswith(UID_ROOT):
                yield Problem("foreign-uid", element.tag, "is a UID that was not replaced")


def _named(written: Elements, known: KnownIdentity) -> Iterator[Problem]:
    for tag in found_in(written, known):
        yield Problem("identifier", tag, "contains an identifier of the patient")


def _named_by_everyday_words(
    written: Elements, words: tuple[tuple[bytes, ...], ...]
) -> Iterator[Problem]:
    if len(words) < 2:
        return
    for element in written.found:
        if element.vr in _TEXT and element.length and not is_bulk(element):
            value = written.value(element).lower()
            if sum(any(spelling in value for spelling in word) for word in words) > 1:
                yield Problem("identifier", element.tag, "contains two names of the patient")


def _staff(written: Elements, staff: frozenset[str]) -> Iterator[Problem]:
    """Hundreds of names are sought as words of the text, since seeking each would take too long."""
    if not staff:
        return
    for element in written.found:
        if element.vr in _TEXT and element.length and not is_bulk(element):
            value = written.value(element)
            texts = (value.decode("utf-8", "ignore"), value.decode("latin-1"))
            words = (word for text in texts for word in _WORD.findall(text))
            if any(without_marks(word) in staff for word in words):
                yield Problem("staff", element.tag, "contains a name of the staff")


def _patterns(written: Elements) -> Iterator[Problem]:
    """Find what looks like an identity code, a mail address or a phone number in any text."""
    for element in written.found:
        if element.vr not in _TEXT or not element.length or is_bulk(element):
            continue
        value = written.value(element)
        if any(_is_identity_code(match) for match in _CODE.finditer(value)):
            yield Problem("identity-code", element.tag, "contains a personal identity code")
        if _MAIL.search(value):
            yield Problem("mail", element.tag, "contains a mail address")
        if element.vr != b"CS" and _PHONE.search(value):
            yield Problem("phone", element.tag, "contains a phone number")


def _pixels(written: Elements) -> Iterator[Problem]:
    for tag in hidden_in_pixels(written):
        yield Problem("pixel-comment", tag, "holds more than an image")


def _is_identity_code(match: re.Match[bytes]) -> bool:
    day, month = int(match[1][:2]), int(match[1][2:4])
    fits = _CHECKS[int(match[1] + match[2]) % 31] == match[3].upper()[0]
    return 1 <= day <= 31 and 1 <= month <= 12 and fits
