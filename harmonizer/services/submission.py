"""Courses coming in: announced with a certificate, stored, read back, handed on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from gateway.contract.manifest import CertificateBody, CourseCertificate, Manifest
from gateway.contract.marks import NATIONAL_ID_PREFIX, UID_ROOT
from gateway.contract.receipts import InstanceReceipt, Receipts, SubmissionState, SubmissionStatus
from harmonizer.domain.studies import Expected
from harmonizer.errors import NotFoundError, RefusedError, RetryError
from harmonizer.ports import (
    ArchiveStore,
    Clock,
    Seals,
    Submission,
    Submissions,
    Withdrawals,
    Work,
)

HARMONIZE: Final = "harmonize"

NATIONAL_ID: Final = re.compile(re.escape(NATIONAL_ID_PREFIX) + "[A-Z2-7]{16}")
KEYED_UID: Final = re.compile(re.escape(UID_ROOT) + r"\d{1,39}", re.ASCII)
SOP_CLASS: Final = re.compile(r"[0-9]+(\.[0-9]+)+")
MODALITY: Final = re.compile(r"[A-Z]{2,16}")
"""What stands in a certificate ends in addresses, pages and tables: nothing but these."""

NOT_AUTHORISED: Final = 0x0124
CANNOT_STORE: Final = 0xC000
OUT_OF_RESOURCES: Final = 0xA700
"""Failure reasons of PS3.4 B.2.3 and PS3.7 C.5, as STOW-RS answers them (PS3.18 I.2)."""


@dataclass(frozen=True)
class Stored:
    """What became of one part of a STOW-RS request. `failure` is None if it was kept."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    failure: int | None = None


