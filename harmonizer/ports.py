"""What the services need of the world. Adapters implement these; tests bring their own."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from gateway.contract.manifest import CertificateBody, CourseCertificate
from gateway.contract.receipts import SubmissionState
from harmonizer.domain.cohorts import Entry, Level, Question
from harmonizer.domain.studies import (
    CourseInstance,
    Expected,
    Harmonized,
    InstanceKey,
)


class Clock(Protocol):
    def now(self) -> datetime: ...


class ArchiveStore(Protocol):
    """The archive's Orthanc."""

    def put(self, key: InstanceKey, data: bytes) -> None:
        """Store one instance in DICOM file format.

        Raises
        ------
        RefusedError
            If the store will never take it, or the bytes are of another instance than `key`.
        RetryError
            If it may later.
        """
        ...

    def read(self, key: InstanceKey) -> bytes | None:
        """Return the bytes as stored, or None if there is no such instance."""
        ...

    def headings(self, keys: Sequence[InstanceKey]) -> Mapping[str, bytes]:
        """Return the bytes before the pixels of each that is there, by SOPInstanceUID."""
        ...

    def digests(self, keys: Sequence[InstanceKey]) -> Mapping[str, str]:
        """Have the store read its own files; return their SHA-256 by SOPInstanceUID.

        What is not there, or cannot be read, is not in the answer.
        """
        ...

    def delete(self, key: InstanceKey) -> None: ...

    def delete_patient(self, national_id: str) -> None:
        """Delete all that is there of a patient, whether a table knows of it or not."""
        ...

    def patients(self, national_ids: Collection[str]) -> set[str]:
        """Return of which of these patients anything is there."""
        ...

    def count(self) -> int: ...

    def ids(self) -> Iterator[str]:
        """Yield the store's own id of every instance."""
        ...

    def id_of(self, key: InstanceKey) -> str: ...

    def mirror(
        self, study_instance_uids: Sequence[str], labels: Collection[str], report: Mapping[str, Any]
    ) -> None:
        """Show results in the store: labels on studies, the report as an attachment. A cache."""
        ...


class Withdrawals(Protocol):
    """Patients whose data were deleted and stay away."""

    def withdrawn(self, national_ids: Collection[str]) -> set[str]: ...


class Seals(Protocol):
    def open(self, centre: str, sealed: CourseCertificate) -> CertificateBody:
        """Check the centre's signature and return what it sealed.

        Raises
        ------
        RefusedError
            `bad-signature` or `bad-certificate`.
        """
        ...


@dataclass(frozen=True)
class Submission:
    course_uid: str
    version: int
    centre: str
    national_id: str
    state: SubmissionState
    manifest_sha256: str
    reason: str | None = None


class Submissions(Protocol):
    """What was announced and what of it has come."""

    def get(self, course_uid: str, version: int) -> Submission | None: ...

    def newest(self, course_uid: str) -> Submission | None: ...

    def announce(self, body: CertificateBody, sealed: CourseCertificate, at: datetime) -> None:
        """Keep an announcement, its instances and whose studies they are in, all or nothing.

        Raises
        ------
        RefusedError
            `study-of-another-patient`, `instance-of-another-centre`,
            `instance-of-another-series`.
        """
        ...

    def expected(self, course_uid: str, version: int) -> Sequence[Expected]: ...

    def beside(self, centre: str, sha256: str) -> Sequence[Expected]:
        """Return the instance whose bytes a centre announced with this digest.

        And what of its study has not come yet, because that comes next. Empty if there is none.
        """
        ...

    def largest_wanted(self, centre: str) -> int:
        """Return the size of the largest instance that a centre still has to send; 0 if none."""
        ...

    def unexpected(self, instances: Sequence[Expected]) -> set[str]:
        """Return which of these are not announced at this moment with these bytes, by UID."""
        ...

    def verified(self, receipts: Mapping[str, str | None]) -> None:
        """Keep digests read back, by SOPInstanceUID; None says that it is not there."""
        ...

    def known(self, sop_instance_uids: Collection[str]) -> set[str]: ...

    def finish(self, course_uid: str, version: int, at: datetime) -> None:
        """All of a version was read back: it is the course now, and harmonizing it is due."""
        ...


