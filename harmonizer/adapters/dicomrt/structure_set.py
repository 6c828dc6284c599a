"""RT Structure Set (PS3.3 A.19) to domain objects."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from harmonizer.adapters.dicomrt.contour_bytes import (
    RawContour,
    RawRoi,
    UnusualError,
    split_contours,
)
from harmonizer.adapters.dicomrt.decimal_text import parse_numbers
from harmonizer.adapters.dicomrt.elements import items, raw_bytes, read_dataset, text, whole
from harmonizer.domain.dose.structures import Contour, Roi, StructureSet


def read_structure_set(data: bytes) -> StructureSet:
    """Read an RTSTRUCT.

    A region without contours is kept, empty. Contours whose numbers cannot be read are left out
    and said in `notes`.

    Raises
    ------
    DataError
        If the bytes are no RTSTRUCT.
    """
    try:
        rest, raw = split_contours(data)
        dataset = read_dataset(rest, "RTSTRUCT")
    except UnusualError:
        dataset = read_dataset(data, "RTSTRUCT")
        raw = _raw_rois(dataset)
    notes: list[str] = []
    contours = _by_roi(raw, notes)
    types = _interpreted_types(dataset)
    spacing = _spacing(contours)
    rois = []
    for item in items(dataset, "StructureSetROISequence"):
        number = whole(item, "ROINumber")
        if number is None:
            notes.append("a ROI without number left out")
            continue
        frame = text(item, "ReferencedFrameOfReferenceUID") or None
        own = tuple(contours.pop(number, ()))
        name = text(item, "ROIName")
        rois.append(Roi(number, name, own, types.get(number), frame, spacing))
    for number in sorted(contours):
        notes.append(f"ROI {number}: contours without an entry in the ROI list")
        rois.append(Roi(number, "", tuple(contours[number]), types.get(number), None, spacing))
    return StructureSet(
        tuple(rois),
        text(dataset, "SOPInstanceUID"),
        _images(dataset),
        text(dataset, "StructureSetLabel"),
        text(dataset, "ApprovalStatus") or None,
        tuple(notes),
        text(dataset, "StructureSetDate"),
    )


def _by_roi(raw: list[RawRoi], notes: list[str]) -> dict[int, list[Contour]]:
    """Return contours by ROI Number; say in `notes` what was left out."""
    contours: dict[int, list[Contour]] = {}
    for roi in raw:
        if roi.number is None:
            notes.append("contours that belong to no ROI left out")
            continue
        kept, bad = _contours(roi.contours)
        contours.setdefault(roi.number, []).extend(kept)
        if bad:
            notes.append(f"ROI {roi.number}: {bad} contours with unreadable points left out")
    return contours


def _raw_rois(dataset: Dataset) -> list[RawRoi]:
    """Return the ROI Contour Sequence as pydicom reads it."""
    return [
        RawRoi(
            whole(item, "ReferencedROINumber"),
            [_raw_contour(contour) for contour in items(item, "ContourSequence")],
        )
        for item in items(dataset, "ROIContourSequence")
    ]


def _raw_contour(contour: Dataset) -> RawContour:
    images = items(contour, "ContourImageSequence")
    return RawContour(
        raw_bytes(contour, "ContourData"),
        text(contour, "ContourGeometricType"),
        text(images[0], "ReferencedSOPInstanceUID") if images else "",
    )


def _contours(raw: list[RawContour]) -> tuple[list[Contour], int]:
    """Return a region's contours and how many could not be read."""
    joined = parse_numbers(b"\\".join(contour.data.rstrip(b" \0") for contour in raw))
    counts = [contour.data.count(b"\\") + 1 for contour in raw]
    whole_read = joined.size == sum(counts) and np.isfinite(joined).all()
    ends = np.cumsum(counts)
    kept, bad = [], 0
    for contour, count, end in zip(raw, counts, ends, strict=True):
        values = joined[end - count : end] if whole_read else parse_numbers(contour.data)
        if values.size == 0 or values.size % 3 or not np.isfinite(values).all():
            bad += 1
            continue
        points = values.reshape(-1, 3)
        if len(points) > 1 and np.array_equal(points[0], points[-1]):
            points = points[:-1]  # some systems repeat the first point to close
        kind = contour.geometric_type or "CLOSED_PLANAR"
        kept.append(Contour(points, kind, contour.image_uid or None))
    return kept, bad


def _interpreted_types(dataset: Dataset) -> dict[int, str]:
    types = {}
    for item in items(dataset, "RTROIObservationsSequence"):
        number = whole(item, "ReferencedROINumber")
        kind = text(item, "RTROIInterpretedType")
        if number is not None and kind:
            types[number] = kind
    return types


def _spacing(contours: dict[int, list[Contour]]) -> float | None:
    """Return the usual distance of axial planes over the whole structure set, mm."""
    places = [c.points[0, 2] for group in contours.values() for c in group if c.is_closed]
    if len(places) < 2:
        return None
    distinct: NDArray[np.float64] = np.unique(np.round(places, 2))
    steps = np.diff(distinct)
    steps = steps[steps > 0.1]
    return float(np.median(steps)) if steps.size else None


def _images(dataset: Dataset) -> tuple[str, ...]:
    """Return the images that the structure set says it was drawn on."""
    return tuple(
        text(image, "ReferencedSOPInstanceUID")
        for frame in items(dataset, "ReferencedFrameOfReferenceSequence")
        for study in items(frame, "RTReferencedStudySequence")
        for series in items(study, "RTReferencedSeriesSequence")
        for image in items(series, "ContourImageSequence")
    )
