"""The `SecondStage` port: the engine, its independent checker and the centre's seal."""

from gateway.contract.manifest import CertificateBody, CourseCertificate
from gateway.domain.checker import CHECKER_VERSION
from gateway.domain.consent import Person
from gateway.domain.deid import ENGINE_VERSION, NationalStage, Profile, seal_certificate
from gateway.domain.identity import KeyRing, national_id, national_uid
from gateway.ports import Rewritten


class EngineSecondStage:
    """Rewrites with the engine and lets the checker read the written bytes."""

    engine_version = ENGINE_VERSION
    checker_version = CHECKER_VERSION

    def __init__(self, profile: Profile, ring: KeyRing) -> None:
        self.profile = profile.name_and_hash
        self.key_id = ring.key_id
        self._ring = ring
        self._stage = NationalStage(profile, ring, {})

    def rewrite(self, data: bytes, person: Person | None) -> Rewritten:
        raise NotImplementedError

    def uid(self, site_uid: str) -> str:
        return national_uid(self._ring, site_uid)

    def patient(self, pseudonym: str) -> str:
        return national_id(self._ring, pseudonym)

    def seal(self, body: CertificateBody) -> CourseCertificate:
        return seal_certificate(body, self._ring)
