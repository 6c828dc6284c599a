"""Small DICOM objects as a treatment planning system sends them: with every identifier in place."""

from io import BytesIO
from typing import Any

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

PATIENT_ID = "HOSP-778812"
PATIENT_NAME = "Kanervisto^Aurelia"
BIRTH_DATE = "19480229"
INSTITUTION = "Kuvitteellinen keskussairaala"
PHYSICIAN = "Tarkastelija^Tuomo"
UID_ROOT = "1.2.246.999.41."
IDENTIFIERS = (
    PATIENT_ID,
    "Kanervisto",
    "Aurelia",
    BIRTH_DATE,
    "Kuvitteellinen",
    "Tarkastelija",
    UID_ROOT,
)
"""What must not be found in any byte that is kept."""


def ct_slice(number: int = 1, **changes: Any) -> bytes:
    """One CT slice; `changes` sets or, with None, deletes attributes by keyword."""
    dataset = Dataset()
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = f"{UID_ROOT}1.{number}"
    dataset.SeriesInstanceUID = f"{UID_ROOT}2"
    dataset.StudyInstanceUID = f"{UID_ROOT}3"
    dataset.FrameOfReferenceUID = f"{UID_ROOT}4"
    dataset.Modality = "CT"
    dataset.PatientID = PATIENT_ID
    dataset.PatientName = PATIENT_NAME
    dataset.PatientBirthDate = BIRTH_DATE
    dataset.PatientSex = "F"
    dataset.InstitutionName = INSTITUTION
    dataset.ReferringPhysicianName = PHYSICIAN
    dataset.StudyDate = "20240304"
    dataset.StudyDescription = f"{PATIENT_NAME} breast"
    dataset.InstanceNumber = number
    dataset.ImagePositionPatient = [0.0, 0.0, 3.0 * number]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [1, 1]
    dataset.Rows = dataset.Columns = 2
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 0
    dataset.PixelData = bytes(8)
    for keyword, value in changes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return as_file(dataset)


def as_file(dataset: Dataset) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def nested(depth: int) -> bytes:
    """A CT slice with sequences inside sequences, which most writers and readers do not survive."""
    head = b"\x40\x00\x30\xa7SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    tail = b"\xfe\xff\x0d\xe0\x00\x00\x00\x00\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    data = ct_slice()
    at = data.index(b"\xe0\x7f\x10\x00")
    return data[:at] + depth * head + depth * tail + data[at:]
