"""A printed report as DICOM: Encapsulated PDF (PS3.3 A.45.1)."""

from collections.abc import Sequence
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import UID

from harmonizer.adapters.dicomrt.derived import empty_object, finished, heads_of
from harmonizer.domain.quality import Analysis

ENCAPSULATED_PDF: Final = UID("1.2.840.10008.5.1.4.1.1.104.1")


def encapsulated_pdf(pdf: bytes, title: str, analysis: Analysis, sources: Sequence[bytes]) -> bytes:
    """Encode a PDF as a DICOM file of the sources' patient and study.

    Raises
    ------
    DataError
        `REPORT-NO-SOURCE` without a structure set, dose or plan, `NOT-DICOM`.
    """
    heads = heads_of(sources)
    made = empty_object(ENCAPSULATED_PDF, "DOC")
    made.ConversionType, made.BurnedInAnnotation = "WSD", "NO"
    made.AcquisitionDateTime = ""
    made.DocumentTitle = title
    name = Dataset()
    name.CodeValue, name.CodingSchemeDesignator = "126000", "DCM"
    name.CodeMeaning = "Imaging Measurement Report"
    made.ConceptNameCodeSequence = [name]
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    made.EncapsulatedDocumentLength = len(pdf)
    return finished(made, heads, analysis)
