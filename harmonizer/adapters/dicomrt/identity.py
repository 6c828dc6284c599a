"""What identifies an object, read from its bytes."""

from hashlib import sha256

from harmonizer.adapters.dicomrt.elements import read_any, text
from harmonizer.domain.studies import DerivedObject, InstanceKey


def described(data: bytes) -> DerivedObject:
    """Return what identifies a DICOM file. Raises `DataError`, `NOT-DICOM`."""
    head = read_any(data)
    key = InstanceKey(
        text(head, "PatientID"),
        text(head, "StudyInstanceUID"),
        text(head, "SeriesInstanceUID"),
        text(head, "SOPInstanceUID"),
    )
    digest = sha256(data).hexdigest()
    return DerivedObject(key, text(head, "SOPClassUID"), text(head, "Modality"), digest, len(data))
