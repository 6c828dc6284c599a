"""A course from the bytes of its objects, ready for the quality rules."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from harmonizer.adapters.dicomrt.dose import read_dose
from harmonizer.adapters.dicomrt.elements import read_any, text
from harmonizer.adapters.dicomrt.image import read_image
from harmonizer.adapters.dicomrt.plan import read_plan, read_record
from harmonizer.adapters.dicomrt.structure_set import read_structure_set
from harmonizer.domain.dose.dvh import DvhResult, Status, compute_dvh, without_dose
from harmonizer.domain.dose.plan import ImageSlice, Plan, RtDose, TreatmentRecord
from harmonizer.domain.dose.structures import StructureSet
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.errors import DataError

IMAGES = {"CT", "MR", "PT"}


@dataclass
class _Parts:
    structure_sets: list[StructureSet] = field(default_factory=list)
    doses: list[RtDose] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    records: list[TreatmentRecord] = field(default_factory=list)
    images: list[ImageSlice] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    frames: set[str] = field(default_factory=set)


def read_course(objects: Iterable[bytes]) -> CourseFacts:
    """Read every object of a course and compute the DVH of every structure.

    An object that cannot be read does not stop the rest: it is in `unreadable`. Modalities that
    say nothing about dose are passed over.
    """
    parts = _Parts()
    for position, data in enumerate(objects, start=1):
        try:
            _sort_in(data, parts)
        except DataError as error:
            parts.unreadable.append((f"object {position}", str(error)))
    facts = CourseFacts(
        structure_sets=tuple(parts.structure_sets),
        doses=tuple(parts.doses),
        plans=tuple(parts.plans),
        records=tuple(parts.records),
        images=tuple(parts.images),
        unreadable=tuple(parts.unreadable),
    )
    return replace(facts, dvhs=compute_dvhs(facts))


def _sort_in(data: bytes, parts: _Parts) -> None:
    modality = text(read_any(data), "Modality")
    if modality == "RTSTRUCT":
        parts.structure_sets.append(read_structure_set(data))
    elif modality == "RTDOSE":
        parts.doses.append(read_dose(data))
    elif modality == "RTPLAN":
        parts.plans.append(read_plan(data))
    elif modality == "RTRECORD":
        parts.records.append(read_record(data))
    elif modality in IMAGES:
        parts.images.append(read_image(data))


def compute_dvhs(facts: CourseFacts) -> dict[int, DvhResult]:
    """Compute the DVH of every region under the course's dose."""
    dose = facts.dose
    if dose is None or dose.grid is None:
        note = "no dose that can be used"
        return {roi.number: without_dose(roi, Status.BAD_DOSE, note) for roi in facts.rois}
    return {roi.number: compute_dvh(roi, dose.grid) for roi in facts.rois}
