"""A course's metrics and findings as DICOM: Comprehensive 3D SR after template TID 1500 (PS3.16).

Any viewer that shows structured reports finds volumes and doses beside the study. Metrics have no
codes in DICOM: they carry their TG-263 names in a coding scheme of this project, as TG-263's
structure names do.
"""

from collections.abc import Sequence
from typing import Final

from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    CodedConcept,
    Comprehensive3DSR,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    LanguageOfContentItemAndDescendants,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    RelationshipTypeValues,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from harmonizer.adapters.dicomrt.derived import (
    PATIENT_AND_STUDY,
    SERIES_NUMBERS,
    finished,
    heads_of,
    uid_of,
)
from harmonizer.domain.dose.metrics import Value
from harmonizer.domain.quality import Analysis, StructureResult

METRICS, STRUCTURES, RULES = "99KASARI", "99TG263", "99KASARI"
UNITS: Final = {
    "cc": CodedConcept("cm3", "UCUM", "cubic centimeter"),
    "Gy": CodedConcept("Gy", "UCUM", "gray"),
    "%": CodedConcept("%", "UCUM", "percent"),
    "Gy.L": CodedConcept("Gy.L", "UCUM", "gray liter"),
    "": CodedConcept("1", "UCUM", "no units"),
}
PROCEDURE: Final = CodedConcept("1287742003", "SCT", "Radiation therapy")
COMMENT: Final = codes.DCM.Comment
IDENTITY: Final = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID")
LONGEST_MEANING: Final = 64


def measurement_report(analysis: Analysis, sources: Sequence[bytes]) -> bytes:
    """Encode a course's results as a DICOM file.

    Parameters
    ----------
    sources : the course's structure set, dose and plan
        Patient and study come from the first; all are named as evidence.

    The same sources and results give the same bytes.

    Raises
    ------
    DataError
        `REPORT-NO-SOURCE` without any of them, `NOT-DICOM`.
    """
    heads = heads_of(sources)
    report = Comprehensive3DSR(
        evidence=[_evidence(head) for head in heads],
        content=_content(analysis)[0],
        series_instance_uid=uid_of("series", "to be replaced"),
        series_number=SERIES_NUMBERS["SR"],
        sop_instance_uid=uid_of("instance", "to be replaced"),
        instance_number=1,
        manufacturer="KaSARi",
        is_complete=True,
        record_evidence=True,
    )
    return finished(report, heads, analysis)


def _evidence(head: Dataset) -> Dataset:
    """Return what identifies an object. Names of patients come later: here pseudonyms are none."""
    found = Dataset()
    for keyword in (*IDENTITY, *PATIENT_AND_STUDY):
        found[keyword] = head[keyword]
    found.pop("PatientName")
    found.PatientName = ""
    return found


def _content(analysis: Analysis) -> MeasurementReport:
    observer = ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=uid_of("observer", "kasari harmonizer"), manufacturer_name="KaSARi"
        ),
    )
    chosen = analysis.facts.structure_set
    key = chosen.sop_instance_uid if chosen else ""
    groups = [_group(one, key, analysis.method) for one in analysis.structures]
    report = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=observer),
        procedure_reported=PROCEDURE,
        imaging_measurements=[group for group in groups if group is not None],
        title=codes.DCM.ImagingMeasurementReport,
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(
            CodedConcept("en", "RFC5646", "English")
        ),
    )
    if analysis.findings:
        report[0].ContentSequence.append(_evaluations(analysis))
    return report


def _group(
    one: StructureResult, key: str, method: str
) -> MeasurementsAndQualitativeEvaluations | None:
    """Return a measurement group (TID 1501) of a structure; None without any value."""
    measurements = [
        _measurement(name, value) for name, value in one.metrics.items() if value.value is not None
    ]
    if not measurements:
        return None
    name, standard = one.roi.name or f"ROI {one.roi.number}", one.standard_name
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=uid_of("tracking", f"{key}|{one.roi.number}"), identifier=name
        ),
        algorithm_id=AlgorithmIdentification(name="KaSARi", version=method),
        finding_type=CodedConcept(standard, STRUCTURES, standard) if standard else None,
        measurements=measurements,
    )
    if one.result.notes:
        group[0].ContentSequence.append(_text(COMMENT, "; ".join(one.result.notes)))
    return group


def _measurement(name: str, value: Value) -> Measurement:
    code = (
        CodedConcept("118565006", "SCT", "Volume")
        if name == "Volume[cc]"
        else CodedConcept(name, METRICS, name)
    )
    return Measurement(name=code, value=float(f"{value.value:.6g}"), unit=UNITS[value.unit])


def _evaluations(analysis: Analysis) -> ContainerContentItem:
    """Return the findings of the quality rules: each rule as a code, each finding's words as text.

    `MeasurementReport` takes no evaluations of its own, so the container is made here.
    """
    part = ContainerContentItem(
        CodedConcept("C0034375", "UMLS", "Qualitative Evaluations"),
        is_content_continuous=False,
        relationship_type=RelationshipTypeValues.CONTAINS,
    )
    items: list[ContentItem] = []
    for found in analysis.findings:
        meaning = f"{found.severity.value}: {found.code}"[:LONGEST_MEANING]
        rule = CodedConcept(found.code, RULES, meaning)
        said = f"{found.severity.value}: {found.where}: {found.text} [{found.code}]"
        items += [
            CodeContentItem(codes.DCM.Finding, rule, RelationshipTypeValues.CONTAINS),
            _text(codes.DCM.Finding, said),
        ]
    part.ContentSequence = ContentSequence(items)
    return part


def _text(name: CodedConcept, value: str) -> TextContentItem:
    return TextContentItem(
        name=name, value=value, relationship_type=RelationshipTypeValues.CONTAINS
    )
