"""`kasari dose` on the files of a generated patient whose doses are known."""

import csv
import json
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pydicom
import pytest
from typer.testing import CliRunner, Result

from harmonizer.adapters.printing import can_print
from harmonizer.errors import PrintError
from kasari.commands.dose import app
from kasari.errors import InputError
from kasari.phantom import generate_cohort


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dose-command")
    generate_cohort(folder / "cohort", patients=1, seed=4, centres=("KUH",), small=True, declined=0)
    return folder / "cohort"


@pytest.fixture(scope="module")
def course(cohort: Path) -> Path:
    (only,) = (cohort / "KUH" / "dicom").iterdir()
    return only


@pytest.fixture(scope="module")
def truth(cohort: Path, course: Path) -> dict[str, Any]:
    patients = json.loads((cohort / "truth.json").read_text("utf-8"))["patients"]
    return dict(patients[course.name])


def of_modality(course: Path, modality: str) -> Path:
    for path in course.rglob("*.dcm"):
        if pydicom.dcmread(path, specific_tags=["Modality"]).Modality == modality:
            return path
    raise AssertionError(modality)


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_metrics_are_the_known_ones(course: Path, truth: dict[str, Any], tmp_path: Path) -> None:
    out, dose = tmp_path / "dvh.csv", of_modality(course, "RTDOSE")
    structures, plan = of_modality(course, "RTSTRUCT"), of_modality(course, "RTPLAN")
    wanted = "Volume[cc],Mean[Gy],D95%[Gy],V20Gy[%],D95%[%]"
    answer = run(
        *("dvh", "--dose", dose, "--structures", structures, "--plan", plan),
        *("--out", out, "--metrics", wanted, "--details", tmp_path / "details.json"),
    )
    assert answer.exit_code == 0, answer.output
    found = {(row["roi_name"], row["metric"]): row for row in rows(out)}
    assert list(rows(out)[0]) == [
        *("roi_number", "roi_name", "metric", "value", "unit", "status", "note")
    ]
    for structure in truth["structures"]:
        mean = float(found[structure["written"], "Mean[Gy]"]["value"])
        volume = float(found[structure["written"], "Volume[cc]"]["value"])
        assert mean == pytest.approx(structure["metrics"]["Mean[Gy]"], abs=0.5)
        assert volume == pytest.approx(structure["metrics"]["Volume[cc]"], rel=0.05)
    prescribed = truth["prescription"]["dose_gy"]
    name = truth["structures"][0]["written"]
    in_gy = float(found[name, "D95%[Gy]"]["value"])
    assert float(found[name, "D95%[%]"]["value"]) == pytest.approx(
        100 * in_gy / prescribed, rel=1e-3, abs=1e-3
    )
    details = json.loads((tmp_path / "details.json").read_text("utf-8"))
    assert len(details["rows"]) == len(rows(out))


def test_a_metric_that_is_none_is_refused_by_name(course: Path, tmp_path: Path) -> None:
    dose, structures = of_modality(course, "RTDOSE"), of_modality(course, "RTSTRUCT")
    answer = run(
        *("dvh", "--dose", dose, "--structures", structures),
        *("--out", tmp_path / "x.csv", "--metrics", "Dose[Gy]"),
    )
    assert answer.exit_code == 2
    assert "Dose[Gy]" in answer.output
    assert not (tmp_path / "x.csv").exists()


def test_a_file_that_is_no_dose_is_said_so(course: Path, tmp_path: Path) -> None:
    structures = of_modality(course, "RTSTRUCT")
    answer = run("dvh", "--dose", structures, "--structures", structures, "--out", tmp_path / "x")
    assert answer.exit_code == 2
    assert "WRONG-MODALITY" in answer.output


def test_quality_of_a_clean_course_and_of_one_without_its_plan(
    course: Path, tmp_path: Path
) -> None:
    clean = json.loads(run("qa", course, "--json").stdout)
    assert not [f for f in clean["findings"] if f["severity"] == "error"]
    assert clean["objects"]["plans"] == 1
    part = tmp_path / "part"
    shutil.copytree(course, part)
    of_modality(part, "RTPLAN").unlink()
    found = json.loads(run("qa", part, "--json").stdout)
    assert "COURSE-NO-PLAN" in {f["code"] for f in found["findings"]}


def test_an_error_among_the_findings_ends_with_one(course: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    shutil.copytree(course, part)
    path = of_modality(part, "RTDOSE")
    dataset = pydicom.dcmread(path)
    dataset.DoseUnits = "RELATIVE"
    dataset.save_as(path)
    answer = run("qa", part)
    assert answer.exit_code == 1
    assert "DOSE-UNITS" in answer.stdout


def test_a_file_that_cannot_be_read_is_named_to_who_ran_the_command_only(
    course: Path, tmp_path: Path
) -> None:
    part, out = tmp_path / "part", tmp_path / "report.json"
    shutil.copytree(course, part)
    (part / "Virtanen.dcm").write_bytes(bytes(128) + b"DICM")
    answer = run("qa", part)
    (line,) = [line for line in answer.stdout.splitlines() if "COURSE-UNREADABLE" in line]
    assert "Virtanen" not in answer.stdout
    (told,) = answer.stderr.splitlines()
    assert told.startswith("object ")
    assert told.endswith(f" is {part / 'Virtanen.dcm'}")
    assert told.partition(" is ")[0] in line
    answer = run("report", part, "--out", out)
    assert told in answer.stderr
    assert "Virtanen" not in out.read_text("utf-8")


def test_a_uid_that_claims_to_be_numbers_costs_one_object_only(
    course: Path, tmp_path: Path
) -> None:
    """The representation UL takes four bytes a value, and a UID of another length breaks that."""
    part = tmp_path / "part"
    shutil.copytree(course, part)
    path = of_modality(part, "RTPLAN")
    data = path.read_bytes()
    uid = pydicom.dcmread(path).SOPInstanceUID.encode()
    place = data.index(b"\x08\x00\x18\x00UI")
    assert uid in data[place : place + 80]
    broken = data[: place + 4] + b"UL" + data[place + 6 :]
    length = int.from_bytes(data[place + 6 : place + 8], "little")
    if length % 4 == 0:
        broken = broken[: place + 6] + bytes([length - 2, 0]) + broken[place + 8 + 2 :]
    path.write_bytes(broken)
    answer = run("qa", part)
    assert answer.exit_code in (0, 1), answer.exception
    assert "findings, rule set" in answer.stdout
    assert uid.decode() not in answer.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--site", "brest"), "there is no template for brest"),
        (("--laterality", "links"), "give L, R or B"),
    ],
)
def test_a_site_or_side_that_nobody_knows_is_refused(
    course: Path, words: tuple[str, ...], told: str
) -> None:
    answer = run("qa", course, *words)
    assert answer.exit_code == 2
    assert told in answer.stderr


