"""What the archive answers: what it still wants, what it holds, and how far a course has come."""

from enum import StrEnum

from gateway.contract.model import WireModel


class SubmissionState(StrEnum):
    """How far one version of a course has come at the archive."""

    ANNOUNCED = "announced"
    STORED = "stored"
    """Every instance is there and its bytes were read back equal to the manifest's digest."""
    HARMONIZED = "harmonized"
    FAILED = "failed"
    """Harmonizing failed for good; the instances are safe and a curator sees why."""


class SubmissionStatus(WireModel):
    """Answer to announcing a course and to asking how it is."""

    course_uid: str
    version: int
    state: SubmissionState
    wanted: tuple[str, ...]
    """SOPInstanceUIDs that the archive does not yet hold."""
    reason: str | None = None


class InstanceReceipt(WireModel):
    """The archive's word on one instance, after reading its stored bytes back."""

    sop_instance_uid: str
    sha256: str | None
    """Of the bytes read back; None when the instance is not there."""
    verified: bool
    """True only when the digest equals the manifest's."""


class Receipts(WireModel):
    course_uid: str
    version: int
    state: SubmissionState
    receipts: tuple[InstanceReceipt, ...]


class CourseHolding(WireModel):
    """What the archive holds now of a course that it once held whole."""

    course_uid: str
    version: int
    instances: int
    missing: int
    """Of the instances; the archive lost them after it had read them back."""
