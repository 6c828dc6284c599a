"""A course from the bytes of its objects, ready for the quality rules."""

from collections.abc import Iterable

from harmonizer.adapters.dicomrt.dose import read_dose
from harmonizer.adapters.dicomrt.elements import heading_of
from harmonizer.adapters.dicomrt.image import read_image
from harmonizer.adapters.dicomrt.plan import read_plan, read_record
from harmonizer.adapters.dicomrt.structure_set import read_structure_set
from harmonizer.domain.dose.plan import ImageSlice, Plan, RtDose, TreatmentRecord
from harmonizer.domain.dose.structures import StructureSet
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.errors import DataError

IMAGES = frozenset({"CT", "MR", "PT"})


class CourseReader:
    """Gathers a course object by object, in any order.

    An object that cannot be read does not stop the rest: it is in the facts' `unreadable`.
    Modalities that say nothing about dose are passed over. The given bytes are not kept: of a dose
    its voxels stay as they are stored, of an image its geometry.
    """

    def __init__(self) -> None:
        self._structure_sets: list[StructureSet] = []
        self._doses: list[RtDose] = []
        self._plans: list[Plan] = []
        self._records: list[TreatmentRecord] = []
        self._images: list[ImageSlice] = []
        self._unreadable: list[tuple[str, str]] = []
        self._patients: set[str] = set()
        self._count = 0

    def add(self, data: bytes) -> None:
        """Read one object. Of an image the first 64 KB are enough."""
        self._count += 1
        try:
            self._sort_in(data)
        except DataError as error:
            self._unreadable.append((f"object {self._count}", str(error)))

    def add_unreadable(self, why: str) -> None:
        """Count an object that could not even be fetched."""
        self._count += 1
        self._unreadable.append((f"object {self._count}", why))

    def facts(self) -> CourseFacts:
        """Return what was gathered. Nothing is computed yet."""
        return CourseFacts(
            structure_sets=tuple(self._structure_sets),
            doses=tuple(self._doses),
            plans=tuple(self._plans),
            records=tuple(self._records),
            images=tuple(self._images),
            unreadable=tuple(self._unreadable),
            patients=len(self._patients),
        )

    def _sort_in(self, data: bytes) -> None:
        modality, uid, patient = heading_of(data)
        if not modality and not uid:
            raise DataError("NOT-DICOM", "an object says neither what it is nor its UID")
        self._patients |= {patient} if patient else set()
        if modality == "RTSTRUCT":
            self._structure_sets.append(read_structure_set(data))
        elif modality == "RTDOSE":
            self._doses.append(read_dose(data))
        elif modality == "RTPLAN":
            self._plans.append(read_plan(data))
        elif modality == "RTRECORD":
            self._records.append(read_record(data))
        elif modality in IMAGES:
            self._images.append(read_image(data))


def read_course(objects: Iterable[bytes]) -> CourseFacts:
    """Read every object of a course."""
    reader = CourseReader()
    for data in objects:
        reader.add(data)
    return reader.facts()
