"""What every object of a patient has in common, and how it becomes a file."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydicom import Dataset, dcmwrite
from pydicom.charset import default_encoding
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian

from kasari.phantom.case import Case
from kasari.phantom.shapes import Array

OWN_IMPLEMENTATION: Final = "2.25.183460934570226849014358217094"
MODELS: Final = {"CT": ("Phantom Medical Systems", "AnalyticCT"), "REG": ("", "ImageMatch")}


def item(**values: Any) -> Dataset:
    """A sequence item from keywords."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def items(*of: Dataset) -> Sequence:
    return Sequence(of)


def reference(sop_class: str, uid: str) -> Dataset:
    return item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=uid)


def da(day: date) -> str:
    return f"{day:%Y%m%d}"


def decimals(values: Iterable[float] | Array, digits: int = 2) -> bytes:
    """Numbers as the bytes of a DS value."""
    text = "\\".join(f"{value:.{digits}f}" for value in values)
    return text.encode() + b" " * (len(text) % 2)


def put_decimals(dataset: Dataset, keyword: str, value: bytes) -> None:
    """Set a DS element from `decimals`, unparsed: an object per number is slow.

    Telling pydicom that the item was explicit little endian from the start keeps it unparsed in
    writing as well.
    """
    tag = Tag(keyword)
    dataset.set_original_encoding(False, True, default_encoding)
    dataset[tag] = RawDataElement(tag, "DS", len(value), value, 0, False, True)


def base(
    case: Case, modality: str, sop_class: str, uid: str | None, day: date, clock: str
) -> Dataset:
    """Patient, study, equipment and the UIDs. Series and frame of reference are the caller's.

    `clock` is a TM value.
    """
    dataset = Dataset()
    dataset.SpecificCharacterSet = case.centre.character_set
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = da(day), clock
    dataset.SOPClassUID = sop_class
    if uid:
        dataset.SOPInstanceUID = uid
    dataset.StudyDate, dataset.StudyTime = da(case.days.scanned), "081500"
    dataset.SeriesDate, dataset.SeriesTime = da(day), clock
    dataset.AccessionNumber = ""
    dataset.Modality = modality
    maker, model = MODELS.get(modality, case.centre.planning_system)
    dataset.Manufacturer, dataset.ManufacturerModelName = maker, model
    dataset.InstitutionName = case.centre.institution
    dataset.ReferringPhysicianName = case.centre.physician
    dataset.StationName = f"{case.centre.name}WS1"
    dataset.OperatorsName = case.centre.physicist
    dataset.SoftwareVersions = "1.0"
    dataset.DeviceSerialNumber = f"PHANTOM-{case.centre.name}-1"
    dataset.PatientName = f"{case.person.family}^{case.person.given}"
    dataset.PatientID = case.person.patient_id
    dataset.PatientBirthDate = da(case.person.birth_date)
    dataset.PatientSex = case.person.sex
    dataset.StudyInstanceUID = case.study_uid
    dataset.StudyID = f"{case.index}"
    return dataset


def put_series(dataset: Dataset, uid: str, number: int, description: str) -> None:
    dataset.SeriesInstanceUID = uid
    dataset.SeriesNumber = number
    dataset.SeriesDescription = description


def put_frame(dataset: Dataset, uid: str) -> None:
    dataset.FrameOfReferenceUID = uid
    dataset.PositionReferenceIndicator = ""


def put_pixels(dataset: Dataset, rows: int, columns: int, bits: int, signed: bool) -> None:
    """Describe pixels of one grey value; the caller sets `PixelData`."""
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(signed)


def write(dataset: Dataset, path: Path) -> None:
    """Write a DICOM file, byte for byte the same each time."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(OWN_IMPLEMENTATION)
    meta.ImplementationVersionName = "KASARI_PHANTOM"
    dataset.file_meta = meta
    dcmwrite(path, dataset, enforce_file_format=True)
