"""The folder that comes out: the same bytes each time, valid objects, no silent overwriting."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from pydicom import dcmread
from typer.testing import CliRunner

from kasari.__main__ import app, register
from kasari.errors import InputError
from kasari.phantom import generate_cohort

LARGEST_BYTES = 10_000_000


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def make(folder: Path, patients: int, seed: int) -> Path:
    generate_cohort(folder, patients=patients, seed=seed, small=True)
    return folder


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("pair"), 2, 5)


def test_the_same_seed_gives_the_same_bytes(pair: Path, tmp_path: Path) -> None:
    assert digests(make(tmp_path, 2, 5)) == digests(pair)


def test_another_seed_gives_other_patients(pair: Path, tmp_path: Path) -> None:
    one, other = digests(pair), digests(make(tmp_path, 2, 6))
    assert not set(one.values()) & set(other.values())


def test_a_patient_fits_into_ten_megabytes(pair: Path) -> None:
    for folder in pair.glob("*/dicom/*"):
        assert sum(path.stat().st_size for path in folder.iterdir()) < LARGEST_BYTES


def test_every_object_has_its_own_uid_and_the_patient_s_frame(pair: Path) -> None:
    seen: set[str] = set()
    for folder in pair.glob("*/dicom/*"):
        frames = set()
        for path in folder.glob("*.dcm"):
            dataset = dcmread(path, stop_before_pixels=True)
            assert dataset.SOPInstanceUID not in seen
            seen.add(dataset.SOPInstanceUID)
            if path.name.startswith(("CT", "RS", "RP", "RD")):
                frames.add(dataset.FrameOfReferenceUID)
        assert len(frames) == 1


def test_names_survive_the_character_set_of_each_centre(pair: Path) -> None:
    truth = json.loads((pair / "truth.json").read_text("utf-8"))["patients"]
    sets = set()
    for key, told in truth.items():
        dataset = dcmread(pair / told["centre"] / "dicom" / key / "RS.dcm")
        sets.add(dataset.SpecificCharacterSet)
        assert dataset.PatientName.family_name == told["identifiers"]["family_name"]
        written = [s["written"] for s in told["structures"]]
        assert [str(roi.ROIName) for roi in dataset.StructureSetROISequence] == written
    assert len(sets) == 2


def test_tables_alone_are_the_same_tables(pair: Path, tmp_path: Path) -> None:
    generate_cohort(tmp_path, patients=2, seed=5, small=True, tables_only=True)
    whole = digests(pair)
    alone = digests(tmp_path)
    assert not [name for name in alone if name.endswith(".dcm")]
    assert len(alone) == 11
    assert all(whole[name] == digest for name, digest in alone.items())


def test_progress_is_told(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    generate_cohort(tmp_path, 1, 1, small=True, progress=lambda a, b: steps.append((a, b)))
    assert steps == [(0, 1), (1, 1)]


def test_the_command_prints_what_it_wrote(tmp_path: Path) -> None:
    register("phantom")
    out = tmp_path / "new"
    arguments = ["--patients", "1", "--seed", "2", "--out", str(out), "--small", "--json"]
    answer = CliRunner().invoke(app, ["phantom", *arguments])
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert told["patients"] == 1
    assert told["by_centre"] == {"KUH": 1}
    assert told["files"] == len(digests(out))


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    register("phantom")
    (tmp_path / "mine.txt").write_text("keep")
    arguments = ["--patients", "1", "--seed", "2", "--out", str(tmp_path), "--small"]
    answer = CliRunner().invoke(app, ["phantom", *arguments])
    assert isinstance(answer.exception, InputError)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("centres", ["", "KUH,../up", "KUH,KUH"])
def test_names_of_centres_that_cannot_be_folders(tmp_path: Path, centres: str) -> None:
    register("phantom")
    arguments = ["--patients", "1", "--seed", "2", "--out", str(tmp_path / "new")]
    answer = CliRunner().invoke(app, ["phantom", *arguments, "--centres", centres])
    assert answer.exit_code == 2
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    register("phantom")
    (tmp_path / "file").write_text("")
    arguments = ["--patients", "1", "--seed", "2", "--out", str(tmp_path / "file" / "new")]
    answer = CliRunner().invoke(app, ["phantom", *arguments, "--small"])
    assert isinstance(answer.exception, InputError)
    assert "Not a directory" in str(answer.exception)
