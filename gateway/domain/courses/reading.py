"""Reading one stored object into an `Instance`: references, role and facts, without its pixels.

pydicom decodes lazily, so only what is needed is touched: walking all of a large structure set
costs a hundred times what this costs. A malformed optional value becomes None, never an error;
a missing UID is an error.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from pydicom import Dataset, dcmread

from gateway.contract.manifest import Role
from gateway.contract.marks import METHOD_PREFIX, SITE_STAGE
from gateway.domain.courses.facts import DoseFacts, Facts, ImageFacts, RecordFacts
from gateway.domain.courses.instance import Instance
from gateway.domain.courses.planning import plan_facts, structure_sets
from gateway.domain.courses.structures import structure_facts, structure_references
from gateway.domain.courses.values import number, numbers, text, uid, vector, whole
from gateway.errors import HoldError

_ROLES = {
    "CT": Role.PLANNING_IMAGE,
    "MR": Role.PLANNING_IMAGE,
    "PT": Role.PLANNING_IMAGE,
    "RTSTRUCT": Role.STRUCTURES,
    "RTPLAN": Role.PLAN,
    "RTDOSE": Role.DOSE,
    "RTRECORD": Role.RECORD,
    "REG": Role.REGISTRATION,
    "RTIMAGE": Role.SETUP_IMAGE,
}
_SESSIONS = (
    "TreatmentSessionBeamSequence",
    "TreatmentSessionIonBeamSequence",
    "TreatmentSessionApplicationSetupSequence",
)
_NEEDED = ("SOPInstanceUID", "SOPClassUID", "SeriesInstanceUID", "StudyInstanceUID", "PatientID")


def read_instance(data: bytes) -> Instance:
    """Index one object that the first stage wrote.

    Raises
    ------
    HoldError
        `unreadable` if it is no DICOM or lacks a UID; `unmarked` if the first stage did not
        mark it, which means that the plugin was not in force when it was stored.
    """
    try:
        dataset = dcmread(BytesIO(data), stop_before_pixels=True)
    except Exception as error:  # noqa: BLE001 - whatever a hostile file makes the parser raise
        raise HoldError("unreadable", f"not readable as DICOM: {type(error).__name__}") from None
    if not is_marked(dataset):
        raise HoldError("unmarked", "the object does not carry the first stage's mark")
    for keyword in _NEEDED:
        if not text(dataset, keyword):
            raise HoldError("unreadable", f"{keyword} is missing")
    try:
        return _indexed(dataset)
    except Exception as error:  # noqa: BLE001 - a sequence is parsed only when it is looked at
        raise HoldError("unreadable", f"not readable inside: {type(error).__name__}") from None


def _indexed(dataset: Dataset) -> Instance:
    modality = text(dataset, "Modality") or ""
    role = _ROLES.get(modality, Role.OTHER)
    return Instance(
        sop_instance_uid=uid(dataset, "SOPInstanceUID"),
        sop_class_uid=uid(dataset, "SOPClassUID"),
        series_instance_uid=uid(dataset, "SeriesInstanceUID"),
        study_instance_uid=uid(dataset, "StudyInstanceUID"),
        pseudonym=str(dataset.PatientID),
        modality=modality,
        role=role,
        references=_distinct(_references(dataset, role)),
        frame_uids=_distinct(_frames(dataset)),
        facts=_facts(dataset, role),
    )


def patient_of(data: bytes) -> tuple[str, bool]:
    """Return PatientID, empty where none can be read, and whether the first stage wrote it."""
    try:
        dataset = dcmread(BytesIO(data), stop_before_pixels=True)
    except Exception:  # noqa: BLE001 - whatever a hostile file makes the parser raise
        return "", False
    return text(dataset, "PatientID") or "", is_marked(dataset)


def is_marked(dataset: Dataset) -> bool:
    """Tell whether (0012,0063) says that the first stage wrote the object."""
    value = dataset.get("DeidentificationMethod") or ""
    methods = [value] if isinstance(value, str) else list(value)
    return any(str(m).startswith(f"{METHOD_PREFIX} {SITE_STAGE}") for m in methods)


def _distinct(uids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({found for found in uids if found}))


def _items(dataset: Dataset, keyword: str) -> list[Dataset]:
    return list(dataset.get(keyword) or [])


def _referenced(dataset: Dataset, keyword: str) -> Iterator[str]:
    for item in _items(dataset, keyword):
        yield uid(item, "ReferencedSOPInstanceUID")


def _references(dataset: Dataset, role: Role) -> Iterator[str]:
    if role is Role.STRUCTURES:
        yield from structure_references(dataset)
    elif role is Role.REGISTRATION:
        yield from _registration_references(dataset)
    elif role in {Role.PLAN, Role.DOSE, Role.RECORD, Role.SETUP_IMAGE}:
        yield from _referenced(dataset, "ReferencedStructureSetSequence")
        yield from _referenced(dataset, "ReferencedRTPlanSequence")


def _registration_references(dataset: Dataset) -> Iterator[str]:
    for series in _items(dataset, "ReferencedSeriesSequence"):
        yield from _referenced(series, "ReferencedInstanceSequence")
    for study in _items(dataset, "StudiesContainingOtherReferencedInstancesSequence"):
        for series in _items(study, "ReferencedSeriesSequence"):
            yield from _referenced(series, "ReferencedInstanceSequence")
    for registration in _items(dataset, "RegistrationSequence"):
        yield from _referenced(registration, "ReferencedImageSequence")


def _frames(dataset: Dataset) -> Iterator[str]:
    yield uid(dataset, "FrameOfReferenceUID")
    for item in _items(dataset, "ReferencedFrameOfReferenceSequence"):
        yield uid(item, "FrameOfReferenceUID")
    for item in _items(dataset, "StructureSetROISequence"):
        yield uid(item, "ReferencedFrameOfReferenceUID")
    for item in _items(dataset, "RegistrationSequence"):
        yield uid(item, "FrameOfReferenceUID")


def _facts(dataset: Dataset, role: Role) -> Facts:
    if role is Role.PLANNING_IMAGE:
        return _image_facts(dataset)
    if role is Role.STRUCTURES:
        return structure_facts(dataset)
    if role is Role.PLAN:
        return plan_facts(dataset)
    if role is Role.DOSE:
        return _dose_facts(dataset)
    if role is Role.RECORD:
        return RecordFacts(
            treated_on=text(dataset, "TreatmentDate"),
            fraction=_fraction_number(dataset),
            group=whole(dataset, "ReferencedFractionGroupNumber"),
        )
    return None


def _image_facts(dataset: Dataset) -> ImageFacts:
    orientation = numbers(dataset, "ImageOrientationPatient")
    return ImageFacts(
        position_mm=vector(dataset, "ImagePositionPatient"),
        orientation=orientation if len(orientation) == 6 else None,
        acquired_on=text(dataset, "AcquisitionDate") or text(dataset, "StudyDate"),
        quality_control=text(dataset, "QualityControlImage") == "YES",
    )


def _dose_facts(dataset: Dataset) -> DoseFacts:
    low, high = _grid_corners(dataset)
    return DoseFacts(
        units=text(dataset, "DoseUnits"),
        kind=text(dataset, "DoseType"),
        scaling=number(dataset, "DoseGridScaling"),
        low_mm=low,
        high_mm=high,
        structure_sets=structure_sets(dataset),
    )


def _grid_corners(dataset: Dataset) -> tuple[Any, Any]:
    """Return the lowest and highest corner of the dose grid's voxel centres, or (None, None)."""
    origin = vector(dataset, "ImagePositionPatient")
    spacing = numbers(dataset, "PixelSpacing")
    cosines = numbers(dataset, "ImageOrientationPatient")
    rows, columns = whole(dataset, "Rows"), whole(dataset, "Columns")
    if origin is None or len(spacing) != 2 or len(cosines) != 6 or not rows or not columns:
        return None, None
    offsets = numbers(dataset, "GridFrameOffsetVector") or (0.0,)
    along, down = cosines[:3], cosines[3:]
    normal = [
        along[1] * down[2] - along[2] * down[1],
        along[2] * down[0] - along[0] * down[2],
        along[0] * down[1] - along[1] * down[0],
    ]
    # C.8.8.3.2: offsets go along the normal from the first plane, or (rarely) are patient z
    first = 0.0
    if offsets[0] != 0 and offsets[0] == origin[2]:
        first, normal = offsets[0], [0.0, 0.0, 1.0]
    corners = [
        tuple(
            origin[axis] + along[axis] * x + down[axis] * y + normal[axis] * (z - first)
            for axis in range(3)
        )
        for x in (0.0, (columns - 1) * spacing[1])
        for y in (0.0, (rows - 1) * spacing[0])
        for z in (min(offsets), max(offsets))
    ]
    return tuple(map(min, *corners)), tuple(map(max, *corners))


def _fraction_number(dataset: Dataset) -> int | None:
    numbers = (
        whole(item, "CurrentFractionNumber")
        for keyword in _SESSIONS
        for item in _items(dataset, keyword)
    )
    return next((found for found in numbers if found is not None), None)
