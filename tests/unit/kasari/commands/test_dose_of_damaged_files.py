"""`kasari dose` on a course in which one element of one object is damaged, in every way.

Whatever stands in a file: no exception, valid JSON, no rule that fails, and a CSV with a row per
structure or a line that says why not. Each run draws a part of all damages; `slow` does them all.
"""

import csv
import json
import random
import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag
from typer.testing import CliRunner, Result

from benchmarks.dose_files import (
    FRAME,
    PLAN,
    RT_PLAN,
    STRUCTURES,
    dose_dataset,
    object_of,
    structure_file,
    to_bytes,
)
from harmonizer.domain.dose import Contour, DoseGrid, Roi
from kasari.commands.dose import app

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
"""pydicom says by warnings what it made of odd values; numpy's are RuntimeWarnings: errors here."""

CT = "1.2.840.10008.5.1.4.1.1.2"
TEXTS = (
    b"",
    b"NaN ",
    b"-1",
    b"0 ",
    b"1e308 ",
    b"-1e308",
    b"abc ",
    rb"\\ ",
    rb"1\2\3\4\5 ",
    b"9" * 40,
)
BINARY = {"US": "<H", "SS": "<h", "UL": "<I", "SL": "<i", "FD": "<d", "FL": "<f"}
PART = 100
"""One damage of so many is tried in each run."""


def ring(radius: float, z: float) -> Contour:
    angle = 2 * np.pi * np.arange(24) / 24
    points = [radius * np.cos(angle), radius * np.sin(angle), np.full(24, z)]
    return Contour(np.stack(points, axis=1), "CLOSED_PLANAR", f"2.25.5{int(z) // 3 + 10}")


def dose() -> FileDataset:
    places = -15.0 + 3.0 * np.arange(11)
    z, y, x = np.meshgrid(places, places, places, indexing="ij")
    stored = np.round(20_000 * np.exp(-(x**2 + y**2 + z**2) / 1500)).astype(np.uint32)
    stored[x**2 + y**2 > 14**2] = 0
    axes, origin = np.eye(3), np.full(3, -15.0)
    grid = DoseGrid(stored, 1e-3, origin, axes[0], axes[1], 3.0, 3.0, places - places[0], FRAME)
    found = dose_dataset(grid)
    found.DVHSequence = Sequence([Dataset()])
    histogram = found.DVHSequence[0]
    histogram.DVHType, histogram.DoseUnits, histogram.DoseType = "CUMULATIVE", "GY", "PHYSICAL"
    histogram.DVHDoseScaling, histogram.DVHVolumeUnits = 1, "CM3"
    histogram.DVHData = [1.0, 2.3] * 19 + [1.0, 1.1]
    histogram.DVHNumberOfBins, histogram.DVHMeanDose = 20, 19.4
    histogram.DVHMaximumDose, histogram.DVHMinimumDose = 20.0, 18.5
    histogram.DVHReferencedROISequence = Sequence([Dataset()])
    histogram.DVHReferencedROISequence[0].ReferencedROINumber = 2
    return found


def structures() -> FileDataset:
    places = [-9.0, -6.0, -3.0, 0.0, 3.0, 6.0, 9.0]
    body = tuple(ring(13.0, z) for z in places)
    target = tuple(ring(7.0, z) for z in places[1:-1])
    rois = [Roi(1, "Body", body, "EXTERNAL"), Roi(2, "PTV", target, "PTV")]
    found = pydicom.dcmread(BytesIO(structure_file(rois)))
    for roi, drawn in zip(rois, found.ROIContourSequence, strict=True):
        for contour, item in zip(roi.contours, drawn.ContourSequence, strict=True):
            image = Dataset()
            image.ReferencedSOPClassUID = CT
            image.ReferencedSOPInstanceUID = contour.image_uid
            item.ContourImageSequence = Sequence([image])
    return found


def plan() -> FileDataset:
    found = object_of(RT_PLAN, PLAN, "RTPLAN")
    found.RTPlanLabel, found.RTPlanDate, found.RTPlanGeometry = "P", "20260102", "PATIENT"
    found.ApprovalStatus, found.PlanIntent = "APPROVED", "CURATIVE"
    wanted, point = Dataset(), Dataset()
    for item, kind, gray in ((wanted, "SITE", 19.0), (point, "COORDINATES", 20.0)):
        item.DoseReferenceNumber, item.DoseReferenceStructureType = 1, kind
        item.DoseReferenceType, item.TargetPrescriptionDose = "TARGET", gray
    point.DoseReferencePointCoordinates = [0.0, 0.0, 0.0]
    found.DoseReferenceSequence = Sequence([wanted, point])
    use, group, setup = Dataset(), Dataset(), Dataset()
    use.BeamDose, use.BeamMeterset, use.ReferencedBeamNumber = 2.0, 220.0, 1
    use.BeamDoseSpecificationPoint = [0.0, 0.0, 0.0]
    group.FractionGroupNumber, group.NumberOfFractionsPlanned = 1, 10
    group.NumberOfBeams, group.ReferencedBeamSequence = 1, Sequence([use])
    found.FractionGroupSequence = Sequence([group])
    setup.PatientSetupNumber, setup.PatientPosition = 1, "HFS"
    found.PatientSetupSequence = Sequence([setup])
    found.BeamSequence = Sequence([beam()])
    reference = Dataset()
    reference.ReferencedSOPInstanceUID = STRUCTURES
    found.ReferencedStructureSetSequence = Sequence([reference])
    return found


