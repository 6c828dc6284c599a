"""A course's metrics and findings as DICOM: Comprehensive 3D SR after template TID 1500 (PS3.16).

Any viewer that shows structured reports finds volumes and doses beside the study. Metrics have no
codes in DICOM: they carry their TG-263 names in a coding scheme of this project, as TG-263's
structure names do.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import UID

from harmonizer.adapters.dicomrt.derived import derived_object, encoded, heads_of, uid_of
from harmonizer.adapters.dicomrt.elements import text
from harmonizer.domain.dose.metrics import Value
from harmonizer.domain.quality import Analysis, Finding, StructureResult

COMPREHENSIVE_3D: Final = UID("1.2.840.10008.5.1.4.1.1.88.34")
METRICS, STRUCTURES = "99KASARI", "99TG263"
UNITS: Final = {
    "cc": ("cm3", "cubic centimeter"),
    "Gy": ("Gy", "gray"),
    "%": ("%", "percent"),
    "Gy.L": ("Gy.L", "gray liter"),
    "": ("1", "no units"),
}

SHORT, LONGEST_MEANING = 16, 64
"""Characters that a Code Value and a Code Meaning hold."""

Code = tuple[str, str, str]
"""Value, coding scheme, meaning."""


def measurement_report(analysis: Analysis, sources: Sequence[bytes], made_at: datetime) -> bytes:
    """Encode a course's results as a DICOM file.

    Parameters
    ----------
    sources : the course's structure set, dose and plan
        Patient and study come from the first; all are named as evidence.

    The same sources, results and versions give the same UIDs.

    Raises
    ------
    DataError
        `REPORT-NO-SOURCE` without any of them, `NOT-DICOM`.
    """
    heads = heads_of(sources)
    report = derived_object(heads, COMPREHENSIVE_3D, "SR", analysis, made_at)
    report.CompletionFlag, report.VerificationFlag = "COMPLETE", "UNVERIFIED"
    report.ReferencedPerformedProcedureStepSequence = []
    report.PerformedProcedureCodeSequence = []
    report.CurrentRequestedProcedureEvidenceSequence = _evidence(heads)
    root = _container(("126000", "DCM", "Imaging Measurement Report"))
    del root.RelationshipType
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "1500"
    root.ContentTemplateSequence = [template]
    root.ContentSequence = [*_context(report), _measurements(analysis), *_evaluations(analysis)]
    report.update(root)
    return encoded(report)


def _evidence(heads: Sequence[Dataset]) -> list[Dataset]:
    """Name the objects that the results were computed from, by study and series."""
    studies: dict[str, dict[str, list[Dataset]]] = {}
    for head in heads:
        one = Dataset()
        one.ReferencedSOPClassUID = text(head, "SOPClassUID")
        one.ReferencedSOPInstanceUID = text(head, "SOPInstanceUID")
        series = studies.setdefault(text(head, "StudyInstanceUID"), {})
        series.setdefault(text(head, "SeriesInstanceUID"), []).append(one)
    found = []
    for study_uid, by_series in studies.items():
        study = Dataset()
        study.StudyInstanceUID, study.ReferencedSeriesSequence = study_uid, []
        for series_uid, objects in by_series.items():
            part = Dataset()
            part.SeriesInstanceUID, part.ReferencedSOPSequence = series_uid, objects
            study.ReferencedSeriesSequence.append(part)
        found.append(study)
    return found


def _context(report: Dataset) -> list[Dataset]:
    """Return language, observer and procedure: TID 1204, 1001 and 1500's own."""
    observer = _item("HAS OBS CONTEXT", "UIDREF", ("121012", "DCM", "Device Observer UID"))
    observer.UID = uid_of("observer", "kasari harmonizer")
    return [
        _code(
            "HAS CONCEPT MOD",
            ("121049", "DCM", "Language of Content Item and Descendants"),
            ("en", "RFC5646", "English"),
        ),
        _code("HAS OBS CONTEXT", ("121005", "DCM", "Observer Type"), ("121007", "DCM", "Device")),
        observer,
        _code(
            "HAS CONCEPT MOD",
            ("121058", "DCM", "Procedure reported"),
            ("1287742003", "SCT", "Radiation therapy"),
        ),
    ]


