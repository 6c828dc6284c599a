"""DICOM radiotherapy objects, from bytes to domain objects."""

from harmonizer.adapters.dicomrt.course import CourseReader, read_course
from harmonizer.adapters.dicomrt.dose import read_dose
from harmonizer.adapters.dicomrt.elements import heading_of
from harmonizer.adapters.dicomrt.image import read_image
from harmonizer.adapters.dicomrt.pixels import read_picture
from harmonizer.adapters.dicomrt.plan import read_plan, read_record
from harmonizer.adapters.dicomrt.structure_set import read_structure_set

__all__ = [
    "CourseReader",
    "heading_of",
    "read_course",
    "read_dose",
    "read_image",
    "read_picture",
    "read_plan",
    "read_record",
    "read_structure_set",
]
