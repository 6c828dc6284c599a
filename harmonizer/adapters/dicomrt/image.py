"""Where an image lies, read without its pixels."""

from typing import Any, Final

from pydicom.dataset import Dataset

from harmonizer.adapters.dicomrt.elements import number, numbers, read_any, text, whole
from harmonizer.domain.dose.plan import ImageSlice

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
    """Return the geometry that a data set gives."""
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


def _place(values: Any) -> tuple[float, float, float] | None:
    return (values[0], values[1], values[2]) if len(values) == 3 else None


def _spacing(values: Any) -> tuple[float, float] | None:
    return (values[0], values[1]) if len(values) == 2 else None
