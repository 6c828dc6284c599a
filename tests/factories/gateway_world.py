"""A hospital in memory: a site store, an archive and a clock that do what they are told."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha1, sha256
from io import BytesIO
from pathlib import Path

from pydicom import dcmread

from gateway.contract.clinical import BatchReceipt, ClinicalBatch, WithdrawalReceipt
from gateway.contract.manifest import CertificateBody, CourseCertificate, Manifest
from gateway.contract.receipts import (
    CourseHolding,
    InstanceReceipt,
    Receipts,
    SubmissionState,
    SubmissionStatus,
)
from gateway.contract.recruitment import RecruitmentCounts
from gateway.domain.canary import CANARY_PATIENT_ID
from gateway.domain.consent import Person
from gateway.domain.courses import read_instance
from gateway.errors import RejectError, RetryError
from gateway.ports import Answer, Change, Changes, Rewritten, Spooled


class FakeClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class FakeDisk:
    """Measures one volume of 100 GB, however full a test says it is."""

    def __init__(self) -> None:
        self.used_percent = 40.0
        self.failure: Exception | None = None

    def __call__(self, _folder: Path) -> tuple[int, int]:
        if self.failure:
            raise self.failure
        return 100 * 10**9, int((100 - self.used_percent) * 10**9)


class FakeSite:
    """The `SiteStore` port. `store` plays the sender; its plugin refuses the canary."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.stored = self.again = 0
        self.log: list[Change] = []
        self.reads = 0
        self.senders: dict[str, str] = {}
        self.plugin_in_force = self.plugin_answers = True
        self.failure: Exception | None = None

    def store(self, data: bytes, *, tell: bool = True) -> str:
        sop = str(dcmread(BytesIO(data), stop_before_pixels=True).SOPInstanceUID)
        orthanc_id = sha1(sop.encode(), usedforsecurity=False).hexdigest()
        self.stored += 1
        self.again += orthanc_id in self.objects
        self.objects[orthanc_id] = data
        if tell:
            self.log.append(Change(len(self.log) + 1, orthanc_id))
        return orthanc_id

    def changes(self, since: int) -> Changes:
        if self.failure:
            raise self.failure
        page = tuple(change for change in self.log if change.sequence > since)[:100]
        last = page[-1].sequence if page else max(since, 0) if self.log else 0
        return Changes(page, last)

    def last_change(self) -> int:
        return len(self.log)

    def instance_ids(self) -> Iterator[str]:
        yield from list(self.objects)

    def count(self) -> int:
        if self.failure:
            raise self.failure
        return len(self.objects)

    def read(self, orthanc_id: str) -> bytes | None:
        self.reads += 1
        return self.objects.get(orthanc_id)

    def sender(self, orthanc_id: str) -> str:
        return self.senders.get(orthanc_id, "")

    def delete(self, orthanc_id: str) -> None:
        self.objects.pop(orthanc_id, None)

    def offer(self, data: bytes) -> str | None:
        if self.failure:
            raise self.failure
        assert CANARY_PATIENT_ID.encode() in data
        return None if self.plugin_in_force else self.store(data)

    def plugin_boot(self) -> str:
        if not self.plugin_answers:
            raise RetryError("the site Orthanc runs without the plugin")
        return "one"


class FakeStage:
    """The `SecondStage` port: turns the bytes around and renames UIDs by a hash."""

    profile = "test 0000"
    engine_version = "1"
    checker_version = "1"
    key_id = "k"

    def __init__(self) -> None:
        self.problems: tuple[str, ...] = ()
        self.persons: list[Person | None] = []
        self.texts: dict[str, str] = {}

    def use_terms(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)

    def rewrite(self, data: bytes, pseudonym: str, person: Person | None) -> Rewritten:
        self.persons.append(person)
        references = frozenset(self.uid(found) for found in read_instance(data).references)
        return Rewritten(b"N" + data[::-1], {"kept": 2}, self.problems, 3, references)

    def uid(self, site_uid: str) -> str:
        return f"2.25.{int(sha256(site_uid.encode()).hexdigest()[:30], 16)}"

    def patient(self, pseudonym: str) -> str:
        return f"FI{pseudonym}"

    def seal(self, body: CertificateBody) -> CourseCertificate:
        return CourseCertificate(body=body.model_dump_json(), signature="s", public_key_id="p")


