"""Courses coming in: announced with a certificate, stored, read back, handed on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.contract.dimse import DimseStatus
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


@dataclass(frozen=True)
class Stored:
    """What became of one part of a STOW-RS request. `failure` is None if it was kept."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    failure: int | None = None
    """Failure Reason (0008,1197)."""


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
        self._refuse_foreign_or_older(body.manifest, is_known=known is not None)
        if known is None:
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

    def largest_wanted(self, centre: str) -> int:
        """Return how large an instance may be that a centre still has to send, in bytes."""
        return self._submissions.largest_wanted(centre)

    def admit(self, centre: str, digest: str) -> Mapping[str, Expected]:
        """Return which announced instance has these bytes, and its study's others, by digest.

        The centre announced no such bytes if the digest is not in the answer.
        """
        return {one.sha256: one for one in self._submissions.beside(centre, digest)}

    def keep(self, expected: Expected, data: bytes) -> int | None:
        """Store one admitted instance. Returns the reason of a failure; else `confirm` decides."""
        try:
            if not expected.verified:
                self._store.put(expected.key, data)
        except RefusedError:
            return DimseStatus.CANNOT_UNDERSTAND
        except RetryError:
            return DimseStatus.OUT_OF_RESOURCES
        return None

    def confirm(self, kept: Sequence[Expected]) -> Sequence[Stored]:
        """Have the store read back what was stored, keep that, and answer for each."""
        try:
            withdrawn = self._take_back(kept)
            digests = self._store.digests([one.key for one in kept])
        except RetryError:
            return [stored(one, DimseStatus.OUT_OF_RESOURCES) for one in kept]
        whole = {uid for one in kept if digests.get(uid := _uid(one)) == one.sha256} - withdrawn
        self._submissions.verified({uid: digests[uid] for uid in whole})
        failures = dict.fromkeys(withdrawn, DimseStatus.CANNOT_UNDERSTAND)
        otherwise = DimseStatus.OUT_OF_RESOURCES
        return [
            stored(one, None if _uid(one) in whole else failures.get(_uid(one), otherwise))
            for one in kept
        ]

    def verify(self, centre: str, course_uid: str, version: int) -> Receipts:
        """Give the archive's word on every instance; what was not read back yet is read now."""
        submission = self._of(centre, course_uid, version)
        expected = self._submissions.expected(course_uid, version)
        unread = [one for one in expected if not one.verified]
        read = self._store.digests([one.key for one in unread])
        digests = {_uid(one): read.get(_uid(one)) for one in unread}
        self._submissions.verified(digests)
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

    def _take_back(self, kept: Sequence[Expected]) -> set[str]:
        """Delete what is not expected any more: its patient withdrew while it was being stored."""
        withdrawn = self._submissions.unexpected(kept)
        for one in kept:
            if _uid(one) in withdrawn:
                self._store.delete(one.key)
        return withdrawn

    def _refuse_foreign_or_older(self, manifest: Manifest, *, is_known: bool) -> None:
        newest = self._submissions.newest(manifest.course_uid)
        if newest is None:
            return
        if (newest.centre, newest.national_id) != (manifest.centre, manifest.national_id):
            text = "this course is here under another patient or centre; a person must look"
            raise RefusedError("course-of-another-patient", text, 409)
        if newest.version > manifest.version and not is_known:
            text = f"version {newest.version} of this course is here already"
            raise RefusedError("newer-version-known", text, 409)


def stored(expected: Expected, failure: int | None) -> Stored:
    """Return the answer for an announced instance."""
    key = expected.key
    return Stored(expected.sop_class_uid, key.sop_instance_uid, key.study_instance_uid, failure)


def _uid(expected: Expected) -> str:
    return expected.key.sop_instance_uid


def _receipt(expected: Expected, digests: Mapping[str, str | None]) -> InstanceReceipt:
    digest = expected.sha256 if expected.verified else digests.get(_uid(expected))
    return InstanceReceipt(
        sop_instance_uid=_uid(expected), sha256=digest, verified=digest == expected.sha256
    )


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
