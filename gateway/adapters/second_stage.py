"""The `SecondStage` port: the engine, its independent checker and the centre's seal."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from gateway.contract.manifest import CertificateBody, CourseCertificate
from gateway.data.deid import load_profile
from gateway.domain.checker import (
    CHECKER_VERSION,
    Expected,
    KnownIdentity,
    UnreadableError,
    check_object,
    check_unchanged,
    instance_uids,
    read_elements,
    referenced_uids,
)
from gateway.domain.consent import Person
from gateway.domain.deid import ENGINE_VERSION, NationalStage, Profile, fold, seal_certificate
from gateway.domain.identity import KeyRing, national_id, national_uid
from gateway.errors import ConfigError, HoldError, RejectError
from gateway.ports import Rewritten


def open_profile(policy_file: Path | None) -> Profile:
    """Load the profile with the centre's policy; refuses to start with a broken one."""
    try:
        return load_profile(policy_file)
    except (OSError, ValueError) as error:
        raise ConfigError(f"policy_file: {error}") from None


class EngineSecondStage:
    """Rewrites with the engine and lets the checker read the written bytes."""

    engine_version = ENGINE_VERSION
    checker_version = CHECKER_VERSION

    def __init__(self, profile: Profile, ring: KeyRing) -> None:
        self.profile = profile.name_and_hash
        self._the_profile = profile
        self.key_id = ring.key_id
        self._ring = ring
        self._stage = NationalStage(profile, ring, {})
        self._anatomy = profile.vocabulary.words
        self._known_once = lru_cache(maxsize=64)(self._known)
        self._allowed = profile.allow_list

    def rewrite(self, data: bytes, pseudonym: str, person: Person | None) -> Rewritten:
        """Rewrite one site object and check what was written.

        Raises
        ------
        HoldError
            When engine or checker cannot read the object: it stays here, a person looks at it.
        """
        try:
            done = self._stage.deidentify(data)
            before, after = read_elements(data), read_elements(done.data)
        except RejectError as error:
            raise HoldError(error.code, f"the second stage refuses an object: {error}") from None
        except UnreadableError as error:
            raise HoldError("checker", f"the checker cannot read an object: {error}") from None
        expected = Expected(
            self.patient(pseudonym),
            self._allowed,
            instance_uids(before),
            self._the_profile.private_vrs,
        )
        changes, compared = check_unchanged(before, after, self._allowed)
        problems = [*check_object(after, self._known_once(person, pseudonym), expected), *changes]
        return Rewritten(
            data=done.data,
            actions=done.actions,
            problems=tuple(str(problem) for problem in problems),
            compared=compared,
            references=referenced_uids(after),
        )

    def use_terms(self, texts: Mapping[str, str]) -> None:
        """Objects that are being rewritten right now keep the texts of before."""
        self._stage = NationalStage(self._the_profile, self._ring, dict(texts))

    def uid(self, site_uid: str) -> str:
        return national_uid(self._ring, site_uid)

    def patient(self, pseudonym: str) -> str:
        return national_id(self._ring, pseudonym)

    def _known(self, person: Person | None, pseudonym: str) -> KnownIdentity:
        """Whom to look for. The site pseudonym must not leave either: it would join the stores."""
        if person is None:
            return KnownIdentity((pseudonym,), staff=self._the_profile.staff)
        born = (person.birth_date.strftime("%Y%m%d"),) if person.birth_date else ()
        everyday = (word.casefold() for word in person.words() if fold(word) in self._anatomy)
        words = (*person.words(), pseudonym)
        return KnownIdentity(words, born, frozenset(everyday), self._the_profile.staff)

    def seal(self, body: CertificateBody) -> CourseCertificate:
        return seal_certificate(body, self._ring)
