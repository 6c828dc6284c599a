"""A structure set with standard names: derived from the original, whose contours stay as they are.

The derived object is a new instance in a new series. It references what it was made from, keeps the
local name in ROI Description, and carries the codes of the standard's structures. Its UIDs follow
from the source and the names, so that making it again gives the same object.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Final

import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID

from harmonizer.adapters.dicomrt.elements import items, read_any, text, whole
from harmonizer.adapters.dicomrt.structure_set import read_structure_set
from harmonizer.domain.nomenclature import Structure
from harmonizer.errors import DataError

SERIES_DESCRIPTION: Final = "TG-263 names (derived)"
SERIES_NUMBER: Final = 0
"""Viewers list series by number: this one comes before its source."""
LONGEST_DESCRIPTION: Final = 1024
LOCAL_NAME: Final = "Local name: "


@dataclass(frozen=True)
class StandardName:
    """A standard name with its codes; "" where there is none."""

    name: str
    snomed: str = ""
    fma: str = ""


def standard_names(
    applied: Mapping[int, str], structure_of: Callable[[str], Structure | None]
) -> dict[int, StandardName]:
    """Return the names with the codes of their structures; PRVs have the code of their organ."""
    found = {}
    for number, name in applied.items():
        structure = structure_of(name)
        codes = (structure.snomed, structure.fma) if structure else ("", "")
        found[number] = StandardName(name, *codes)
    return found


def rename_regions(data: bytes, names: Mapping[int, StandardName], made_by: str) -> bytes:
    """Return a derived structure set in which regions have standard names.

    Args:
        data: an RTSTRUCT in DICOM file format.
        names: by ROI Number; other regions keep their names.
        made_by: versions of what made the names, for Structure Set Description.

    Raises
    ------
    DataError
        `NOT-RTSTRUCT` or `NOT-DICOM`.
    """
    dataset = read_any(data, stop_before_pixels=False)
    if text(dataset, "Modality") != "RTSTRUCT":
        raise DataError("NOT-RTSTRUCT", "this is no structure set; give an RTSTRUCT file")
    for item in items(dataset, "StructureSetROISequence"):
        number = whole(item, "ROINumber")
        if number is not None and number in names:
            _rename(item, names[number])
    for item in items(dataset, "RTROIObservationsSequence"):
        number = whole(item, "ReferencedROINumber")
        code = _code(names[number]) if number is not None and number in names else None
        if code:
            item.RTROIIdentificationCodeSequence = Items([code])
    _point_back(dataset, names, made_by)
    out = BytesIO()
    pydicom.dcmwrite(out, dataset, enforce_file_format=True)
    return out.getvalue()


class StructureSetRenamer:
    """Gives the structure set of a course the names that were kept for it."""

    def __init__(self, structure_of: Callable[[str], Structure | None]) -> None:
        self._structure_of = structure_of

    def __call__(
        self, data: bytes, local: Mapping[int, str], names: Mapping[int, str], made_by: str
    ) -> bytes | None:
        """Return the derived set; None if the set has other regions than `local` says."""
        rois = read_structure_set(data).rois
        if {roi.number: roi.name for roi in rois} != dict(local):
            return None
        return rename_regions(data, standard_names(names, self._structure_of), made_by)


def _rename(item: Dataset, standard: StandardName) -> None:
    local, described = text(item, "ROIName"), text(item, "ROIDescription")
    if local != standard.name:
        kept = f"{LOCAL_NAME}{local}" + (f"\n{described}" if described else "")
        item.ROIDescription = kept[:LONGEST_DESCRIPTION]
    item.ROIName = standard.name


def _code(standard: StandardName) -> Dataset | None:
    """Return the SNOMED CT code, else that of FMA: the sequence may have one item."""
    value, scheme = (standard.snomed, "SCT") if standard.snomed else (standard.fma, "FMA")
    if not value:
        return None
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, standard.name
    return code


def _point_back(dataset: Dataset, names: Mapping[int, StandardName], made_by: str) -> None:
    """Make it a new instance of a new series that references its source."""
    source = Dataset()
    source.ReferencedSOPClassUID = dataset.SOPClassUID
    source.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    before = list(dataset.get("PredecessorStructureSetSequence") or ())
    dataset.PredecessorStructureSetSequence = Items([*before, source])
    said = "|".join(f"{number}={names[number].name}" for number in sorted(names))
    uid = UID(_uid(str(dataset.SOPInstanceUID), said, made_by))
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
    dataset.SeriesInstanceUID = _uid(str(dataset.get("SeriesInstanceUID", "")), "names", "")
    dataset.SeriesDescription, dataset.SeriesNumber = SERIES_DESCRIPTION, SERIES_NUMBER
    dataset.StructureSetDescription = f"TG-263 names by {made_by}"[:LONGEST_DESCRIPTION]


def _uid(*parts: str) -> str:
    """Return a UID that follows from the parts (PS3.5 B.2)."""
    digest = sha256("\x1f".join(parts).encode()).digest()[:16]
    return f"2.25.{int.from_bytes(digest, 'big')}"