def beam() -> Dataset:
    found, leaves, jaws = Dataset(), Dataset(), Dataset()
    found.BeamNumber, found.BeamName, found.RadiationType = 1, "B", "PHOTON"
    found.TreatmentDeliveryType, found.TreatmentMachineName = "TREATMENT", "Linac"
    found.PrimaryDosimeterUnit, found.FinalCumulativeMetersetWeight = "MU", 1.0
    leaves.RTBeamLimitingDeviceType, leaves.LeafPositionBoundaries = "MLCX", [-10.0, 0.0, 10.0]
    jaws.RTBeamLimitingDeviceType = "ASYMY"
    found.BeamLimitingDeviceSequence = Sequence([jaws, leaves])
    start, end, open_y, open_x = Dataset(), Dataset(), Dataset(), Dataset()
    start.NominalBeamEnergy, start.IsocenterPosition = 6.0, [0.0, 0.0, 0.0]
    start.GantryAngle, start.BeamLimitingDeviceAngle, start.PatientSupportAngle = 0.0, 0.0, 0.0
    open_y.RTBeamLimitingDeviceType, open_y.LeafJawPositions = "ASYMY", [-9.0, 9.0]
    open_x.RTBeamLimitingDeviceType, open_x.LeafJawPositions = "MLCX", [-9.0, -9.0, 9.0, 9.0]
    start.BeamLimitingDevicePositionSequence = Sequence([open_y, open_x])
    start.CumulativeMetersetWeight, end.CumulativeMetersetWeight = 0.0, 1.0
    found.ControlPointSequence = Sequence([start, end])
    return found


def image(z: float) -> FileDataset:
    found = object_of(CT, f"2.25.5{int(z) // 3 + 10}", "CT")
    found.SeriesInstanceUID, found.AcquisitionDate = "2.25.50", "20260101"
    found.ImagePositionPatient = [-20.0, -20.0, z]
    found.ImageOrientationPatient, found.PixelSpacing = [1.0, 0, 0, 0, 1.0, 0], [2.0, 2.0]
    found.Rows, found.Columns, found.SliceThickness, found.PatientPosition = 21, 21, 3.0, "HFS"
    return found


MAKERS = {"RD": dose, "RS": structures, "RP": plan, "CT": lambda: image(0.0)}
Path_ = tuple[tuple[int, int], ...]
"""(tag of a sequence, index of its item) down to the item that holds the element."""


def elements(dataset: Dataset, at: Path_ = ()) -> Iterator[tuple[Path_, BaseTag, str]]:
    """Yield every element but those of the second item of a sequence and beyond."""
    for element in dataset:
        yield at, element.tag, element.VR
        if element.VR == "SQ" and element.value:
            yield from elements(element.value[0], (*at, (int(element.tag), 0)))


def encoded(tag: BaseTag, vr: str, value: bytes) -> bytes:
    """Encode an element as it would never be written: any VR, any bytes."""
    head = struct.pack("<HH", tag.group, tag.element) + vr.encode()
    long = vr in {"OB", "OW", "SQ", "UN", "UT"}
    length = struct.pack("<HI", 0, len(value)) if long else struct.pack("<H", len(value))
    return head + length + value


def damages(tag: BaseTag, vr: str) -> Iterator[tuple[str, bytes]]:
    """Yield what is put in an element's place: nothing, odd values, another type."""
    yield "removed", b""
    yield "another type", encoded(tag, "UN", b"\1\2\3\4")
    if vr != "SQ":
        item = b"\xfe\xff\x00\xe0\x00\x00\x00\x00"
        yield "a sequence", encoded(tag, "SQ", item)
    if vr == "SQ":
        yield "empty", encoded(tag, vr, b"")
        yield "text for a sequence", encoded(tag, "LO", b"abc ")
    elif vr in BINARY:
        size = struct.calcsize(BINARY[vr])
        yield "empty", encoded(tag, vr, b"")
        for name, byte in (("zero", b"\0"), ("largest", b"\xff"), ("other", b"\x7f")):
            yield name, encoded(tag, vr, byte * size)
        yield "as text", encoded(tag, "LO", b"abc ")
    elif vr in {"OW", "OB"}:
        yield "empty", encoded(tag, vr, b"")
        yield "short", encoded(tag, vr, b"\1\2")
    else:
        for text in TEXTS:
            yield text.decode().strip()[:12] or "empty", encoded(tag, vr, text)
        yield "as binary", encoded(tag, "US", b"\1\0")


def cases() -> list[tuple[str, Path_, BaseTag, str, str]]:
    return [
        (kind, at, tag, vr, name)
        for kind, make in MAKERS.items()
        for at, tag, vr in elements(make())
        for name, _ in damages(tag, vr)
    ]


