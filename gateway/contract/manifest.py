"""A course as the gateway announces it to the archive, and the certificate that seals it."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from gateway.contract.model import WireModel


class Role(StrEnum):
    """What an instance is to its course."""

    PLANNING_IMAGE = "planning-image"
    STRUCTURES = "structures"
    PLAN = "plan"
    DOSE = "dose"
    RECORD = "record"
    REGISTRATION = "registration"
    SETUP_IMAGE = "setup-image"
    OTHER = "other"


class ManifestInstance(WireModel):
    """One instance as it will be sent: after the second stage, so every UID is the archive's."""

    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    study_instance_uid: str
    modality: str
    role: Role
    size_bytes: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    references: tuple[str, ...] = ()
    """SOPInstanceUIDs that this instance refers to, sorted."""


class MissingReference(WireModel):
    """A reference that the course cannot resolve, with the reason a person was shown."""

    from_uid: str
    to_uid: str
    reason: str


class PlanRevision(WireModel):
    """A plan of the course revises an earlier one, of this course or another."""

    plan_uid: str
    earlier_uid: str
    basis: Literal["named", "same-label"]
    """The plan names it, or label, place and date tell."""


class Release(WireModel):
    """A person let a held course go, told by role alone: the account's name stays in the centre.

    No identifier may be in the comment.
    """

    released_at: datetime
    role: Literal["operator", "steward"]
    reasons: tuple[str, ...]
    comment: str


class LocalFinding(WireModel):
    """What the centre's own validation found and let pass."""

    code: str
    severity: Literal["info", "warning", "hold", "refuse"]
    text: str


class Manifest(WireModel):
    """The list of a course's instances. `course_uid` stays the same over versions."""

    course_uid: str
    version: int = Field(ge=1)
    centre: str
    national_id: str
    instances: tuple[ManifestInstance, ...]
    missing: tuple[MissingReference, ...] = ()
    revisions: tuple[PlanRevision, ...] = ()
    findings: tuple[LocalFinding, ...] = ()
    release: Release | None = None


class CertificateBody(WireModel):
    """What the engine did and what the independent checker saw, for one version of a course."""

    manifest: Manifest
    manifest_sha256: str
    profile: str
    """Name and hash of the de-identification profile and policy in force."""
    engine_version: str
    checker_version: str
    key_id: str
    actions: dict[str, int]
    """How often each action was taken: kept, replaced, emptied, removed, cleaned, uid, date."""
    references_resolved: int
    invariants_compared: int
    passed: Literal[True]
    """A course that did not pass has no certificate, so the type allows no other value."""


class CourseCertificate(WireModel):
    """`body`: canonical JSON of a `CertificateBody`; `signature`: Ed25519 over its UTF-8 bytes."""

    body: str
    signature: str
    """Base64, Ed25519 by the centre's signing key."""
    public_key_id: str