class SubmissionService:
    """Use cases of a sending centre. Every step may be repeated."""

    def __init__(
        self,
        submissions: Submissions,
        store: ArchiveStore,
        seals: Seals,
        work: Work,
        withdrawals: Withdrawals,
        clock: Clock,
    ) -> None:
        self._submissions = submissions
        self._store = store
        self._seals = seals
        self._work = work
        self._withdrawals = withdrawals
        self._clock = clock

    def announce(
        self, centre: str, course_uid: str, version: int, sealed: CourseCertificate
    ) -> SubmissionStatus:
        """Check the certificate and say which instances are still wanted.

        Raises
        ------
        RefusedError
            With a stable code, if the archive will not take the course as it is.
        """
        body = self._seals.open(centre, sealed)
        _check(body, centre, course_uid, version)
        if self._withdrawals.withdrawn([body.manifest.national_id]):
            raise RefusedError("patient-withdrew", "the patient withdrew; nothing more is taken")
        known = self._submissions.get(course_uid, version)
        if known is None:
            self._refuse_older_or_foreign(body.manifest)
            self._submissions.announce(body, sealed, self._clock.now())
        elif known.manifest_sha256 != body.manifest_sha256:
            text = "this version is here with another content; send it as the next version"
            raise RefusedError("version-is-another", text, 409)
        return self.status(centre, course_uid, version)

    def status(self, centre: str, course_uid: str, version: int) -> SubmissionStatus:
        """Return how far a version has come.

        Raises
        ------
        NotFoundError
            If the centre did not announce it.
        """
        submission = self._of(centre, course_uid, version)
        expected = self._submissions.expected(course_uid, version)
        return SubmissionStatus(
            course_uid=course_uid,
            version=version,
            state=submission.state,
            wanted=tuple(one.key.sop_instance_uid for one in expected if not one.verified),
            reason=submission.reason,
        )

    def admit(self, centre: str, digest: str) -> Expected | None:
        """Return which announced instance has these bytes, None if the centre announced none."""
        return self._submissions.by_digest(centre, digest)

    def keep(self, expected: Expected, data: bytes) -> tuple[Stored, str | None]:
        """Store one admitted instance and read it back. Returns its answer and the digest read."""
        key = expected.key
        failure: int | None = None
        digest: str | None = None
        try:
            if not expected.verified:
                self._store.put(key, data)
                self._still_admitted(expected)
            digest = self._read_back(expected)
        except RefusedError:
            failure = CANNOT_STORE
        except RetryError:
            failure = OUT_OF_RESOURCES
        if failure is None and digest != expected.sha256:
            failure = OUT_OF_RESOURCES
        answer = Stored(
            expected.sop_class_uid, key.sop_instance_uid, key.study_instance_uid, failure
        )
        return answer, digest

    def note(self, digests: Mapping[str, str | None]) -> None:
        """Keep what was read back."""
        if digests:
            self._submissions.verified(digests)

    def verify(self, centre: str, course_uid: str, version: int) -> Receipts:
        """Give the archive's word on every instance; what was not read back yet is read now."""
        submission = self._of(centre, course_uid, version)
        expected = self._submissions.expected(course_uid, version)
        digests = {
            one.key.sop_instance_uid: self._read_back(one) for one in expected if not one.verified
        }
        self.note(digests)
        receipts = tuple(_receipt(one, digests) for one in expected)
        if all(receipt.verified for receipt in receipts):
            now = self._clock.now()
            self._submissions.finish(course_uid, version, now)
            if submission.state == SubmissionState.ANNOUNCED:
                self._work.add(HARMONIZE, [course_uid], now)
            submission = self._of(centre, course_uid, version)
        return Receipts(
            course_uid=course_uid, version=version, state=submission.state, receipts=receipts
        )

    def _of(self, centre: str, course_uid: str, version: int) -> Submission:
        found = self._submissions.get(course_uid, version)
        if found is None or found.centre != centre:
            raise NotFoundError("this centre announced no such version of a course")
        return found

    def _still_admitted(self, expected: Expected) -> None:
        """Take an object back whose patient withdrew while it was being stored."""
        if not self._submissions.is_expected(expected.key.sop_instance_uid, expected.sha256):
            self._store.delete(expected.key)
            raise RefusedError("patient-withdrew", "the patient withdrew; nothing more is taken")

    def _refuse_older_or_foreign(self, manifest: Manifest) -> None:
        newest = self._submissions.newest(manifest.course_uid)
        if newest is None:
            return
        if (newest.centre, newest.national_id) != (manifest.centre, manifest.national_id):
            text = "this course is here under another patient or centre; a person must look"
            raise RefusedError("course-of-another-patient", text, 409)
        if newest.version > manifest.version:
            text = f"version {newest.version} of this course is here already"
            raise RefusedError("newer-version-known", text, 409)

    def _read_back(self, expected: Expected) -> str | None:
        data = self._store.read(expected.key)
        return None if data is None else sha256(data).hexdigest()


def _receipt(expected: Expected, digests: Mapping[str, str | None]) -> InstanceReceipt:
    uid = expected.key.sop_instance_uid
    digest = expected.sha256 if expected.verified else digests.get(uid)
    return InstanceReceipt(sop_instance_uid=uid, sha256=digest, verified=digest == expected.sha256)


def _check(body: CertificateBody, centre: str, course_uid: str, version: int) -> None:
    manifest = body.manifest
    if (manifest.centre, manifest.course_uid, manifest.version) != (centre, course_uid, version):
        raise RefusedError("other-course", "the certificate is of another course or centre")
    if not NATIONAL_ID.fullmatch(manifest.national_id):
        raise RefusedError("bad-patient", "the patient id was not made by the second stage")
    uids = {uid for one in manifest.instances for uid in _uids(one.model_dump())}
    if not manifest.instances or not all(map(KEYED_UID.fullmatch, {course_uid, *uids})):
        raise RefusedError("bad-uids", "an instance has a UID that the second stage did not make")
    if len({one.sop_instance_uid for one in manifest.instances}) != len(manifest.instances):
        raise RefusedError("bad-manifest", "an instance is listed twice")
    for one in manifest.instances:
        if not (SOP_CLASS.fullmatch(one.sop_class_uid) and MODALITY.fullmatch(one.modality)):
            raise RefusedError("bad-manifest", "an instance has no such class or modality")


def _uids(instance: Mapping[str, str]) -> tuple[str, str, str]:
    return (
        instance["sop_instance_uid"],
        instance["series_instance_uid"],
        instance["study_instance_uid"],
    )
