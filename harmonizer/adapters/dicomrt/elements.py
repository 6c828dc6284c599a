"""Read values out of a data set without pydicom's per-value objects.

Long number lists (contours, frame offsets) come as raw bytes and are parsed at once.
"""

import struct
from io import BytesIO
from typing import Any, Final

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag

from harmonizer.adapters.dicomrt.decimal_text import parse_numbers
from harmonizer.errors import DataError

MODALITY: Final = 0x00080060
PATIENT_ID: Final = 0x00100020
UNDECODABLE: Final = (
    *(ValueError, TypeError, LookupError, AttributeError, NotImplementedError),
    *(OverflowError, RecursionError, EOFError, OSError, struct.error),
    *(InvalidDicomError, BytesLengthException),
)
"""What pydicom raises on damaged bytes, at once or when an element is first looked at."""

UNDRAWABLE: Final = (*UNDECODABLE, RuntimeError, MemoryError)
"""And what decoders of pixels raise on theirs."""

MODALITY_OF_CLASS: Final = {
    f"1.2.840.10008.5.1.4.1.1.481.{last}": modality
    for modality, ends in {
        "RTDOSE": (2,),
        "RTSTRUCT": (3,),
        "RTRECORD": (4, 6, 7, 9),
        "RTPLAN": (5, 8),
    }.items()
    for last in ends
}
"""By SOP Class UID, for objects that do not give their modality."""


def read_any(data: bytes, stop_before_pixels: bool = True) -> Dataset:
    """Parse DICOM bytes.

    Raises
    ------
    DataError
        `NOT-DICOM`.
    """
    try:
        force = data[128:132] != b"DICM"
        dataset = pydicom.dcmread(BytesIO(data), stop_before_pixels=stop_before_pixels, force=force)
        dataset.get("Modality")
    except UNDECODABLE as error:
        raise _not_dicom(error) from error
    return dataset


def heading_of(data: bytes) -> tuple[str, str, str]:
    """Return an object's modality, SOP Instance UID and patient, reading no further than those.

    The patient is the Patient ID without blanks and in one case; empty where none can be read.

    Raises
    ------
    DataError
        `NOT-DICOM`.
    """
    try:
        return _heading(data, PATIENT_ID)
    except UNDECODABLE:
        pass  # what is damaged may come after the modality
    try:
        return _heading(data, MODALITY)
    except UNDECODABLE as error:
        raise _not_dicom(error) from error


def _heading(data: bytes, last: int) -> tuple[str, str, str]:
    def beyond(tag: BaseTag, _representation: str | None, _length: int) -> bool:
        return int(tag) > last

    dataset = read_partial(BytesIO(data), beyond, force=data[128:132] != b"DICM")
    patient = "".join(text(dataset, "PatientID").split()).casefold()
    return modality_of(dataset), text(dataset, "SOPInstanceUID"), patient


def modality_of(dataset: Dataset) -> str:
    """Return an object's modality; of its SOP class if it gives none."""
    said = text(dataset, "Modality")
    return said or MODALITY_OF_CLASS.get(text(dataset, "SOPClassUID"), "")


def _not_dicom(error: Exception) -> DataError:
    text_ = f"an object cannot be read as DICOM ({type(error).__name__}); export it again"
    return DataError("NOT-DICOM", text_)


def read_dataset(data: bytes, modality: str) -> Dataset:
    """Parse DICOM bytes that must be of one modality.

    Raises
    ------
    DataError
        `NOT-DICOM` or `WRONG-MODALITY`.
    """
    dataset = read_any(data, stop_before_pixels=False)
    found = modality_of(dataset)
    if found != modality:
        shown = found if found.isalnum() and len(found) <= 16 else "none"
        said = f"expected an object of modality {modality}, found {shown}"
        raise DataError("WRONG-MODALITY", said)
    return dataset


def numbers(dataset: Dataset, keyword: str) -> NDArray[np.float64]:
    """Return a DS or IS element's numbers; empty if absent or unreadable."""
    if keyword not in dataset:
        return np.zeros(0)
    element = dataset.get_item(keyword)
    raw = element.value if element is not None else None
    if isinstance(element, RawDataElement) and isinstance(raw, bytes):
        return parse_numbers(raw)
    if raw is None or raw == "":
        return np.zeros(0)
    try:
        return np.atleast_1d(np.asarray(raw, dtype=np.float64))
    except (TypeError, ValueError):
        return np.zeros(0)


def raw_bytes(dataset: Dataset, keyword: str) -> bytes:
    r"""Return a number list as the bytes that were stored (`1.5\2`)."""
    element = dataset.get_item(keyword) if keyword in dataset else None
    raw = element.value if element is not None else None
    if isinstance(raw, bytes):
        return raw
    if raw is None or raw == "":
        return b""
    parts = [raw] if isinstance(raw, str | float | int) else raw
    return b"\\".join(str(part).encode("ascii", "replace") for part in parts)


def value_of(dataset: Dataset, keyword: str) -> Any:
    """Return an element's value; None if it is absent, empty or cannot be decoded.

    One damaged element must not cost the object: what needs the value says that it is missing.
    """
    try:
        value = dataset.get(keyword)
    except UNDECODABLE:
        return None
    return None if isinstance(value, str | bytes) and not value else value


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first number of an element, or None."""
    found = numbers(dataset, keyword)
    return float(found[0]) if found.size and np.isfinite(found[0]) else None


def whole(dataset: Dataset, keyword: str) -> int | None:
    """Return an integer element of any VR, or None."""
    value = value_of(dataset, keyword)
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def text(dataset: Dataset, keyword: str) -> str:
    """Return a text element, stripped; empty if absent."""
    value = value_of(dataset, keyword)
    return "" if value is None else str(value).strip().strip("\0")


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return a sequence's items; empty if absent or not a sequence."""
    value = value_of(dataset, keyword)
    return list(value) if isinstance(value, pydicom.Sequence) else []
