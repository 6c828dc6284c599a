"""Results as DICOM: a structured report and a printed page that lie beside their course."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from highdicom.sr import Comprehensive3DSR
from pydicom.dataset import Dataset

from benchmarks.dose_files import dose_file, structure_file
from benchmarks.dose_phantoms import Solid, grid_of, linear_field, roi_of
from harmonizer.adapters.dicomrt import CourseReader
from harmonizer.adapters.dicomrt.encapsulated import encapsulated_pdf
from harmonizer.adapters.dicomrt.measurement_report import measurement_report
from harmonizer.data.quality import load_knowledge
from harmonizer.domain.dose import Roi
from harmonizer.domain.quality import Analysis, analyse, described
from harmonizer.errors import DataError

LONG = "FemurHeadNeck_L_PRV05"
FINNISH = "Sydän ja 肺"


@pytest.fixture(scope="module")
def sources() -> list[bytes]:
    solid = Solid("sphere", 15.0)
    heart = replace(roi_of(solid, 3.0, number=1), name=FINNISH)
    femur = replace(roi_of(solid, 3.0, number=2), name="neck")
    grid = grid_of(linear_field((1.0, 0.0, 0.0), 1.0, 40.0), solid.half_size + 9, (3.0,) * 3)
    return [structure_file([heart, femur, Roi(3, "empty")]), dose_file(grid)]


@pytest.fixture(scope="module")
def analysis(sources: list[bytes]) -> Analysis:
    reader = CourseReader()
    for data in sources:
        reader.add(data)
    return analyse(described(reader.facts(), load_knowledge(), {1: "Heart", 2: LONG}))


@pytest.fixture(scope="module")
def report(analysis: Analysis, sources: list[bytes]) -> Dataset:
    return pydicom.dcmread(BytesIO(measurement_report(analysis, sources)))


def groups(report: Dataset) -> Iterator[list[Dataset]]:
    for item in report.ContentSequence:
        if item.ConceptNameCodeSequence[0].CodeMeaning == "Imaging Measurements":
            yield from (list(group.ContentSequence) for group in item.ContentSequence)


def test_it_lies_in_the_study_of_its_sources(report: Dataset, sources: list[bytes]) -> None:
    source = pydicom.dcmread(BytesIO(sources[0]))
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate"):
        assert report[keyword].value == source[keyword].value
    assert report.SeriesInstanceUID != source.SeriesInstanceUID
    named = {
        one.ReferencedSOPInstanceUID
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }
    assert named == {pydicom.dcmread(BytesIO(data)).SOPInstanceUID for data in sources}


def test_it_holds_every_value_that_there_is(report: Dataset, analysis: Analysis) -> None:
    found = {}
    for group in groups(report):
        (name,) = [
            item.TextValue
            for item in group
            if item.ConceptNameCodeSequence[0].CodeMeaning == "Tracking Identifier"
        ]
        for item in group:
            if item.ValueType == "NUM":
                code = item.ConceptNameCodeSequence[0]
                value = item.MeasuredValueSequence[0]
                unit = value.MeasurementUnitsCodeSequence[0].CodeValue
                found[name, code.CodeMeaning] = (float(value.NumericValue), unit)
    wanted = {
        (one.roi.name, "Volume" if name == "Volume[cc]" else name): value
        for one in analysis.structures
        for name, value in one.metrics.items()
        if value.value is not None
    }
    assert found.keys() == wanted.keys()
    for key, (number, _) in found.items():
        assert number == pytest.approx(wanted[key].value, rel=1e-5)
    assert found[FINNISH, "Volume"][1] == "cm3"
    assert found[FINNISH, "Mean[Gy]"][1] == "Gy"
    assert "empty" not in {name for name, _ in found}


def test_long_names_are_kept_whole(report: Dataset) -> None:
    codes = [
        item.ConceptCodeSequence[0]
        for group in groups(report)
        for item in group
        if item.ConceptNameCodeSequence[0].CodeMeaning == "Finding"
    ]
    assert [code.get("LongCodeValue") or code.CodeValue for code in codes] == ["Heart", LONG]


def test_findings_are_told(report: Dataset, analysis: Analysis) -> None:
    told = [
        item.TextValue
        for part in report.ContentSequence
        if part.ConceptNameCodeSequence[0].CodeMeaning == "Qualitative Evaluations"
        for item in part.ContentSequence
        if item.ValueType == "TEXT"
    ]
    assert len(told) == len(analysis.findings) > 0
    assert any("[CONTOUR-NONE]" in text for text in told)


def test_its_library_reads_it_back(analysis: Analysis, sources: list[bytes]) -> None:
    """What a reader of TID 1500 finds: one group per structure, all numbers in it."""
    report = Comprehensive3DSR.from_dataset(
        pydicom.dcmread(BytesIO(measurement_report(analysis, sources)))
    ).content
    told = report.get_image_measurement_groups()
    with_values = [one for one in analysis.structures if any(
        value.value is not None for value in one.metrics.values())]  # fmt: skip
    assert [len(group.get_measurements()) for group in told] == [
        sum(value.value is not None for value in one.metrics.values()) for one in with_values
    ]


def test_made_again_it_is_the_same_object(analysis: Analysis, sources: list[bytes]) -> None:
    first = measurement_report(analysis, sources)
    assert measurement_report(analysis, sources) == first
    other = replace(analysis, ruleset="quality-99")
    again = pydicom.dcmread(BytesIO(measurement_report(other, sources)))
    assert again.SOPInstanceUID != pydicom.dcmread(BytesIO(first)).SOPInstanceUID


@pytest.mark.parametrize("pdf", [b"%PDF-1.7 even", b"%PDF-1.7 odd!"])
def test_a_printed_page_comes_back(analysis: Analysis, sources: list[bytes], pdf: bytes) -> None:
    data = encapsulated_pdf(pdf, "Course", analysis, sources)
    made = pydicom.dcmread(BytesIO(data))
    assert made.EncapsulatedDocument[: made.EncapsulatedDocumentLength] == pdf
    assert made.StudyInstanceUID == pydicom.dcmread(BytesIO(sources[0])).StudyInstanceUID


def test_without_a_source_there_is_no_report(analysis: Analysis) -> None:
    with pytest.raises(DataError) as caught:
        measurement_report(analysis, [])
    assert caught.value.code == "REPORT-NO-SOURCE"


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dciodvfy of dicom3tools")
@pytest.mark.parametrize("kind", ["report", "page"])
def test_an_independent_checker_finds_no_error(
    analysis: Analysis, sources: list[bytes], kind: str, tmp_path: Path
) -> None:
    data = measurement_report(analysis, sources)
    if kind == "page":
        data = encapsulated_pdf(b"%PDF-1.7 even", "Course", analysis, sources)
    path = tmp_path / "made.dcm"
    path.write_bytes(data)
    said = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
    assert "Error" not in said.stderr + said.stdout
