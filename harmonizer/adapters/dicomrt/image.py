"""Where an image lies, read without its pixels; and as plain values that can be kept."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from pydicom.dataset import Dataset

from harmonizer.adapters.dicomrt.elements import number, numbers, read_any, text, whole
from harmonizer.domain.dose.plan import ImageSlice
from harmonizer.errors import DataError

DATES: Final = ("AcquisitionDate", "SeriesDate", "StudyDate")


def read_image(data: bytes) -> ImageSlice:
    """Read the geometry of a CT, MR or PET slice. Its first 64 KB are enough.

    Raises
    ------
    DataError
        If the bytes are not DICOM.
    """
    return image_of(read_any(data))


def image_of(dataset: Dataset) -> ImageSlice:
    """Return the geometry that a data set gives, e.g. one made of DICOM JSON metadata."""
    position = numbers(dataset, "ImagePositionPatient")
    orientation = numbers(dataset, "ImageOrientationPatient")
    spacing = numbers(dataset, "PixelSpacing")
    return ImageSlice(
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        modality=text(dataset, "Modality"),
        series_uid=text(dataset, "SeriesInstanceUID"),
        frame_of_reference_uid=text(dataset, "FrameOfReferenceUID") or None,
        position=_place(position.tolist()),
        orientation=tuple(orientation.tolist()) if orientation.size == 6 else (),
        spacing=_spacing(spacing.tolist()),
        rows=whole(dataset, "Rows"),
        columns=whole(dataset, "Columns"),
        thickness=number(dataset, "SliceThickness"),
        patient_position=text(dataset, "PatientPosition"),
        reconstructed_mm=number(dataset, "ReconstructionDiameter"),
        date=next((found for word in DATES if (found := text(dataset, word))), ""),
    )


def image_to_dict(image: ImageSlice) -> dict[str, Any]:
    """Return an image's geometry as JSON can hold it."""
    return asdict(image)


def image_from_dict(values: Mapping[str, Any]) -> ImageSlice:
    """Return an image's geometry from what `image_to_dict` gave.

    Raises
    ------
    DataError
        `IMAGE-DAMAGED` if a field is unknown or missing: read the image again.
    """
    known = {field.name for field in fields(ImageSlice)}
    if not {"sop_instance_uid", "modality"} <= set(values) <= known:
        raise DataError("IMAGE-DAMAGED", "a kept image's geometry is damaged; read it again")
    return ImageSlice(
        **{
            **values,
            "position": _place(values.get("position") or ()),
            "orientation": tuple(values.get("orientation") or ()),
            "spacing": _spacing(values.get("spacing") or ()),
        }
    )


def _place(values: Any) -> tuple[float, float, float] | None:
    return (values[0], values[1], values[2]) if len(values) == 3 else None


def _spacing(values: Any) -> tuple[float, float] | None:
    return (values[0], values[1]) if len(values) == 2 else None
