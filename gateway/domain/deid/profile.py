"""The de-identification profile: which attribute of which object is kept, and how.

Pure. A profile is an allow-list per object. What has no rule is removed, at every depth.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    MARK = "M"
    """Written by the stage itself."""
    BURNED_IN = "B"
    """Keep; the value YES refuses the object."""


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


HEAD: Final = "head"
LOCALIZER: Final = "localizer"
KINDS_OF_IMAGE: Final = (HEAD, LOCALIZER)
"""What a centre may refuse beyond kinds of object."""


@dataclass(frozen=True)
class Vocabulary:
    """Words that name anatomy, targets, modalities and machines, and so name nobody."""

    words: frozenset[str]
    """Folded: lower case, without diacritics."""


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

    @cached_property
    def name_and_hash(self) -> str:
        """Name and the first 12 hexadecimal digits of a digest over every row and word."""
        digest = hashlib.sha256()
        for rule in sorted(self.rules, key=lambda rule: rule.tag):
            line = f"{rule.tag:08X} {rule.vr} {rule.action} {sorted(rule.objects)}\n"
            digest.update(line.encode())
        for uid, short in sorted(self.objects.items()):
            digest.update(f"{uid} {short}\n".encode())
        digest.update("\n".join(sorted(self.vocabulary.words)).encode())
        digest.update(f"{sorted(self.refused)} {sorted(self.staff)}".encode())
        return f"{self.name} {digest.hexdigest()[:12]}"

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
