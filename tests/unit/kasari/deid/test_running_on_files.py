"""`kasari deid run` and `check`: what is written, what is refused, and what is told about it."""

import csv
import json
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from typer.testing import CliRunner, Result

from gateway.domain.identity import KeyRing, site_pseudonym
from kasari.commands.deid import app
from kasari.deid.differences import differences
from kasari.errors import InputError
from tests.factories import site_objects as make

ROOT_KEY = bytes(range(32))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def named(data: bytes) -> Dataset:
    dataset = dcmread(BytesIO(data))
    dataset.PatientName = "Virtanen^Maija"
    dataset.PatientID = "131052-308T"
    dataset.DeidentificationMethod = None
    return dataset


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A course as a planning system exports it, with the patient's name in the file names."""
    folder = tmp_path / "export"
    folder.mkdir()
    for number, data in enumerate(make.course()):
        (folder / f"VIRTANEN_{number}.dcm").write_bytes(make.as_bytes(named(data)))
    return folder


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "root.key"
    path.write_bytes(ROOT_KEY)
    path.chmod(0o600)
    return path


def written(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.dcm"))


def test_a_folder_is_written_checked_and_accounted_for(export: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "out", tmp_path / "report.json"
    answer = run("run", export, "--out", out, "--report", report)
    assert answer.exit_code == 0
    assert "7 passed, 0 refused" in answer.stdout
    told = json.loads(report.read_text())
    assert told["references"] == {"before": 6, "after": 6}
    assert told["actions"]["uid"] > 0
    assert len(written(out)) == 7
    assert not any("VIRTANEN" in path.name for path in written(out))
    assert not any(b"irtanen" in path.read_bytes().lower() for path in written(out))


def test_the_form_with_in_does_the_same(export: Path, tmp_path: Path, key: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    options = ("--key", key, "--centre", "KUH")
    assert run("--in", export, "--out", first, *options).exit_code == 0
    assert run("run", export, "--out", second, *options).exit_code == 0
    assert [p.name for p in written(first)] == [p.name for p in written(second)]
    assert [p.read_bytes() for p in written(first)] == [p.read_bytes() for p in written(second)]


def test_the_centres_key_gives_the_centres_identities(
    export: Path, tmp_path: Path, key: Path
) -> None:
    out = tmp_path / "out"
    stage = ("--stage", "site")
    run("run", export / "VIRTANEN_0.dcm", "--out", out, "--key", key, "--centre", "KUH", *stage)
    keys = KeyRing.from_root(ROOT_KEY, "KUH").site_keys()
    assert dcmread(out).PatientID == site_pseudonym(keys, "131052-308T")


def test_throw_away_keys_link_to_nothing(export: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.dcm", tmp_path / "2.dcm"
    for out in (first, second):
        run("run", export / "VIRTANEN_0.dcm", "--out", out)
    assert dcmread(first).PatientID != dcmread(second).PatientID


def test_a_refused_file_is_named_and_not_written(export: Path, tmp_path: Path) -> None:
    (export / "cut.dcm").write_bytes((export / "VIRTANEN_5.dcm").read_bytes()[:-7])
    (export / "notes.txt").write_text("not DICOM")
    out = tmp_path / "out"
    answer = run("run", export, "--out", out)
    assert answer.exit_code == 1
    assert "refused cut.dcm: " in answer.stdout
    assert "refused notes.txt: not-dicom: " in answer.stdout
    assert len(written(out)) == 7


def test_a_further_identifier_that_is_found_refuses(export: Path, tmp_path: Path) -> None:
    """The engine keeps numbers; the checker knows that this one is somebody's."""
    dataset = dcmread(export / "VIRTANEN_5.dcm")
    dataset.PatientWeight = "123456"
    dataset.save_as(export / "VIRTANEN_5.dcm")
    assert run("run", export / "VIRTANEN_5.dcm", "--what-if").exit_code == 0
    known = tmp_path / "known.txt"
    known.write_text("123456\n")
    answer = run("run", export / "VIRTANEN_5.dcm", "--out", tmp_path / "x", "--identity", known)
    assert answer.exit_code == 1
    assert "(0010,1030) contains an identifier" in answer.stdout
    assert not (tmp_path / "x").exists()


def test_what_if_writes_nothing_and_tells_every_action(export: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    answer = run("run", export / "VIRTANEN_5.dcm", "--what-if")
    assert answer.exit_code == 0
    assert "changed      PatientName" in answer.stdout
    assert "ReferencedStructureSetSequence > ReferencedSOPInstanceUID" in answer.stdout
    assert "irtanen" not in answer.stdout
    assert "Virtanen" in run("run", export / "VIRTANEN_5.dcm", "--what-if", "--values").stdout
    assert sorted(tmp_path.rglob("*")) == before


def test_neither_writing_nor_what_if_is_an_error(export: Path) -> None:
    for form in (("run", export), ("--in", export)):
        with pytest.raises(InputError, match="either --out"):
            run(*form)
    with pytest.raises(InputError, match="name the folder"):
        run("--out", export)


def test_an_empty_folder_has_not_passed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="there is no file"):
        run("--in", tmp_path / "empty", "--out", tmp_path / "out")


def test_what_if_wins_over_out(export: Path, tmp_path: Path) -> None:
    answer = run("--in", export, "--out", tmp_path / "out", "--what-if")
    assert answer.exit_code == 0
    assert "changed      PatientName" in answer.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", [".", "export", "export/clean"])
def test_results_never_lie_among_the_originals(export: Path, tmp_path: Path, out: str) -> None:
    with pytest.raises(InputError, match="must not be --in"):
        run("--in", export, "--out", tmp_path / out)


def test_the_same_instance_twice_and_a_study_of_two_are_refused(
    export: Path, tmp_path: Path
) -> None:
    (export / "a_copy.dcm").write_bytes((export / "VIRTANEN_5.dcm").read_bytes())
    changed = dcmread(export / "VIRTANEN_5.dcm")
    changed.PlanIntent = "VERIFICATION"
    changed.save_as(export / "a_change.dcm")
    other = dcmread(export / "VIRTANEN_0.dcm")
    other.PatientID, other.SOPInstanceUID = "010190-999K", "1.2.3.4"
    other.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    other.save_as(export / "b_other.dcm")
    answer = run("--in", export, "--out", tmp_path / "out")
    assert answer.exit_code == 1
    assert "refused a_change.dcm: twice: " in answer.stdout
    assert "a_copy" not in answer.stdout
    assert "study-of-two-patients" in answer.stdout


def test_one_file_into_a_folder_and_the_report_says_its_name(
    export: Path, tmp_path: Path, key: Path
) -> None:
    report, out = tmp_path / "r.json", tmp_path / "out"
    options = ("--key", key, "--report", report)
    assert run("--in", export / "VIRTANEN_5.dcm", "--out", out, *options).exit_code == 0
    told = json.loads(report.read_text())
    assert told["key_id"]
    assert told["written"] == {"VIRTANEN_5.dcm": written(out)[0].name}
    assert written(out)[0].name.startswith("RTPLAN.2.25.")


def test_a_key_that_others_may_read_is_used_and_warned_of(export: Path, key: Path) -> None:
    key.chmod(0o644)
    answer = run("--in", export, "--what-if", "--key", key)
    assert answer.exit_code == 0
    assert "chmod 600" in answer.stderr


def test_every_text_that_would_leave_is_listed_once(export: Path, tmp_path: Path) -> None:
    listed = tmp_path / "values.csv"
    assert run("values", export, "--csv", listed).exit_code == 0
    rows = list(csv.DictReader(listed.open(encoding="utf-8")))
    names = {row["text"]: row for row in rows if row["path"].endswith("ROIName")}
    assert names["Heart"]["path"] == "StructureSetROISequence > ROIName"
    assert names["Heart"]["instances"] == names["Heart"]["patients"] == "1"
    assert "irtanen" not in listed.read_text()
    assert len({(row["path"], row["text"]) for row in rows}) == len(rows)
    assert "StructureSetROISequence > ROIName,LO,Heart" in run("values", export).stdout


def test_check_passes_what_run_wrote_and_not_the_original(export: Path, tmp_path: Path) -> None:
    original, clean = export / "VIRTANEN_4.dcm", tmp_path / "clean.dcm"
    for stage in ("site", "national"):
        run("run", original, "--out", clean, "--stage", stage)
        assert run("check", original, clean).exit_code == 0
    answer = run("check", original, original)
    assert answer.exit_code == 1
    assert "(0010,0010) contains an identifier of the patient" in answer.stdout
    assert "site-uid" in answer.stdout
    assert "irtanen" not in answer.stdout


def test_check_sees_a_moved_contour(export: Path, tmp_path: Path) -> None:
    original, clean = export / "VIRTANEN_4.dcm", tmp_path / "clean.dcm"
    run("run", original, "--out", clean)
    moved = dcmread(clean)
    moved.ROIContourSequence[0].ContourSequence[0].ContourData[3] = 101
    moved.save_as(clean)
    answer = run("check", original, clean)
    assert answer.exit_code == 1
    assert "(3006,0050) was changed" in answer.stdout


def test_differences_count_over_items_and_ignore_what_stays() -> None:
    before = named(make.structures(100, [1, 2]))
    after = named(make.structures(100, [1, 2]))
    for item in after.StructureSetROISequence:
        item.ROIName = "x"
    del after.Modality
    found = differences(make.as_bytes(before), make.as_bytes(after))
    assert [(row.path, row.done, row.count) for row in found] == [
        ("Modality", "removed", 1),
        ("StructureSetROISequence > ROIName", "changed", 2),
    ]
    assert found[1].examples == [("BODY", "x"), ("Heart", "x")]
