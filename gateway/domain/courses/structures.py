"""Reading RTSTRUCT: which images it refers to, and what can be said of its contours cheaply."""

from collections.abc import Iterator
from math import isfinite

from pydicom import Dataset

from gateway.domain.courses.facts import RoiFacts, StructureFacts, Vector
from gateway.domain.courses.values import text, uid, whole

_CLOSED = {"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"}
_FLAT_MM = 0.1


def structure_references(dataset: Dataset) -> Iterator[str]:
    """Yield every image UID that the structure set names, in its list and in its contours."""
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or []:
        for study in frame.get("RTReferencedStudySequence") or []:
            for series in study.get("RTReferencedSeriesSequence") or []:
                yield from _images(series)
    for roi in dataset.get("ROIContourSequence") or []:
        for contour in roi.get("ContourSequence") or []:
            yield from _images(contour)


def _images(item: Dataset) -> Iterator[str]:
    for image in item.get("ContourImageSequence") or []:
        yield uid(image, "ReferencedSOPInstanceUID")


def structure_facts(dataset: Dataset) -> StructureFacts:
    """Summarise ROIs: their contours, at which z those lie, and the EXTERNAL's bounding box."""
    kinds = {
        whole(item, "ReferencedROINumber"): text(item, "RTROIInterpretedType")
        for item in dataset.get("RTROIObservationsSequence") or []
    }
    contours = {
        whole(item, "ReferencedROINumber"): list(item.get("ContourSequence") or [])
        for item in dataset.get("ROIContourSequence") or []
    }
    rois: list[RoiFacts] = []
    heights: set[float] = set()
    body: list[Vector] = []
    for item in dataset.get("StructureSetROISequence") or []:
        roi_number = whole(item, "ROINumber")
        drawn = contours.get(roi_number, [])
        points = [coordinates(contour) for contour in drawn]
        heights.update(z for z in map(_axial_z, drawn, points) if z is not None)
        if kinds.get(roi_number) == "EXTERNAL":
            body += [(p[i], p[i + 1], p[i + 2]) for p in points for i in range(0, len(p) - 2, 3)]
        rois.append(
            RoiFacts(
                number=roi_number or 0,
                contours=len(drawn),
                degenerate=_degenerate(drawn, points),
            )
        )
    return StructureFacts(
        rois=tuple(rois),
        contour_z_mm=tuple(sorted(heights)),
        body_low_mm=_corner(body, low=True),
        body_high_mm=_corner(body, low=False),
        label=text(dataset, "StructureSetLabel") or "",
        approval=text(dataset, "ApprovalStatus"),
        drawn_on=text(dataset, "StructureSetDate"),
    )


def coordinates(contour: Dataset) -> list[float]:
    """Return ContourData as floats; empty where it is absent or malformed.

    The raw bytes are split here: pydicom's decimal strings cost ten times as much.
    """
    if "ContourData" not in contour:
        return []
    raw = contour.get_item("ContourData")
    value = raw.value if raw is not None else None
    try:
        parts = value.strip(b" \0").split(b"\\") if isinstance(value, bytes) else value or []
        found = [float(part) for part in parts if part != b""]
    except (TypeError, ValueError):
        return []
    return found if isfinite(sum(found)) else []


def _axial_z(contour: Dataset, points: list[float]) -> float | None:
    """Return the z of an outline in an axial plane; a point of interest is on no slice."""
    z = points[2::3]
    if not z or text(contour, "ContourGeometricType") not in _CLOSED or max(z) - min(z) > _FLAT_MM:
        return None
    return round(z[0], 2)


def _degenerate(drawn: list[Dataset], points: list[list[float]]) -> int:
    return sum(
        1
        for contour, found in zip(drawn, points, strict=True)
        if not found or (text(contour, "ContourGeometricType") in _CLOSED and len(found) < 9)
    )


def _corner(points: list[Vector], *, low: bool) -> Vector | None:
    if not points:
        return None
    pick = min if low else max
    return (pick(p[0] for p in points), pick(p[1] for p in points), pick(p[2] for p in points))
