"""What the services need from the world. Adapters implement these; tests bring their own."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from gateway.contract.manifest import CertificateBody, CourseCertificate
from gateway.contract.receipts import CourseHolding, Receipts, SubmissionStatus
from gateway.contract.site import PluginReport, RefusalCount
from gateway.domain.consent import Person
from gateway.domain.courses import CourseState
from gateway.domain.deid import Decision, Term, TermUse
from gateway.domain.submission import OutboxState
from gateway.ports.collection import Collected as Collected
from gateway.ports.collection import Moved as Moved
from gateway.ports.collection import Pacs as Pacs
from gateway.ports.commitment import Answering as Answering
from gateway.ports.commitment import Commitments as Commitments
from gateway.ports.commitment import OpenRequest as OpenRequest
from gateway.ports.erasure import Erasures as Erasures
from gateway.ports.index import CHANGES as CHANGES
from gateway.ports.index import Index as Index
from gateway.ports.index import SetAside as SetAside
from gateway.ports.index import StoredInstance as StoredInstance
from gateway.ports.people import Enrolment as Enrolment
from gateway.ports.people import Merge as Merge
from gateway.ports.people import Statement as Statement
from gateway.ports.people import Tombstone as Tombstone
from gateway.ports.people import Vault as Vault
from gateway.ports.senders import Call as Call
from gateway.ports.senders import Callers as Callers
from gateway.ports.senders import Quarantine as Quarantine
from gateway.ports.values import MANY as MANY
from gateway.ports.values import LeavingText as LeavingText
from gateway.ports.values import TextPlace as TextPlace
from gateway.ports.values import Values as Values


class Clock(Protocol):
    """UTC now. Injected, so that tests move time instead of waiting."""

    def now(self) -> datetime: ...


class Audit(Protocol):
    """The append-only record. An action whose record cannot be written does not happen."""

    def record(self, action: str, caller: str, subject: str, detail: str = "") -> None:
        """Append one event. `subject` is a pseudonym or a keyed UID, never an identifier."""
        ...


# --- the site store and its index --------------------------------------------------------


@dataclass(frozen=True)
class Change:
    sequence: int
    orthanc_id: str


@dataclass(frozen=True)
class Changes:
    instances: tuple[Change, ...]
    last: int
    """Position to ask from next."""


class SiteStore(Protocol):
    """The site Orthanc. Every method raises `RetryError` while it cannot be reached."""

    def changes(self, since: int) -> Changes: ...

    def last_change(self) -> int: ...

    def instance_ids(self) -> Iterator[str]: ...

    def count(self) -> int:
        """Return how many instances it says that it holds."""
        ...

    def read(self, orthanc_id: str) -> bytes | None:
        """Return the stored bytes, or None if the instance is not there any more."""
        ...

    def sender(self, orthanc_id: str) -> str:
        """Return the calling AET that stored an instance, or "" if it came over HTTP."""
        ...

    def delete(self, orthanc_id: str) -> None:
        """Delete one instance; deleting what is not there is no error."""
        ...

    def offer(self, data: bytes) -> str | None:
        """Post an object as a sender would.

        Return its id if it was stored, None if it was refused in the way of the plugin. Any other
        answer raises `RetryError`: whatever stands between may refuse too, and proves nothing.
        """
        ...

    def plugin_boot(self) -> str:
        """Return the name that the plugin has had since Orthanc's start. Without one, raises."""
        ...


# --- courses and the outbox --------------------------------------------------------------