def _measurements(analysis: Analysis) -> Dataset:
    """Return one measurement group (TID 1501) per structure that has values."""
    part = _container(("126010", "DCM", "Imaging Measurements"))
    groups = [_group(one, str(one.roi.number), analysis) for one in analysis.structures]
    part.ContentSequence = [group for group in groups if group is not None]
    return part


def _group(one: StructureResult, number: str, analysis: Analysis) -> Dataset | None:
    numbers = [
        _number(name, value) for name, value in one.metrics.items() if value.value is not None
    ]
    if not numbers:
        return None
    group = _container(("125007", "DCM", "Measurement Group"))
    name = one.roi.name or f"ROI {number}"
    chosen = analysis.facts.structure_set
    key = f"{chosen.sop_instance_uid if chosen else ''}|{number}"
    tracking = _item("HAS OBS CONTEXT", "UIDREF", ("112040", "DCM", "Tracking Unique Identifier"))
    tracking.UID = uid_of("tracking", key)
    items = [
        _text("HAS OBS CONTEXT", ("112039", "DCM", "Tracking Identifier"), name),
        tracking,
    ]
    if one.standard_name:
        structure = (one.standard_name, STRUCTURES, one.standard_name)
        items.append(_code("CONTAINS", ("121071", "DCM", "Finding"), structure))
    notes = "; ".join(one.result.notes)
    if notes:
        items.append(_text("CONTAINS", ("121106", "DCM", "Comment"), notes))
    group.ContentSequence = [*items, *numbers]
    return group


def _number(name: str, value: Value) -> Dataset:
    item = _item("CONTAINS", "NUM", _metric_code(name))
    measured = Dataset()
    measured.NumericValue = f"{value.value:.6g}"
    unit, meaning = UNITS[value.unit]
    measured.MeasurementUnitsCodeSequence = [_coded((unit, "UCUM", meaning))]
    item.MeasuredValueSequence = [measured]
    return item


def _metric_code(name: str) -> Code:
    if name == "Volume[cc]":
        return "118565006", "SCT", "Volume"
    return name, METRICS, name


def _evaluations(analysis: Analysis) -> Iterator[Dataset]:
    """Yield the findings of the quality rules, if there are any."""
    if analysis.findings:
        part = _container(("C0034375", "UMLS", "Qualitative Evaluations"))
        part.ContentSequence = [_finding(found) for found in analysis.findings]
        yield part


def _finding(found: Finding) -> Dataset:
    said = f"{found.severity.value}: {found.where}: {found.text} [{found.code}]"
    return _text("CONTAINS", ("121071", "DCM", "Finding"), said)


def _container(name: Code) -> Dataset:
    item = _item("CONTAINS", "CONTAINER", name)
    item.ContinuityOfContent = "SEPARATE"
    return item


def _code(relation: str, name: Code, value: Code) -> Dataset:
    item = _item(relation, "CODE", name)
    item.ConceptCodeSequence = [_coded(value)]
    return item


def _text(relation: str, name: Code, value: str) -> Dataset:
    item = _item(relation, "TEXT", name)
    item.TextValue = value
    return item


def _item(relation: str, kind: str, name: Code) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = relation, kind
    item.ConceptNameCodeSequence = [_coded(name)]
    return item


def _coded(code: Code) -> Dataset:
    item = Dataset()
    value, scheme, meaning = code
    if len(value) > SHORT:
        item.LongCodeValue = value
    else:
        item.CodeValue = value
    item.CodingSchemeDesignator, item.CodeMeaning = scheme, meaning[:LONGEST_MEANING]
    return item
