"""The de-identification profile: which attribute of which object is kept, and how.

Pure. A profile is an allow-list per object. What has no rule is removed, at every depth.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Final

from pydicom.datadict import dictionary_VM

from gateway.domain.deid.values import LEGAL


class Action(StrEnum):
    """What happens to an attribute that a rule names."""

    KEEP = "K"
    SEQUENCE = "S"
    """Keep the sequence; the rules hold for what is inside."""
    UID = "U"
    """Replace by a keyed UID, unless it is the standard's own."""
    DATE = "T"
    """Move by the patient's whole weeks."""
    CLEAN = "C"
    """Keep the words that the published vocabulary knows; redact the others."""
    CODE = "V"
    """Keep what looks like a code or a version; redact the rest."""
    EMPTY = "Z"
    HASH = "H"
    """Replace by a keyed hash, whatever it says."""
    PSEUDONYM = "P"
    AGE = "A"
    """Keep; 90 years and more become 90."""
    DUMMY = "D"
    """Replace a date or time that must be there by one that is nobody's."""
    MARK = "M"
    """Written by the stage itself."""
    BURNED_IN = "B"
    """Keep; the value YES refuses the object."""


class Option(StrEnum):
    """The options of PS3.15 Annex E that a centre's policy turns on and off."""

    CLEAN_GRAPHICS = "clean_graphics"
    CLEAN_STRUCTURED_CONTENT = "clean_structured_content"
    CLEAN_DESCRIPTORS = "clean_descriptors"
    MODIFIED_DATES = "retain_modified_dates"
    PATIENT_CHARACTERISTICS = "retain_patient_characteristics"
    DEVICE_IDENTITY = "retain_device_identity"
    SAFE_PRIVATE = "retain_safe_private"


CODES: Final = {
    Option.CLEAN_GRAPHICS: "113103",
    Option.CLEAN_STRUCTURED_CONTENT: "113104",
    Option.CLEAN_DESCRIPTORS: "113105",
    Option.MODIFIED_DATES: "113107",
    Option.PATIENT_CHARACTERISTICS: "113108",
    Option.DEVICE_IDENTITY: "113109",
    Option.SAFE_PRIVATE: "113111",
}
"""CID 7050 codes of the options; the profile itself is 113100."""
BASIC_PROFILE: Final = "113100"
USUAL_OPTIONS: Final = frozenset(Option) - {Option.SAFE_PRIVATE}

BINARY_SIZES: Final = {
    "AT": 4,
    "FD": 8,
    "FL": 4,
    "SL": 4,
    "SS": 2,
    "SV": 8,
    "UL": 4,
    "US": 2,
    "UV": 8,
}
"""Bytes of one value (PS3.5 6.2). A binary attribute that is longer than its values hides text."""


@dataclass(frozen=True)
class Rule:
    """One row of the profile. `tag` is `gggg << 16 | eeee`; `vr` is the dictionary's."""

    tag: int
    keyword: str
    vr: str
    action: Action
    objects: frozenset[str]
    """Short names of the objects that may have it; empty means all."""
    source: str
    option: Option | None = None
    """By which it has this action; under the basic profile alone it would have another."""
    otherwise: Action | None = None
    """What happens without that option; None removes it."""

    @property
    def basic(self) -> "Rule | None":
        """The rule without its option."""
        if self.otherwise is None:
            return None
        return replace(self, action=self.otherwise, option=None)

    @cached_property
    def length(self) -> int:
        """Bytes of the binary value that PS3.6 defines; 0 when any length may be."""
        count = dictionary_VM(self.tag) if self.vr in BINARY_SIZES else ""
        return BINARY_SIZES[self.vr] * int(count) if count.isdigit() else 0

    @cached_property
    def digits(self) -> bytes | None:
        """The characters that a number written in text may have; None for all other kinds."""
        return LEGAL[self.vr] if self.vr in ("DS", "IS") else None

    @cached_property
    def raw_vr(self) -> bytes:
        return self.vr.encode()


@dataclass(frozen=True)
class SafePrivate:
    """A private attribute that PS3.15 Table E.3.10-1 calls safe. Its block is any of its group."""

    creator: str
    group: int
    number: int
    """The last two hexadecimal digits of the element number."""
    vr: str
    most: int | None
    """How many values it may have; None for any number."""


HEAD: Final = "head"
LOCALIZER: Final = "localizer"
KINDS_OF_IMAGE: Final = (HEAD, LOCALIZER)
"""What a centre may refuse beyond kinds of object."""


@dataclass(frozen=True)
class Vocabulary:
    """Words that name anatomy, targets, modalities and machines, and so name nobody."""

    words: frozenset[str]
    """Folded: lower case, without diacritics."""
    coded: frozenset[str] = frozenset()
    """Those that coded strings have besides, e.g. `ISOCENTRIC`."""


@dataclass(frozen=True)
class Profile:
    """Rules, objects and vocabulary in force at a centre."""

    name: str
    rules: tuple[Rule, ...]
    objects: Mapping[str, str]
    """SOP Class UID to short name."""
    vocabulary: Vocabulary
    refused: frozenset[str] = frozenset()
    """Kinds of image that this centre does not let in: `head`, `localizer`."""
    staff: frozenset[str] = field(default=frozenset(), repr=False)
    """Folded names of the centre's staff: none of them leaves, in coded values neither."""
    options: frozenset[Option] = USUAL_OPTIONS
    safe_private: tuple[SafePrivate, ...] = ()
    """Those of the creators that the centre has chosen."""

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """What an object says by which it was de-identified, in rising order."""
        return tuple(sorted([BASIC_PROFILE, *(CODES[option] for option in self.options)]))

    @cached_property
    def name_and_hash(self) -> str:
        """Name and the first 12 hexadecimal digits of a digest over every row and word."""
        digest = hashlib.sha256()
        for rule in sorted(self.rules, key=lambda rule: rule.tag):
            line = f"{rule.tag:08X} {rule.vr} {rule.action} {sorted(rule.objects)}\n"
            digest.update(line.encode())
        for uid, short in sorted(self.objects.items()):
            digest.update(f"{uid} {short}\n".encode())
        for words in (self.vocabulary.words, self.vocabulary.coded):
            digest.update("\n".join(sorted(words)).encode())
        digest.update(f"{sorted(self.refused)} {sorted(self.staff)}".encode())
        digest.update(f"{sorted(self.options)} {self.safe_private}".encode())
        return f"{self.name} {digest.hexdigest()[:12]}"

    @cached_property
    def private_vrs(self) -> dict[tuple[str, int, int], str]:
        """Creator, group and element of the private attributes that may stay, to their VR."""
        return {(row.creator, row.group, row.number): row.vr for row in self.safe_private}

    @cached_property
    def allow_list(self) -> dict[str, frozenset[int]]:
        """What may stand in each kind of object, for the checker."""
        return {uid: frozenset(self._by_object[short]) for uid, short in self.objects.items()}

    @cached_property
    def _by_object(self) -> dict[str, dict[int, Rule]]:
        return {
            short: {
                rule.tag: rule for rule in self.rules if not rule.objects or short in rule.objects
            }
            for short in set(self.objects.values())
        }

    def rules_for(self, sop_class_uid: str) -> Mapping[int, Rule] | None:
        """Tag to rule for one object, or None when the profile does not know the object."""
        short = self.objects.get(sop_class_uid)
        return None if short is None else self._by_object[short]
