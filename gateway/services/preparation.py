"""Preparing one version of a course: second stage to the spool, checked object by object."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

from gateway.contract.manifest import (
    CertificateBody,
    CourseCertificate,
    LocalFinding,
    Manifest,
    ManifestInstance,
    MissingReference,
    Release,
)
from gateway.domain.consent import Person
from gateway.domain.courses import Draft, missing_of
from gateway.errors import HoldError
from gateway.ports import (
    Course,
    SecondStage,
    SiteStore,
    Spool,
    Spooled,
    StoredInstance,
    Work,
)

KEEP_EVERY = 25
"""Instances between two prolongations of the lease."""


@dataclass(frozen=True)
class Prepared:
    """One instance in the spool, ready to leave."""

    stored: StoredInstance
    spooled: Spooled
    actions: Mapping[str, int]
    compared: int

    @property
    def size_bytes(self) -> int:
        return self.spooled.size_bytes


class Preparer:
    """Rewrites a course's members and seals what it did."""

    def __init__(
        self,
        store: SiteStore,
        stage: SecondStage,
        spool: Spool,
        pool: ThreadPoolExecutor,
        centre: str,
    ) -> None:
        self._store = store
        self._stage = stage
        self._spool = spool
        self._pool = pool
        self._centre = centre

    def course_uid(self, course: Course) -> str:
        """Return the course's name in the archive: the keyed hash of its anchor."""
        return self._stage.uid(course.anchor_uid)

    def prepare(
        self,
        work: Work,
        members: Sequence[StoredInstance],
        person: Person | None,
        still_mine: Callable[[], None],
    ) -> list[Prepared]:
        """Rewrite every member to the spool, several at a time.

        Raises
        ------
        HoldError
            If the checker objects to an object, or an object is not what was indexed.
        """

        def one(numbered: tuple[int, StoredInstance]) -> Prepared:
            place, stored = numbered
            if place % KEEP_EVERY == 0:
                still_mine()
            return self._one(work, stored, person)

        return list(self._pool.map(one, enumerate(members)))

    def _one(self, work: Work, stored: StoredInstance, person: Person | None) -> Prepared:
        data = self._store.read(stored.orthanc_id)
        if data is None:
            raise HoldError("instance-gone", "an instance is not in the site store any more")
        if sha256(data).hexdigest() != stored.sha256:
            raise HoldError(
                "content-changed", "an instance's bytes differ from those that were indexed"
            )
        written = self._stage.rewrite(data, person)
        if written.problems:
            raise HoldError("checker", f"the checker objects: {written.problems[0]}")
        uid = self._stage.uid(stored.instance.sop_instance_uid)
        spooled = self._spool.write(work.id, uid, written.data)
        return Prepared(stored, spooled, written.actions, written.compared)

    def seal(
        self,
        course: Course,
        work: Work,
        draft: Draft,
        prepared: Sequence[Prepared],
    ) -> CourseCertificate:
        """Sign what leaves: the manifest, what was done to it and what was checked."""
        manifest = self._manifest(course, work, draft, prepared)
        actions: Counter[str] = Counter()
        for one in prepared:
            actions.update(one.actions)
        resolved = sum(len(i.references) for i in manifest.instances) - len(manifest.missing)
        return self._stage.seal(
            CertificateBody(
                manifest=manifest,
                manifest_sha256=sha256(manifest.model_dump_json().encode()).hexdigest(),
                profile=self._stage.profile,
                engine_version=self._stage.engine_version,
                checker_version=self._stage.checker_version,
                key_id=self._stage.key_id,
                actions=dict(sorted(actions.items())),
                references_resolved=resolved,
                invariants_compared=sum(one.compared for one in prepared),
                passed=True,
            )
        )

    def _manifest(
        self,
        course: Course,
        work: Work,
        draft: Draft,
        prepared: Sequence[Prepared],
    ) -> Manifest:
        uid = self._stage.uid
        inside = {member.sop_instance_uid for member in draft.members}
        roles = {member.sop_instance_uid: member.role for member in draft.members}
        return Manifest(
            course_uid=self.course_uid(course),
            version=work.version,
            centre=self._centre,
            national_id=self._stage.patient(course.pseudonym),
            instances=tuple(
                ManifestInstance(
                    sop_instance_uid=one.spooled.sop_instance_uid,
                    sop_class_uid=one.stored.instance.sop_class_uid,
                    series_instance_uid=uid(one.stored.instance.series_instance_uid),
                    study_instance_uid=uid(one.stored.instance.study_instance_uid),
                    modality=one.stored.instance.modality,
                    role=roles.get(one.stored.instance.sop_instance_uid, one.stored.instance.role),
                    size_bytes=one.spooled.size_bytes,
                    sha256=one.spooled.sha256,
                    references=tuple(sorted(uid(r) for r in one.stored.instance.references)),
                )
                for one in prepared
            ),
            missing=tuple(
                MissingReference(from_uid=uid(m.from_uid), to_uid=uid(m.to_uid), reason=m.reason)
                for m in missing_of(draft, inside)
            ),
            findings=tuple(
                LocalFinding.model_validate(dict(finding)) for finding in course.findings
            ),
            release=_release(course),
        )


def _release(course: Course) -> Release | None:
    given = course.release
    if not given or not given.get("reasons"):
        return None
    return Release.model_validate(
        {**given, "reasons": tuple(reason["text"] for reason in given["reasons"])}
    )
