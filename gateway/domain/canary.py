"""The canary: an object with planted identifiers of somebody who has never consented.

A site store with the plugin in force refuses it. One that keeps it does not protect anybody.
"""

from io import BytesIO

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

CANARY_PATIENT_ID = "KASARI-CANARY-0000"
CANARY_NAME = "Kanarialintu^Testi"
_ROOT = "2.25.300000000000000000000000000000000"


def canary_object() -> bytes:
    """Return one small CT in DICOM file format. Always the same bytes."""
    dataset = Dataset()
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = f"{_ROOT}1"
    dataset.SeriesInstanceUID = f"{_ROOT}2"
    dataset.StudyInstanceUID = f"{_ROOT}3"
    dataset.Modality = "CT"
    dataset.PatientID = CANARY_PATIENT_ID
    dataset.PatientName = CANARY_NAME
    dataset.PatientBirthDate = "19000101"
    dataset.Rows = dataset.Columns = 2
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 0
    dataset.PixelData = bytes(8)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()
