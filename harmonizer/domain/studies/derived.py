"""Objects that the archive makes of a course and stores beside it, in the course's study."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from harmonizer.domain.studies.instances import InstanceKey

MADE_HERE: Final = ""
"""The centre of what no centre sent."""


class DerivedKind(StrEnum):
    """What was made. A course has one object of a kind, that of its newest results."""

    NAMES = "derived-names"
    """the structure set with standard names"""

    REPORT = "derived-report"
    """metrics and findings as a structured report"""

    PRINTED = "derived-pdf"
    """the same as a printed page"""


@dataclass(frozen=True)
class DerivedObject:
    """What identifies the bytes of an object that was made here."""

    key: InstanceKey
    sop_class_uid: str
    modality: str
    sha256: str
    size_bytes: int
