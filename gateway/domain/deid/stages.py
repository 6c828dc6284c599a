"""The two stages: at receipt with site keys, before leaving with national keys.

Pure. Both run the same rewriter under the same profile; they differ in what they put in place of
identities, and only the first one shifts dates and cleans text.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final

from gateway.contract.dimse import DimseStatus
from gateway.contract.marks import (
    DEIDENTIFICATION_CODES,
    METHOD_PREFIX,
    NATIONAL_STAGE,
    REDACTED,
    SITE_STAGE,
)
from gateway.domain.deid.identification import Identity, decode, identify
from gateway.domain.deid.keeping import Mark
from gateway.domain.deid.patient import PatientTexts, encode
from gateway.domain.deid.pictures import RECOGNIZABLE, TOLD_BY, Picture
from gateway.domain.deid.profile import HEAD, Option, Profile, Rule
from gateway.domain.deid.rewriting import Rewriter
from gateway.domain.deid.sealed import BLOCK, SealedTerms
from gateway.domain.deid.stream import Part10, open_part10, write_element, write_head
from gateway.domain.deid.text import (
    HASH_DIGITS,
    LIMITS,
    Cleaner,
    hidden_forms,
    name_words,
)
from gateway.domain.deid.values import even, pooled_age, shifted
from gateway.domain.identity import KeyRing, SiteKeys, day_shift, keyed_uid, national_id
from gateway.errors import RejectError

ENGINE_VERSION: Final = "1.2"

METHOD: Final = 0x00120063
PATIENTS: Final = 32
"""Whose texts are remembered at the same time."""
_UID_CACHE = 65536
_TERM = re.compile(REDACTED + r"[0-9a-f]{7,8}")


@dataclass(frozen=True)
class Deidentified:
    """`data`: a whole DICOM file. `actions`: how often each action was taken."""

    data: bytes = field(repr=False)
    actions: dict[str, int]


def _uids(key: bytes) -> Callable[[bytes], bytes]:
    @lru_cache(maxsize=_UID_CACHE)
    def replace(value: bytes) -> bytes:
        parts = value.rstrip(b" \0").decode("ascii").split("\\")
        kept = [keyed_uid(key, part.strip(" \0")) if part.strip(" \0") else "" for part in parts]
        return even("\\".join(kept).encode("ascii"), b"\0")

    return replace


class SiteStage:
    """De-identification at receipt. One object serves a whole process; it is thread-safe.

    Parameters
    ----------
    people
        Names and identifiers of further people who must not be named, besides patient and staff.
    """

    def __init__(self, profile: Profile, keys: SiteKeys, people: tuple[str, ...] = ()) -> None:
        self._profile = profile
        self._others = profile.staff | name_words(*people)
        self._hidden = hidden_forms(profile.vocabulary, *people)
        self._keys = keys
        self._uid = _uids(keys.uid)
        self._texts = lru_cache(maxsize=PATIENTS)(self._texts_of)

    def _texts_of(self, name: str, patient_id: str, birth_date: str) -> PatientTexts:
        names = name_words(name, patient_id) | self._others
        hidden = hidden_forms(self._profile.vocabulary, name, patient_id, birth_date)
        cleaner = Cleaner(self._profile.vocabulary, self._keys.term, names, hidden | self._hidden)
        return PatientTexts(cleaner)

    def deidentify(self, data: bytes, pseudonym: str) -> Deidentified:
        """Rewrite one received object for the patient with this site pseudonym.

        Raises
        ------
        RejectError
            With a stable code; nothing of the object is in the text.
        """
        source = open_part10(data)
        identity = identify(source)
        stage = _AtReceipt(
            uid=self._uid,
            days=day_shift(self._keys, pseudonym),
            pseudonym_text=pseudonym,
            texts=self._texts(identity.patient_name, identity.patient_id, identity.birth_date),
            terms=SealedTerms(self._keys),
            profile=self._profile,
            method=f"{METHOD_PREFIX} {SITE_STAGE} {self._profile.name_and_hash}",
        )
        result = _rewrite(source, identity, stage)
        for kind in sorted(stage.picture.kinds & self._profile.refused):
            raise RejectError(kind, f"This centre's policy refuses images of the kind `{kind}`.")
        return result


class NationalStage:
    """Second de-identification, of site objects only.

    Parameters
    ----------
    approved_terms
        Replacement (`UNMAPPED_...`) to the text that a person at the centre approved for it.
    """

    def __init__(self, profile: Profile, ring: KeyRing, approved_terms: Mapping[str, str]) -> None:
        self._profile = profile
        self._ring = ring
        self._approved = approved_terms
        self._uid = _uids(ring.national_uid_key)

    def deidentify(self, data: bytes) -> Deidentified:
        """Rewrite one site object.

        Raises
        ------
        RejectError
            `not-marked` when the first stage has not written this object.
        """
        source = open_part10(data)
        identity = identify(source)
        stage = _BeforeLeaving(
            uid=self._uid,
            pseudonym_text=national_id(self._ring, identity.patient_id),
            approved=self._approved,
            profile=self._profile,
            method=f"{METHOD_PREFIX} {NATIONAL_STAGE} {self._profile.name_and_hash}",
        )
        result = _rewrite(source, identity, stage)
        if not stage.first_method.startswith(f"{METHOD_PREFIX} {SITE_STAGE} ".encode()):
            raise RejectError("not-marked", "The object does not carry the first stage's mark.")
        return result


def _rewrite(
    source: Part10, identity: Identity, stage: "_AtReceipt | _BeforeLeaving"
) -> Deidentified:
    rules = stage.profile.rules_for(identity.sop_class_uid)
    if rules is None:
        raise RejectError(
            "sop-class",
            "This kind of object is not accepted.",
            DimseStatus.SOP_CLASS_NOT_SUPPORTED,
        )
    stage.told = RECOGNIZABLE in rules
    rewriter = Rewriter(source, rules, stage, stage.profile.safe_private)
    body = rewriter.rewrite()
    new_uid = stage.uid(identity.sop_instance_uid.encode("ascii", "replace")).rstrip(b"\0").decode()
    head = write_head(identity.sop_class_uid, new_uid, source.transfer_syntax)
    return Deidentified(b"".join([head, *body]), dict(rewriter.actions))


@dataclass
class _Marks:
    """What both stages write: PS3.15 E.1 asks for these attributes."""

    uid: Callable[[bytes], bytes]
    profile: Profile
    pseudonym_text: str
    method: str
    first_method: bytes = b""
    picture: Picture = field(default_factory=Picture)
    told: bool = False
    """Whether this kind of object says if a face can be recognized in it."""
    _recognizable: bytes = b""

    def pseudonym(self) -> bytes:
        return even(self.pseudonym_text.encode())

    def marks(self, explicit: bool) -> list[Mark]:
        write = partial(write_element, explicit=explicit)
        return [
            (0x00120062, partial(write, 0x00120062, b"CS", b"YES ")),
            (METHOD, lambda: write(METHOD, b"LO", self._method())),
            (0x00120064, partial(_codes, self.profile.codes, explicit)),
            (RECOGNIZABLE, partial(self._recognized, explicit)),
            (0x00280303, partial(write, 0x00280303, b"CS", _dates_are(self.profile))),
        ]

    def mark_seen(self, rule: Rule, value: bytes) -> None:
        if rule.tag == METHOD:
            self.first_method = value.rstrip(b" \0")
        elif rule.tag == RECOGNIZABLE and value.strip(b" \0") in (b"YES", b"NO"):
            self._recognizable = value

    def _recognized(self, explicit: bool) -> bytes:
        """A head is recognizable, whatever the sender says; else what the sender says."""
        value = b"YES " if HEAD in self.picture.kinds else self._recognizable
        return write_element(RECOGNIZABLE, b"CS", value, explicit) if self.told and value else b""

    def _method(self) -> bytes:
        return even(self.method.encode())


@dataclass
class _AtReceipt(_Marks):
    days: int = 0
    texts: PatientTexts = field(kw_only=True)
    terms: SealedTerms = field(kw_only=True)

    def marks(self, explicit: bool) -> list[Mark]:
        return [*super().marks(explicit), (BLOCK, partial(self.terms.write, explicit))]

    def date(self, vr: str, value: bytes) -> bytes:
        return shifted(vr, value, self.days)

    def age(self, value: bytes) -> bytes:
        return pooled_age(value)

    def hashed(self, rule: Rule, value: bytes, character_sets: bytes) -> bytes:
        plain = decode(value, character_sets).strip(" \0")
        redacted = self.texts.cleaner.redact(plain, HASH_DIGITS - (rule.vr in ("SH", "CS")))
        # a coded string has capitals only
        written = redacted.upper() if rule.vr == "CS" else redacted
        return even(written.encode()) if plain else b""

    def kept_text(self, rule: Rule, value: bytes) -> bytes:
        self.picture.see(rule.tag, value.decode("latin-1"))
        return self.texts.coded(value)

    def text(self, rule: Rule, value: bytes, character_sets: bytes) -> bytes:
        if rule.tag in TOLD_BY:
            self.picture.see(rule.tag, decode(value, character_sets))
        new, redacted = self.texts.cleaned(rule, value, character_sets)
        for replacement, original in redacted:
            self.terms.add(rule.tag, replacement, original)
        return new


@dataclass
class _BeforeLeaving(_Marks):
    approved: Mapping[str, str] = field(default_factory=dict)

    def date(self, vr: str, value: bytes) -> bytes:
        return value

    def age(self, value: bytes) -> bytes:
        return value

    def hashed(self, rule: Rule, value: bytes, character_sets: bytes) -> bytes:
        return value

    def kept_text(self, rule: Rule, value: bytes) -> bytes:
        return value

    def text(self, rule: Rule, value: bytes, character_sets: bytes) -> bytes:
        if not self.approved or REDACTED.encode() not in value:
            return value
        plain = decode(value, character_sets)
        new = _TERM.sub(lambda match: self.approved.get(match.group(), match.group()), plain)
        new = new.rstrip(" \0")
        written = encode(new, character_sets)
        fits = len(new) <= LIMITS.get(rule.vr, len(new))
        if new == plain or not fits or decode(written, character_sets) != new:
            return value  # redacted rather than cut or full of question marks
        return even(written)

    def _method(self) -> bytes:
        return even(self.first_method.split(b"\\")[0] + b"\\" + self.method.encode())


def _dates_are(profile: Profile) -> bytes:
    """LongitudinalTemporalInformationModified."""
    return b"MODIFIED" if Option.MODIFIED_DATES in profile.options else b"REMOVED "


def _codes(codes: tuple[str, ...], explicit: bool) -> bytes:
    items = b"".join(
        _item(
            write_element(0x00080100, b"SH", even(code.encode()), explicit)
            + write_element(0x00080102, b"SH", b"DCM ", explicit)
            + write_element(0x00080104, b"LO", _meaning(code), explicit)
        )
        for code in codes
    )
    return write_element(0x00120064, b"SQ", items, explicit)


def _meaning(code: str) -> bytes:
    return even(DEIDENTIFICATION_CODES[code].encode())


def _item(body: bytes) -> bytes:
    return b"\xfe\xff\x00\xe0" + len(body).to_bytes(4, "little") + body
