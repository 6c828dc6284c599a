"""Objects that are made of a course's results and lie beside it in its study."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from typing import Final

import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from harmonizer.adapters.dicomrt.elements import heading_of, read_any, text
from harmonizer.domain.quality import Analysis
from harmonizer.errors import DataError

SOURCES: Final = ("RTSTRUCT", "RTDOSE", "RTPLAN")
SERIES_NUMBERS: Final = {"SR": 9001, "DOC": 9002}
COPIED: Final = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence"),
    *("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber"),
    "ReferringPhysicianName",
)


def heads_of(sources: Sequence[bytes]) -> list[Dataset]:
    """Return the heads of the structure sets, doses and plans among objects.

    Raises
    ------
    DataError
        `REPORT-NO-SOURCE` without any, `NOT-DICOM`.
    """
    heads = [read_any(data) for data in sources if heading_of(data)[0] in SOURCES]
    if not heads:
        raise DataError("REPORT-NO-SOURCE", "a report needs a structure set, a dose or a plan")
    return heads


def derived_object(
    heads: Sequence[Dataset], sop_class: UID, modality: str, analysis: Analysis, made_at: datetime
) -> FileDataset:
    """Return an object of the first head's patient and study, without its content.

    The same sources and versions give the same UIDs, so that a report made again replaces itself.
    """
    made_of = [text(head, "SOPInstanceUID") for head in heads]
    key = "|".join([modality, *made_of, analysis.method, analysis.ruleset, analysis.knowledge])
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = uid_of("instance", key)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SpecificCharacterSet = "ISO_IR 192"
    for keyword in COPIED:
        if keyword in heads[0]:
            made[keyword] = heads[0][keyword]
    made.SOPClassUID, made.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    made.Modality, made.SeriesInstanceUID = modality, uid_of("series", key)
    made.SeriesNumber, made.InstanceNumber = SERIES_NUMBERS[modality], 1
    made.SeriesDescription = "Dose and quality"
    made.Manufacturer, made.ManufacturerModelName = "KaSARi", "harmonizer"
    made.DeviceSerialNumber = "1"
    made.SoftwareVersions = [analysis.method, analysis.ruleset, f"tables {analysis.knowledge}"]
    made.ContentDate, made.ContentTime = made_at.strftime("%Y%m%d"), made_at.strftime("%H%M%S")
    return made


def uid_of(kind: str, key: str) -> UID:
    """Return the UID that a key always gives."""
    digest = sha256(f"{kind}|{key}".encode()).digest()
    return UID(f"2.25.{int.from_bytes(digest[:16], 'big')}")


def encoded(made: FileDataset) -> bytes:
    """Return an object in DICOM file format."""
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, made, enforce_file_format=True)
    return buffer.getvalue()
