"""Sealing one version of a course: its manifest, what was done to it and what was checked."""

from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import sha256

from gateway.contract.manifest import (
    CertificateBody,
    CourseCertificate,
    LocalFinding,
    Manifest,
    ManifestInstance,
    MissingReference,
    PlanRevision,
    Release,
)
from gateway.domain.accounts import role_of
from gateway.domain.checker import unresolved
from gateway.domain.courses import Draft, missing_of
from gateway.ports import Course, SecondStage, Work
from gateway.services.preparation import Prepared

KEPT_APART = "refers to a plan that is kept apart at the centre"


class Sealer:
    """Says of what was prepared what it is, and signs it."""

    def __init__(self, stage: SecondStage, centre: str) -> None:
        self._stage = stage
        self._centre = centre

    def course_uid(self, course: Course) -> str:
        """Return the course's name in the archive: the keyed hash of its anchor."""
        return self._stage.uid(course.anchor_uid)

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
        told = sum(len(instance.references) for instance in manifest.instances)
        return self._stage.seal(
            CertificateBody(
                manifest=manifest,
                manifest_sha256=sha256(manifest.model_dump_json().encode()).hexdigest(),
                profile=self._stage.profile,
                engine_version=self._stage.engine_version,
                checker_version=self._stage.checker_version,
                key_id=self._stage.key_id,
                actions=dict(sorted(actions.items())),
                references_resolved=told - len(manifest.missing),
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
        # detached study management: some references lead to a study, not to an instance
        studies = {uid(one.stored.instance.study_instance_uid) for one in prepared}
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
                    references=tuple(sorted(one.references - studies)),
                )
                for one in prepared
            ),
            missing=_missing(course, draft, prepared, uid, studies),
            revisions=_revisions(draft, uid),
            findings=tuple(
                LocalFinding.model_validate(dict(finding)) for finding in course.findings
            ),
            release=_release(course),
        )


def _missing(
    course: Course,
    draft: Draft,
    prepared: Sequence[Prepared],
    uid: Callable[[str], str],
    studies: set[str],
) -> tuple[MissingReference, ...]:
    """List what the written bytes refer to and the course does not hold, each with its reason."""
    inside = {member.sop_instance_uid for member in draft.members}
    told = {
        (uid(missing.from_uid), uid(missing.to_uid)): missing.reason
        for missing in missing_of(draft, inside)
    }
    kept = {uid(one["plan"]) for one in course.apart}
    references = {one.spooled.sop_instance_uid: one.references for one in prepared}
    return tuple(
        MissingReference(
            from_uid=source,
            to_uid=target,
            reason=KEPT_APART
            if target in kept
            else told.get((source, target), "refers to an instance outside the course"),
        )
        for source, target in unresolved(references, studies)
    )


def _revisions(draft: Draft, uid: Callable[[str], str]) -> tuple[PlanRevision, ...]:
    return tuple(
        PlanRevision(
            plan_uid=uid(link.plan_uid),
            earlier_uid=uid(link.earlier_uid),
            basis=link.basis.value,
        )
        for link in draft.revisions
    )


def _release(course: Course) -> Release | None:
    """Tell of a person's decision what may leave: decisions of before kept the account's name."""
    given = course.release
    if not given or not given.get("reasons"):
        return None
    return Release.model_validate(
        {
            **given,
            "role": role_of(given["role"]),
            "reasons": tuple(reason["text"] for reason in given["reasons"]),
        }
    )
