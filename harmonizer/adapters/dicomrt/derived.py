"""Objects that are made of a course's results and lie beside it in its study."""

import json
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from typing import Final

import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from harmonizer.adapters.dicomrt.elements import heading_of, read_any, text
from harmonizer.domain.quality import Analysis
from harmonizer.domain.reports import report_values
from harmonizer.errors import DataError

SOURCES: Final = ("RTSTRUCT", "RTDOSE", "RTPLAN")
SERIES_DESCRIPTION: Final = "Dose and quality (derived)"
SERIES_NUMBERS: Final = {"SR": 9001, "DOC": 9002}
PATIENT_AND_STUDY: Final = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber"),
    "ReferringPhysicianName",
)
MARKS: Final = (
    *("PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence"),
    "LongitudinalTemporalInformationModified",
)
DATES: Final = ("StructureSetDate", "RTPlanDate", "InstanceCreationDate", "StudyDate")


def heads_of(sources: Sequence[bytes]) -> list[Dataset]:
    """Return the heads of the structure sets, doses and plans among objects.

    What identifies patient and study is there in each, empty where the object does not give it.

    Raises
    ------
    DataError
        `REPORT-NO-SOURCE` without any, `NOT-DICOM`.
    """
    heads = [read_any(data) for data in sources if heading_of(data)[0] in SOURCES]
    if not heads:
        raise DataError("REPORT-NO-SOURCE", "a report needs a structure set, a dose or a plan")
    for head in heads:
        for keyword in PATIENT_AND_STUDY:
            if keyword not in head:
                setattr(head, keyword, "")
    return heads


def empty_object(sop_class: UID, modality: str) -> FileDataset:
    """Return an object without content, to be `finished`."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.Modality = sop_class, modality
    made.SeriesNumber, made.InstanceNumber = SERIES_NUMBERS[modality], 1
    made.Manufacturer = "KaSARi"
    return made


def finished(made: Dataset, heads: Sequence[Dataset], analysis: Analysis) -> bytes:
    """Give an object its identity, dates and versions; return it in DICOM file format.

    Identity and dates follow from the sources and the results alone: the same results give the
    same bytes, other results another instance of the same series. Dates are the newest of the
    sources, and so on the patient's own time line, which de-identification may have shifted.
    """
    made.SpecificCharacterSet = "ISO_IR 192"
    for item in made.get("ContributingEquipmentSequence", ()):
        item.pop("ContributionDateTime", None)
    for keyword in PATIENT_AND_STUDY:
        made[keyword] = heads[0][keyword]
    for keyword in MARKS:
        if keyword in heads[0]:
            made[keyword] = heads[0][keyword]
    of = "|".join(sorted(text(head, "SOPInstanceUID") for head in heads))
    said = json.dumps(report_values(analysis), sort_keys=True)
    made.SeriesInstanceUID = uid_of("series", f"{made.Modality}|{of}")
    made.SOPInstanceUID = uid_of("instance", f"{made.Modality}|{of}|{said}")
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.SeriesDescription = SERIES_DESCRIPTION
    made.ManufacturerModelName, made.DeviceSerialNumber = "harmonizer", "1"
    made.SoftwareVersions = [analysis.method, analysis.ruleset, f"tables {analysis.knowledge}"]
    newest = max((text(head, word) for head in heads for word in DATES), default="")
    for keyword in ("InstanceCreationDate", "InstanceCreationTime", "SeriesDate", "SeriesTime"):
        made.pop(keyword, None)
    made.ContentDate, made.ContentTime = newest or "19000101", "000000"
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, made, enforce_file_format=True)
    return buffer.getvalue()


def uid_of(kind: str, key: str) -> UID:
    """Return the UID that a key always gives."""
    digest = sha256(f"{kind}|{key}".encode()).digest()
    return UID(f"2.25.{int.from_bytes(digest[:16], 'big')}")
