"""DICOM-RT objects as a planning system sends them: with name, ids, dates and places."""

from io import BytesIO

from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.factories import site_objects as make

NAME = "Virtanen-Mäkinen^Maija Liisa"
PATIENT_ID = "130452-308Y"
BIRTH_DATE = "19520413"
ROOT = "1.2.246.352.71."
"""In place of the factory's 2.25: what a sender's UIDs look like."""


def sent(data: bytes) -> Dataset:
    """The object before anything was done to it."""
    dataset = dcmread(BytesIO(data))
    for element in dataset.iterall():
        if element.VR == "UI" and str(element.value).startswith("2.25."):
            element.value = ROOT + str(element.value)[5:]
    del dataset.PatientIdentityRemoved, dataset.DeidentificationMethod
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.PatientName = NAME
    dataset.PatientID = PATIENT_ID
    dataset.PatientBirthDate = BIRTH_DATE
    dataset.PatientSex = "F"
    dataset.StudyID = "S7"
    dataset.AccessionNumber = "A-4711-X"
    dataset.StudyDate = "20200106"
    dataset.StudyTime = "101112"
    dataset.ReferringPhysicianName = "Korhonen^Jaakko^^Dr"
    dataset.InstitutionName = "Meilahden sairaala"
    return dataset


def as_sent(data: bytes) -> bytes:
    return as_bytes(sent(data))


def as_bytes(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """A whole file in one of the transfer syntaxes that pydicom writes."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = syntax
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def course(slices: int = 4) -> list[bytes]:
    """CT slices 1..n, structure set 100, plan 200, dose 300, a record 400, a registration 500."""
    own = [
        *make.course(slices),
        make.record(400, 200, 1),
        make.registration(500, [1], [make.FRAME, "2.25.901"]),
    ]
    return [as_sent(data) for data in own]