def test_what_was_looked_at_is_told(course: Path, tmp_path: Path) -> None:
    assert "structure sets 1, plans 1, doses 1" in run("qa", course, "--laterality", "r").stdout
    only = tmp_path / "only"
    only.mkdir()
    dataset = pydicom.dcmread(of_modality(course, "CT"))
    dataset.Modality, dataset.SOPClassUID = "RTIMAGE", "1.2.840.10008.5.1.4.1.1.481.1"
    dataset.save_as(only / "portal.dcm")
    assert "looked at: nothing" in run("qa", only).stdout


def test_odd_values_of_a_file_are_not_quoted(course: Path, tmp_path: Path) -> None:
    """pydicom warns of values that break their representation, and quotes them."""
    part = tmp_path / "part"
    shutil.copytree(course, part)
    path = of_modality(part, "RTPLAN")
    dataset = pydicom.dcmread(path)
    dataset.FrameOfReferenceUID = "1.2.3"
    dataset.save_as(path)
    data = path.read_bytes()
    assert b"1.2.3\0" in data
    path.write_bytes(data.replace(b"1.2.3\0", b"VIRTAN"))
    command = [sys.executable, "-m", "kasari", "dose", "qa", str(part)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "findings, rule set" in answer.stdout
    assert "VIRTAN" not in answer.stdout + answer.stderr


def test_a_report_is_written_as_page_and_as_values(course: Path, tmp_path: Path) -> None:
    page, values = tmp_path / "report.html", tmp_path / "report.json"
    assert run("report", course, "--out", page, "--title", "Course 7").exit_code == 0
    text = page.read_text("utf-8")
    assert "<title>Dose and quality: Course 7</title>" in text
    assert text.count('<svg class="slice"') >= 2
    assert 'class="dvh"' in text
    assert run("report", course, "--out", values).exit_code == 0
    assert len(json.loads(values.read_text("utf-8"))["structures"]) > 3


def test_a_structure_set_is_like_itself(course: Path, tmp_path: Path) -> None:
    structures, out = of_modality(course, "RTSTRUCT"), tmp_path / "compared.csv"
    assert run("compare", structures, structures, "--out", out).exit_code == 0
    found = rows(out)
    assert len(found) > 3
    assert all(float(row["dice"]) == pytest.approx(1.0) for row in found)
    assert all(float(row["hausdorff_95_mm"]) == pytest.approx(0.0, abs=1e-3) for row in found)


def test_two_structures_of_one_set_have_a_distance(
    course: Path, truth: dict[str, Any], tmp_path: Path
) -> None:
    structures, out = of_modality(course, "RTSTRUCT"), tmp_path / "pairs.csv"
    written = {one["organ"]: one["written"] for one in truth["structures"]}
    inner, outer = written["ctv"], written["ptv"]
    answer = run("compare", structures, structures, "--pair", f"{inner}:{outer}", "--out", out)
    assert answer.exit_code == 0, answer.output
    (row,) = rows(out)
    assert (row["roi_name"], row["other_name"]) == (inner, outer)
    # the CTV lies in its PTV: what they share is the CTV
    assert float(row["overlap_cm3"]) == pytest.approx(float(row["volume_reference_cm3"]), rel=0.01)
    assert float(row["nearest_mm"]) > 1.0
    wrong = run("compare", structures, structures, "--pair", "x:y")
    assert isinstance(wrong.exception, InputError)


@pytest.mark.skipif(not can_print(), reason="needs Pango to print: see ./run doctor")
def test_a_report_is_printed(course: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.pdf"
    assert run("report", course, "--out", out).exit_code == 0
    data = out.read_bytes()
    assert run("report", course, "--out", out).exit_code == 0
    assert out.read_bytes() == data, "printed twice, it is the same"
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    packed = re.findall(rb"stream\n(x.*?)\nendstream", data, re.DOTALL)
    unpacked = b"".join(zlib.decompressobj().decompress(one) for one in packed)
    assert len(re.findall(rb"/Type ?/Page\b", unpacked)) >= 2


def test_where_nothing_prints_the_way_out_is_told(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    answer = run("report", course, "--out", tmp_path / "report.pdf")
    assert isinstance(answer.exception, PrintError)
    assert "write .html" in str(answer.exception)
    assert not (tmp_path / "report.pdf").exists()