class FakeClinicalArchive:
    """The `ClinicalArchive` port: takes everything, after the `failures`, and erases when told."""

    def __init__(self) -> None:
        self.batches: list[ClinicalBatch] = []
        self.asked: list[str] = []
        self.failures: list[Exception] = []
        self.receipts: list[WithdrawalReceipt] = []

    def send(self, batch: ClinicalBatch) -> BatchReceipt:
        self.asked.append("send")
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(batch)
        self._note(batch)
        rows = len(batch.clinical) + len(batch.toxicity) + len(batch.prom)
        return BatchReceipt(batch_id=batch.batch_id, stored=rows, unchanged=0, superseded=0)

    def _note(self, batch: ClinicalBatch) -> None:
        """Keep a record of who withdrew, until they consent again."""
        self.receipts = [r for r in self.receipts if r.national_id not in batch.consented_again]
        for national in set(batch.withdrawn) - {r.national_id for r in self.receipts}:
            now = datetime(2026, 3, 2, tzinfo=UTC)
            empty = {"rows": 0, "courses": 0, "instances": 0}
            self.receipts.append(WithdrawalReceipt(national_id=national, withdrawn_at=now, **empty))

    def tell_recruitment(self, counts: RecruitmentCounts) -> None:
        self.asked.append("recruitment")
        self.recruitment = counts

    def withdrawals(self) -> list[WithdrawalReceipt]:
        return self.receipts


class FakeArchive:
    """The `Archive` port, which refuses an announcement for the reasons of the real one.

    `failures` are raised one by one by whatever is called next.
    """

    def __init__(self) -> None:
        self.announced: dict[tuple[str, int], CertificateBody] = {}
        self.held: dict[str, bytes] = {}
        self.failures: dict[str, list[Exception]] = {"announce": [], "store": [], "verify": []}
        self.loses: set[str] = set()
        """Instances of which it says that it stored them, but did not."""
        self.calls: list[str] = []

    def announce(
        self, course_uid: str, version: int, sealed: CourseCertificate
    ) -> SubmissionStatus:
        self._called("announce")
        body = CertificateBody.model_validate_json(sealed.body)
        self._refuse_foreign(body)
        self.announced[course_uid, version] = body
        return SubmissionStatus(
            course_uid=course_uid,
            version=version,
            state=SubmissionState.ANNOUNCED,
            wanted=tuple(
                i.sop_instance_uid
                for i in body.manifest.instances
                if sha256(self.held.get(i.sop_instance_uid, b"")).hexdigest() != i.sha256
            ),
        )

    def _refuse_foreign(self, body: CertificateBody) -> None:
        said = body.manifest
        same = self.announced.get((said.course_uid, said.version))
        studies = {one.study_instance_uid for one in said.instances}
        for known in (one.manifest for one in self.announced.values()):
            is_course = known.course_uid == said.course_uid
            if known.national_id == said.national_id:
                if is_course and known.version > said.version and same is None:
                    raise RejectError("newer-version-known", "the archive refuses the course")
            elif is_course:
                raise RejectError("course-of-another-patient", "the archive refuses the course")
            elif studies & {one.study_instance_uid for one in known.instances}:
                raise RejectError("study-of-another-patient", "the archive refuses the course")
        if same is not None and same.manifest_sha256 != body.manifest_sha256:
            raise RejectError("version-is-another", "the archive refuses the course")

    def erase(self, national_id: str) -> int:
        """Delete everything of a patient. Returns how many instances."""
        theirs = {k: b for k, b in self.announced.items() if b.manifest.national_id == national_id}
        uids = {one.sop_instance_uid for b in theirs.values() for one in b.manifest.instances}
        for key in theirs:
            del self.announced[key]
        return sum(self.held.pop(uid, None) is not None for uid in uids)

    def store(self, batch: Sequence[tuple[Spooled, Iterator[bytes]]]) -> Answer:
        self._called("store")
        for spooled, chunks in batch:
            if spooled.sop_instance_uid not in self.loses:
                self.held[spooled.sop_instance_uid] = b"".join(chunks)
        return Answer(tuple(spooled.sop_instance_uid for spooled, _ in batch), {})

    def verify(self, course_uid: str, version: int) -> Receipts:
        self._called("verify")
        manifest = self.announced[course_uid, version].manifest
        return Receipts(
            course_uid=course_uid,
            version=version,
            state=SubmissionState.STORED,
            receipts=tuple(self._receipt(i.sop_instance_uid, i.sha256) for i in manifest.instances),
        )

    def holdings(self) -> list[CourseHolding]:
        self._called("holdings")
        newest = {uid: body for (uid, _), body in sorted(self.announced.items())}
        return [self._holding(uid, body.manifest) for uid, body in newest.items()]

    def _holding(self, uid: str, manifest: Manifest) -> CourseHolding:
        missing = [i for i in manifest.instances if i.sop_instance_uid not in self.held]
        count = len(manifest.instances)
        return CourseHolding(
            course_uid=uid, version=manifest.version, instances=count, missing=len(missing)
        )

    def _receipt(self, uid: str, wanted: str) -> InstanceReceipt:
        found = sha256(self.held[uid]).hexdigest() if uid in self.held else None
        return InstanceReceipt(sop_instance_uid=uid, sha256=found, verified=found == wanted)

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.failures.get(name):
            raise self.failures[name].pop(0)


class FakeTimer:
    """Seconds that pass only while somebody waits for them."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.seconds += seconds
