"""Where an image lies, read without its pixels."""

from harmonizer.adapters.dicomrt.elements import number, numbers, read_any, text, whole
from harmonizer.domain.dose.plan import ImageSlice


def read_image(data: bytes) -> ImageSlice:
    """Read the geometry of a CT, MR or PET slice.

    Raises
    ------
    DataError
        If the bytes are not DICOM.
    """
    dataset = read_any(data)
    position = numbers(dataset, "ImagePositionPatient")
    orientation = numbers(dataset, "ImageOrientationPatient")
    spacing = numbers(dataset, "PixelSpacing")
    return ImageSlice(
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        modality=text(dataset, "Modality"),
        series_uid=text(dataset, "SeriesInstanceUID"),
        frame_of_reference_uid=text(dataset, "FrameOfReferenceUID") or None,
        position=(position[0], position[1], position[2]) if position.size == 3 else None,
        orientation=tuple(orientation.tolist()) if orientation.size == 6 else (),
        spacing=(spacing[0], spacing[1]) if spacing.size == 2 else None,
        rows=whole(dataset, "Rows"),
        columns=whole(dataset, "Columns"),
        thickness=number(dataset, "SliceThickness"),
        patient_position=text(dataset, "PatientPosition"),
    )
