"""A sending centre with real keys and both real stages, and an archive store in memory."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Any

from gateway.adapters.second_stage import EngineSecondStage
from gateway.contract.manifest import (
    CertificateBody,
    CourseCertificate,
    Manifest,
    ManifestInstance,
    Role,
)
from gateway.data.deid import load_profile
from gateway.domain.courses import read_instance
from gateway.domain.deid import SiteStage, seal_certificate
from gateway.domain.identity import KeyRing, site_pseudonym
from harmonizer.adapters.nesting import outline
from harmonizer.domain.studies import InstanceKey
from harmonizer.errors import RefusedError, RetryError

BOUNDARY = "part-of-a-test"


@dataclass(frozen=True)
class Sent:
    """One instance as it leaves the centre."""

    entry: ManifestInstance
    data: bytes


@dataclass(frozen=True)
class SentCourse:
    course_uid: str
    version: int
    body: CertificateBody
    sealed: CourseCertificate
    instances: tuple[Sent, ...]

    def multipart(self, which: Sequence[Sent] | None = None) -> bytes:
        parts = [
            b"--%s\r\nContent-Type: application/dicom\r\n\r\n%s\r\n" % (BOUNDARY.encode(), one.data)
            for one in (self.instances if which is None else which)
        ]
        return b"".join([*parts, b"--%s--\r\n" % BOUNDARY.encode()])


class SendingCentre:
    """What a gateway does, without its queues."""

    def __init__(self, name: str = "KUH", root: bytes = bytes(range(32))) -> None:
        self.name = name
        self.ring = KeyRing.from_root(root, name)
        self._profile = load_profile()
        self._first = SiteStage(self._profile, self.ring.site_keys())
        self._second = EngineSecondStage(self._profile, self.ring)

    @property
    def public_key(self) -> str:
        return self.ring.public_key_base64()

    def course(self, originals: Sequence[bytes], patient_id: str, version: int = 1) -> SentCourse:
        """De-identify a course twice and seal it. The plan, or else the first, is its anchor."""
        pseudonym = site_pseudonym(self.ring.site_keys(), patient_id)
        here = [self._first.deidentify(data, pseudonym).data for data in originals]
        sent = [self._send(data, pseudonym) for data in here]
        plans = [one for one in sent if one.entry.role == Role.PLAN]
        anchor = (plans or sent)[0].entry.sop_instance_uid
        manifest = Manifest(
            course_uid=anchor,
            version=version,
            centre=self.name,
            national_id=self._second.patient(pseudonym),
            instances=tuple(one.entry for one in sent),
        )
        body = self._body(manifest)
        sealed = seal_certificate(body, self.ring)
        return SentCourse(anchor, version, body, sealed, tuple(sent))

    def reseal(self, course: SentCourse, manifest: Manifest) -> SentCourse:
        """Sign another manifest over the same instances."""
        body = self._body(manifest)
        sealed = seal_certificate(body, self.ring)
        return SentCourse(manifest.course_uid, manifest.version, body, sealed, course.instances)

    def _send(self, data: bytes, pseudonym: str) -> Sent:
        done = self._second.rewrite(data, pseudonym, None)
        assert not done.problems, done.problems
        instance = read_instance(data)
        entry = ManifestInstance(
            sop_instance_uid=self._second.uid(instance.sop_instance_uid),
            sop_class_uid=instance.sop_class_uid,
            series_instance_uid=self._second.uid(instance.series_instance_uid),
            study_instance_uid=self._second.uid(instance.study_instance_uid),
            modality=instance.modality,
            role=instance.role,
            size_bytes=len(done.data),
            sha256=sha256(done.data).hexdigest(),
        )
        return Sent(entry, done.data)

    def _body(self, manifest: Manifest) -> CertificateBody:
        return CertificateBody(
            manifest=manifest,
            manifest_sha256=sha256(manifest.model_dump_json().encode()).hexdigest(),
            profile=self._profile.name_and_hash,
            engine_version="test",
            checker_version="test",
            key_id=self.ring.key_id,
            actions=dict(Counter(kept=1)),
            references_resolved=0,
            invariants_compared=0,
            passed=True,
        )


class MemoryStore:
    """The `ArchiveStore` port. `loses` and `spoils` name instances that it mistreats."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.labels: dict[str, set[str]] = {}
        self.reports: dict[str, Mapping[str, Any]] = {}
        self.loses: set[str] = set()
        self.spoils: set[str] = set()
        self.refuses: set[str] = set()
        self.down = False
        self.puts = 0

    def put(self, key: InstanceKey, data: bytes) -> None:
        self._answer()
        self.puts += 1
        uid = read_instance(data).sop_instance_uid
        assert outline(data).identity == astuple(key)  # as the real store's adapter asks
        if uid in self.refuses:
            raise RefusedError("store-refuses", "not taken")
        if uid not in self.loses:
            self.objects[uid] = data[:-1] + b"x" if uid in self.spoils else data

    def read(self, key: InstanceKey) -> bytes | None:
        self._answer()
        return self.objects.get(key.sop_instance_uid)

    def headings(self, keys: Sequence[InstanceKey]) -> Mapping[str, bytes]:
        read = {key.sop_instance_uid: self.read(key) for key in keys}
        return {uid: data for uid, data in read.items() if data is not None}

    def digests(self, keys: Sequence[InstanceKey]) -> Mapping[str, str]:
        read = {key.sop_instance_uid: self.read(key) for key in keys}
        return {uid: sha256(data).hexdigest() for uid, data in read.items() if data is not None}

    def delete(self, key: InstanceKey) -> None:
        self._answer()
        self.objects.pop(key.sop_instance_uid, None)

    def delete_patient(self, national_id: str) -> None:
        self._answer()
        for uid, data in list(self.objects.items()):
            if outline(data).identity[0] == national_id:
                del self.objects[uid]

    def patients(self, national_ids: Collection[str]) -> set[str]:
        self._answer()
        here = {outline(data).identity[0] for data in self.objects.values()}
        return here & set(national_ids)

    def count(self) -> int:
        return len(self.objects)

    def ids(self) -> Iterator[str]:
        yield from list(self.objects)

    def id_of(self, key: InstanceKey) -> str:
        return key.sop_instance_uid

    def mirror(
        self, study_instance_uids: Sequence[str], labels: Collection[str], report: Mapping[str, Any]
    ) -> None:
        for uid in study_instance_uids:
            self.labels[uid], self.reports[uid] = set(labels), report

    def is_alive(self) -> bool:
        return not self.down

    def _answer(self) -> None:
        if self.down:
            raise RetryError("the store is down")