@dataclass(frozen=True)
class Course:
    id: int | None
    anchor_uid: str
    pseudonym: str
    state: CourseState
    changed_at: datetime
    version: int = 0
    content_digest: str = ""
    sent_digest: str = ""
    reasons: tuple[dict[str, str], ...] = ()
    findings: tuple[dict[str, str], ...] = ()
    release: Mapping[str, Any] | None = None
    refusal: Mapping[str, Any] | None = None
    """That a person keeps it here for good: on which day, who, and of which members."""
    plans: Mapping[str, Any] = field(default_factory=dict)
    """SOP Instance UID of a plan to whether a person took it `in`, on which day, who and why."""
    apart: tuple[dict[str, Any], ...] = ()
    """Each `plan` that is kept apart, with `reasons` and how many `instances` stay here with it."""
    instances: int = 0
    delivered_version: int = 0
    delivered_at: datetime | None = None
    revision: int = 0
    """Counts every change, so that a stale copy is never saved."""


class Courses(Protocol):
    def of_patient(self, pseudonym: str) -> list[Course]: ...

    def get(self, course_id: int) -> Course | None: ...

    def of_ids(self, course_ids: Collection[int]) -> dict[int, Course]:
        """Return those of these courses that are there, by id."""
        ...

    def find(
        self, state: CourseState | None = None, limit: int | None = 500, offset: int = 0
    ) -> list[Course]:
        """Return courses, of a state or of all, the latest change first; None is no limit."""
        ...

    def anchors(self) -> dict[int, str]:
        """Map every course to the UID that its name in the archive is made of."""
        ...

    def due(self, settled_before: datetime, now: datetime) -> list[Course]:
        """Collecting courses to which nothing has come since, or which a clock put after now."""
        ...

    def save(
        self,
        course: Course,
        members: Collection[str] | None = None,
        apart: Collection[str] | None = None,
    ) -> int:
        """Insert or update; with `members`, assign these orthanc ids to it. Returns its id.

        With `apart`, these of its members are kept apart from now on, and no others.
        Raises `RetryError` if the course was changed since it was read.
        """
        ...

    def remove(self, course_id: int) -> None: ...

    def reopen(self, pseudonym: str) -> None:
        """Have every course of a patient judged again, e.g. after a change of consent."""
        ...

    def send_again(self, course_ids: Collection[int]) -> None:
        """Have courses that were sent or queued judged as changed: a new version goes."""
        ...

    def lost(self, course_ids: Collection[int]) -> None:
        """Note that the archive has not all of these any more, and `send_again`.

        Nothing of them counts as delivered until it is read back again.
        """
        ...

    def counts(self) -> dict[str, int]: ...


@dataclass(frozen=True)
class Work:
    """One submission under a lease."""

    id: int
    course_id: int
    version: int
    attempts: int
    owner: str
    members: tuple[str, ...]
    """Orthanc ids, frozen when it was queued."""
    content_digest: str = ""
    """Of what they held then; empty if that was not written down."""


@dataclass(frozen=True)
class Sent:
    """One instance as it was announced."""

    orthanc_id: str
    national_uid: str
    sha256: str
    size_bytes: int


class Outbox(Protocol):
    def queue(self, course: Course, members: Collection[str]) -> bool:
        """Freeze the members as the course's next version.

        False if one that the archive has heard of is on its way: judged again when that is done.
        """
        ...

    def claim(self, owner: str, lease_s: float) -> Work | None:
        """Take the next submission that is due and nobody else's."""
        ...

    def extend(self, work: Work, lease_s: float) -> bool:
        """Prolong the lease. False if another worker has it by now."""
        ...

    def announced(self, work: Work, sent: Sequence[Sent]) -> None: ...

    def verified(self, work: Work, national_uids: Collection[str]) -> None: ...

    def finish(self, work: Work, state: OutboxState, reason: str = "") -> None: ...

    def refused_courses(self) -> list[int]:
        """Return the courses that stand refused because the archive did not want them."""
        ...

    def retry(self, work: Work, wait_s: float, reason: str) -> None: ...

    def cancel(self, pseudonym: str, course_id: int | None = None) -> int:
        """Withhold whatever of a patient, or of one course, still waits. Returns how many."""
        ...

    def counts(self) -> dict[str, int]: ...

    def receipts(self, course_id: int) -> list[dict[str, Any]]: ...


