"""Both stages and the checker on files, with the very objects that the services use."""

import secrets
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from gateway.contract.marks import NATIONAL_STAGE
from gateway.domain.checker import (
    Elements,
    Expected,
    KnownIdentity,
    Problem,
    UnreadableError,
    check_object,
    check_unchanged,
    identity_in,
    instance_uids,
    read_elements,
    referenced_uids,
)
from gateway.domain.deid import NationalStage, Profile, SiteStage, read_identity
from gateway.domain.identity import KeyRing, national_id, site_pseudonym
from gateway.errors import RejectError
from kasari.deid.known_people import KnownPeople

THROW_AWAY_BYTES = 32
_SOP_CLASS, _SOP_INSTANCE, _STUDY = 0x00080016, 0x00080018, 0x0020000D


@dataclass(frozen=True)
class Outcome:
    """What became of one file. `data` is there only when it may be written."""

    data: bytes | None = field(repr=False)
    reason: str = ""
    """Empty if it passed; a code and a sentence that quote nothing of the file."""
    actions: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    name: str = ""
    """A file name made of what stands in the result."""


@dataclass
class Seen:
    """What the files that passed are, and who refers to whom among them, before and after."""

    before: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    after: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    studies: dict[str, str] = field(default_factory=dict, repr=False)
    """Study to patient."""
    digests: dict[str, bytes] = field(default_factory=dict, repr=False)
    """Instance to what was made of it: the same file once more is no other one."""

    def resolved(self) -> tuple[int, int]:
        """Return how many references led to one of the files, before and after."""
        return _resolved(self.before), _resolved(self.after)

    def objection(self, after: Elements, patient: str) -> str:
        """Why a file does not fit those before it; empty if it does."""
        digest = sha256(after.body).digest()
        if self.digests.setdefault(_uid(after), digest) != digest:
            return "twice: another file holds this instance with other content"
        if self.studies.setdefault(_uid(after, _STUDY), patient) != patient:
            return "study-of-two-patients: another file has its study under another patient"
        return ""


def throw_away_ring() -> KeyRing:
    """Return keys that nobody will ever have again: the results link to nothing."""
    return KeyRing.from_root(secrets.token_bytes(THROW_AWAY_BYTES), "offline")


class Offline:
    """Runs the engine on files one by one and lets the checker read what it wrote.

    Parameters
    ----------
    stage
        `site` for the first stage only, `national` for both.
    people
        Who must not be found, beyond those who stand in each file.
    """

    def __init__(
        self, profile: Profile, ring: KeyRing, stage: str, people: KnownPeople | None = None
    ) -> None:
        people = people or KnownPeople()
        self._ring = ring
        self._keys = ring.site_keys()
        self._site = SiteStage(profile, self._keys, (*people.words, *people.birth_dates))
        self._national = NationalStage(profile, ring, {}) if stage == NATIONAL_STAGE else None
        self._stage = stage
        self._known = people.identity(profile.vocabulary.words)
        self._allowed = profile.allow_list
        self._profile = profile
        self.seen = Seen()

    def take(self, data: bytes) -> Outcome:
        """De-identify and check one file. Raises nothing, whatever the file holds."""
        try:
            return self._take(data)
        except Exception as error:  # noqa: BLE001 - the next file is another matter
            return Outcome(None, f"failure: {type(error).__name__}; the file was not understood")

    def _take(self, data: bytes) -> Outcome:
        try:
            identity = read_identity(data)
            pseudonym = site_pseudonym(self._keys, identity.patient_id)
            done = self._site.deidentify(data, pseudonym)
            actions = Counter(done.actions)
            if self._national is not None:
                done = self._national.deidentify(done.data)
                pseudonym = national_id(self._ring, pseudonym)
            before, after = read_elements(data), read_elements(done.data)
        except RejectError as error:
            return Outcome(None, f"{error.code}: {error}")
        except UnreadableError as error:
            return Outcome(None, f"checker: cannot read the file: {error}")
        problems, compared = self._judge(before, after, pseudonym)
        reason = f"checker: {problems[0]}" if problems else self.seen.objection(after, pseudonym)
        if reason:
            return Outcome(None, reason, actions, compared)
        self._remember(before, after)
        return Outcome(done.data, "", actions, compared, self._name(after))

    def _judge(
        self, before: Elements, after: Elements, patient_id: str
    ) -> tuple[list[Problem], int]:
        originals, private = instance_uids(before), self._profile.private_vrs
        expected = Expected(patient_id, self._allowed, originals, private, self._stage)
        problems = check_object(after, self._look_for(before), expected)
        changes, compared = check_unchanged(before, after, self._allowed)
        return [*problems, *changes], compared

    def _look_for(self, before: Elements) -> KnownIdentity:
        found = identity_in(before, self._profile.vocabulary.words)
        return KnownIdentity(
            (*self._known.words, *found.words),
            (*self._known.birth_dates, *found.birth_dates),
            self._known.everyday | found.everyday,
            self._profile.staff,
        )

    def _remember(self, before: Elements, after: Elements) -> None:
        for elements, seen in ((before, self.seen.before), (after, self.seen.after)):
            seen[_uid(elements)] = referenced_uids(elements)

    def _name(self, after: Elements) -> str:
        """The sender's file name may name the patient, so the result never gets it."""
        return f"{self._profile.objects[_uid(after, _SOP_CLASS)].upper()}.{_uid(after)}.dcm"


def files_of(place: Path) -> list[Path]:
    """Return the file itself, or every file below a folder that is not hidden, sorted."""
    if place.is_file():
        return [place]
    return sorted(
        path for path in place.rglob("*") if path.is_file() and not path.name.startswith(".")
    )


def _resolved(references: dict[str, frozenset[str]]) -> int:
    return sum(len(_inside(targets, references)) for targets in references.values())


def _inside(targets: frozenset[str], there: Collection[str]) -> list[str]:
    return [target for target in targets if target in there]


def _uid(elements: Elements, tag: int = _SOP_INSTANCE) -> str:
    return (elements.first(tag) or b"").rstrip(b"\0 ").decode("ascii", "replace")