def damaged(kind: str, at: Path_, tag: BaseTag, vr: str, name: str) -> bytes:
    """Return an object's bytes with something else in the place of one element.

    Sequences without lengths, so that the bytes around need not change.
    """
    dataset = MAKERS[kind]()
    holder: Dataset = dataset
    for sequence, item in at:
        holder[sequence].is_undefined_length = True
        holder = holder[sequence].value[item]
        holder.is_undefined_length_sequence_item = True
    before = encoded(tag, "CS", b"ISO_IR 192")
    if tag != Tag("SpecificCharacterSet"):  # the writer itself needs that one
        before = encoded(tag, "OB", b"the element that is damaged ")
        holder[tag] = DataElement(tag, "OB", before[12:])
    written = BytesIO()
    pydicom.dcmwrite(written, dataset, enforce_file_format=False)
    whole = written.getvalue()
    assert whole.count(before) == 1
    return whole.replace(before, dict(damages(tag, vr))[name])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    for name, make in MAKERS.items():
        (folder / f"{name}.dcm").write_bytes(to_bytes(make()))
    for z in (-9.0, -6.0, -3.0, 3.0, 6.0, 9.0):
        (folder / f"CT{z:g}.dcm").write_bytes(to_bytes(image(z)))
    return folder


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


def check(folder: Path, out: Path) -> set[str]:
    """Run both commands; return the findings' codes."""
    answer = run("qa", folder, "--json")
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    assert answer.exit_code in (0, 1)
    report = json.loads(answer.stdout, parse_constant=refused)
    codes = {finding["code"] for finding in report["findings"]}
    assert "RULE-FAILED" not in codes, report["findings"]
    words = ("--structures", folder / "RS.dcm", "--plan", folder / "RP.dcm", "--out", out)
    answer = run(
        "dvh", "--dose", folder / "RD.dcm", *words, "--metrics", "Mean[Gy],D95%[%],V9Gy[%]"
    )
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    assert answer.exit_code in (0, 2)
    if answer.exit_code == 0:
        with out.open(newline="", encoding="utf-8") as file:
            values = [row["value"] for row in csv.DictReader(file)]
        assert np.isfinite([float(value) for value in values if value]).all()
    else:
        assert answer.stderr.strip()
    return codes


def try_all(chosen: list[tuple[str, Path_, BaseTag, str, str]], sound: Path, tmp: Path) -> None:
    for case in chosen:
        target = sound / f"{case[0]}.dcm"
        before = target.read_bytes()
        target.write_bytes(damaged(*case))
        try:
            check(sound, tmp / "out.csv")
        except Exception as error:
            raise AssertionError(f"{case}: {error}") from error
        finally:
            target.write_bytes(before)


def test_the_undamaged_course_is_clean(sound: Path, tmp_path: Path) -> None:
    assert check(sound, tmp_path / "out.csv") == set()


def test_some_damages(sound: Path, tmp_path: Path) -> None:
    chosen = random.Random(6).sample(cases(), len(cases()) // PART)
    try_all(chosen, sound, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKERS)
def test_every_damage(kind: str, sound: Path, tmp_path: Path) -> None:
    try_all([case for case in cases() if case[0] == kind], sound, tmp_path)


def test_a_name_that_a_spreadsheet_would_run_is_marked(sound: Path, tmp_path: Path) -> None:
    named = structures()
    named.StructureSetROISequence[1].ROIName = "=1+1"
    (tmp_path / "RS.dcm").write_bytes(to_bytes(named))
    out = tmp_path / "out.csv"
    words = ("--structures", tmp_path / "RS.dcm", "--out", out, "--metrics", "Mean[Gy]")
    assert run("dvh", "--dose", sound / "RD.dcm", *words).exit_code == 0
    with out.open(newline="", encoding="utf-8") as file:
        assert [row["roi_name"] for row in csv.DictReader(file)] == ["Body", "'=1+1"]


def test_a_file_beyond_all_measure_is_not_read(sound: Path, tmp_path: Path) -> None:
    """5 GB, most of it a hole: said at once, and the rest of the course is reported."""
    for path in sound.glob("*.dcm"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "RD.dcm").open("r+b") as file:
        file.truncate(5_000_000_000)
    report = json.loads(run("qa", tmp_path, "--json").stdout)
    found = {finding["code"]: finding["text"] for finding in report["findings"]}
    assert "more than 2 GB" in found["COURSE-UNREADABLE"]
    assert len(report["structures"]) == 2
    words = ("--structures", tmp_path / "RS.dcm", "--out", tmp_path / "out.csv")
    answer = run("dvh", "--dose", tmp_path / "RD.dcm", *words)
    assert answer.exit_code == 2
    assert answer.stderr.startswith("FILE-TOO-LARGE")


def test_elements_are_found_at_every_depth() -> None:
    found = {tag for _, tag, _ in elements(plan())}
    assert Tag("LeafJawPositions") in found
    assert Tag("BeamDoseSpecificationPoint") in found
