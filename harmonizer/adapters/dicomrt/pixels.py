"""The pixels of an image slice, for a report."""

import numpy as np

from harmonizer.adapters.dicomrt.elements import UNDRAWABLE, number, read_any
from harmonizer.adapters.dicomrt.image import image_of
from harmonizer.domain.reports import Picture
from harmonizer.errors import DataError


def read_picture(data: bytes) -> Picture:
    """Read a slice with its pixels, rescaled to what the image is in (Hounsfield units for CT).

    Raises
    ------
    DataError
        `NOT-DICOM`, or `IMAGE-PIXELS` if the pixels cannot be decoded.
    """
    dataset = read_any(data, stop_before_pixels=False)
    try:
        stored = np.asarray(dataset.pixel_array)
    except UNDRAWABLE as error:
        raise DataError("IMAGE-PIXELS", "an image's pixels cannot be decoded") from error
    if stored.ndim != 2:
        raise DataError("IMAGE-PIXELS", "an image is no single grey slice")
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    values = stored.astype(np.float32) * np.float32(1.0 if slope is None else slope)
    values += np.float32(intercept or 0.0)
    return Picture(image_of(dataset), values)