class Terms(Protocol):
    """Redacted terms, where they stand, and what a person decided about them."""

    def note(self, found: Sequence[TermUse]) -> None:
        """Remember what cleaning redacted where; noting it again changes nothing."""
        ...

    def find(self, decision: Decision | None = None) -> list[Term]:
        """Return terms that stand in at least one instance, the most frequent first."""
        ...

    def decide(self, replacements: Collection[str], decision: Decision, text: str) -> None: ...

    def in_force(self) -> dict[str, str]:
        """Map each approved or mapped replacement to the text that stands for it."""
        ...

    def patients(self, replacements: Collection[str]) -> set[str]: ...

    def courses(self, replacements: Collection[str]) -> set[int]: ...

    def forget(self, pseudonym: str) -> None:
        """Remove a patient's uses, and every undecided term that nobody else's object has."""
        ...


# --- the way out -------------------------------------------------------------------------


@dataclass(frozen=True)
class Rewritten:
    """One object after the second stage, checked."""

    data: bytes = field(repr=False)
    actions: Mapping[str, int]
    problems: tuple[str, ...]
    """What the independent checker found; empty means it may leave."""
    compared: int
    """How many invariant elements were compared with the site object."""
    references: frozenset[str]
    """SOPInstanceUIDs that the written bytes refer to, at any depth."""


class SecondStage(Protocol):
    """De-identification before leaving, its independent checker, and the centre's seal."""

    profile: str
    engine_version: str
    checker_version: str
    key_id: str

    def rewrite(self, data: bytes, pseudonym: str, person: Person | None) -> Rewritten: ...

    def use_terms(self, texts: Mapping[str, str]) -> None:
        """From now on put these texts in place of redacted terms."""
        ...

    def uid(self, site_uid: str) -> str: ...

    def patient(self, pseudonym: str) -> str: ...

    def seal(self, body: CertificateBody) -> CourseCertificate: ...


@dataclass(frozen=True)
class Spooled:
    sop_instance_uid: str
    sha256: str
    size_bytes: int


class Spool(Protocol):
    def write(self, uid: str, data: bytes) -> Spooled: ...

    def chunks(self, uid: str) -> Iterator[bytes]: ...

    def remove(self, uids: Iterable[str]) -> None: ...


@dataclass(frozen=True)
class Answer:
    """What the archive said to one STOW request."""

    stored: tuple[str, ...]
    failed: Mapping[str, int]
    """SOPInstanceUID to failure reason (0008,1197)."""


class Archive(Protocol):
    """The archive's front door.

    Raises `RetryError` when it cannot be reached or is not well, `StopError` when it does not
    let this centre in, `RejectError` when it refuses this course for good.
    """

    def announce(
        self, course_uid: str, version: int, sealed: CourseCertificate
    ) -> SubmissionStatus: ...

    def store(self, batch: Sequence[tuple[Spooled, Iterator[bytes]]]) -> Answer: ...

    def verify(self, course_uid: str, version: int) -> Receipts: ...

    def holdings(self) -> Sequence[CourseHolding]:
        """Return every course that the archive holds of this centre, and what it lost of it."""
        ...


# --- watching ----------------------------------------------------------------------------


class Alerts(Protocol):
    def raise_alert(self, code: str, text: str) -> None: ...

    def clear(self, code: str) -> None: ...

    def open(self) -> list[dict[str, str]]: ...


class PluginTotals(Protocol):
    def record(self, report: PluginReport) -> None: ...

    def stored(self) -> tuple[int, int, int] | None:
        """Stored, of these again, and starts without a last word; None before the first word."""
        ...

    def refused(self) -> list[RefusalCount]: ...

    def refused_of(self, pseudonym: str) -> list[dict[str, Any]]:
        """Return reason, count and the last time of what was refused of one patient."""
        ...

    def forget(self, pseudonym: str) -> None: ...

    def last_report(self) -> datetime | None: ...