@dataclass(frozen=True)
class CourseContext:
    """What a course was harmonized with: site, side, and the versions of rules and code."""

    course_uid: str
    national_id: str
    site: str | None
    laterality: str | None
    made_by: Mapping[str, str]


class Courses(Protocol):
    """Courses and what was worked out from them."""

    def instances(self, course_uid: str) -> Sequence[CourseInstance]: ...

    def national_id(self, course_uid: str) -> str | None: ...

    def centre(self, course_uid: str) -> str | None: ...

    def contexts(self, national_ids: Collection[str] | None = None) -> Sequence[CourseContext]:
        """What harmonized courses were taken for, of these patients or of everybody."""
        ...

    def unharmonized(self) -> Sequence[str]:
        """Courses that are stored but neither harmonized nor failed."""
        ...

    def keep(self, course_uid: str, result: Harmonized, at: datetime) -> None:
        """Replace what was worked out before, in one transaction."""
        ...

    def fail(self, course_uid: str, reason: str) -> None: ...

    def study_uids(self, course_uid: str) -> Sequence[str]: ...


@dataclass(frozen=True)
class Task:
    kind: str
    subject: str
    attempts: int


class WorkState(StrEnum):
    """How it stands with something on the list; what is done is not on it."""

    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"


class Work(Protocol):
    """The durable list of what is to be done."""

    def add(self, kind: str, subjects: Iterable[str], at: datetime) -> None: ...

    def claim(self, at: datetime, lease: timedelta, kind: str) -> Task | None:
        """Take one task of a kind that is due, or whose lease was lost."""
        ...

    def done(self, task: Task, at: datetime) -> None: ...

    def retry(self, task: Task, not_before: datetime, reason: str) -> None: ...

    def give_up(self, task: Task, at: datetime, reason: str) -> bool:
        """Try no more. False if it was asked for while it ran, so that it begins anew instead, or
        if nothing is left of it."""
        ...

    def release_leases(self) -> None:
        """Make what ran when this service ended due again; what another one does is left to it."""
        ...

    def counts(self) -> Mapping[WorkState, int]: ...


class Audit(Protocol):
    def record(self, caller: str, role: str, action: str, subject: str) -> None:
        """Append one event. An error is the caller's: no record, no action."""
        ...


class CohortRecords(Protocol):
    """What readers may see, in our tables."""

    def entries(self, question: Question, offset: int, limit: int) -> Sequence[Entry]:
        """What matches, in a fixed order. `standard` keys are not for these tables."""
        ...

    def keys(self, study: str, series: str | None, instance: str | None) -> Sequence[InstanceKey]:
        """Every instance of a study, series or one; empty if none may be seen."""
        ...


@dataclass(frozen=True)
class Answer:
    """The head of an answer of the store; its body comes in chunks."""

    status: int
    media_type: str
    chunks: AsyncIterator[bytes]


class DicomWeb(Protocol):
    """The archive's Orthanc as a DICOMweb server, and its files as they were stored."""

    async def search(
        self, level: Level, parameters: Sequence[tuple[str, str]]
    ) -> list[dict[str, Any]]:
        """Raises `RetryError` if the store does not answer."""
        ...

    async def metadata(self, key: InstanceKey, *, of_series: bool) -> list[dict[str, Any]]:
        """Return the metadata of an instance, or of every instance of its series."""
        ...

    def open(self, place: str, accept: str) -> AbstractAsyncContextManager[Answer]:
        """Ask for what lies under `/dicom-web/studies/...`."""
        ...

    def file(self, key: InstanceKey) -> AbstractAsyncContextManager[Answer]:
        """Ask for one instance as it was stored."""
        ...

    async def close(self) -> None: ...
