"""Instances by the identifiers that DICOM gives them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InstanceKey:
    """The four identifiers that name an instance in a store."""

    national_id: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str


@dataclass(frozen=True)
class Expected:
    """An instance that a centre's certificate lists."""

    key: InstanceKey
    sop_class_uid: str
    modality: str
    sha256: str
    size_bytes: int
    verified: bool  # these very bytes were read back from the store


@dataclass(frozen=True)
class CourseInstance:
    """An instance of a course, with what it is to the course."""

    key: InstanceKey
    modality: str
    role: str
