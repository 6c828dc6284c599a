"""dciodvfy (dicom3tools) finds no error in a de-identified object that the original had not."""

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.data.deid import load_profile
from gateway.domain.deid import USUAL_OPTIONS, Profile, read_identity
from gateway.errors import RejectError
from kasari.phantom import generate_cohort
from tests.factories import engine, leaks, sent_objects
from tests.factories.full_objects import full

DCIODVFY = shutil.which("dciodvfy")
PER_FOLDER_AND_KIND = 1
pytestmark = pytest.mark.skipif(
    DCIODVFY is None, reason="needs dciodvfy: install the package dicom3tools"
)


def errors(data: bytes, folder: Path) -> Counter[str]:
    """What dciodvfy calls an error, without the values that it quotes."""
    path = folder / "object.dcm"
    path.write_bytes(data)
    answer = subprocess.run(
        [str(DCIODVFY), str(path)], capture_output=True, text=True, encoding="latin-1", check=False
    )
    lines = (answer.stdout + answer.stderr).splitlines()
    return Counter(_without_values(line) for line in lines if line.startswith("Error"))


def _without_values(line: str) -> str:
    return re.sub(r"<[^>]*/|<[0-9.]+>|\[[^\]]*\]|0x[0-9a-f]+|= .*$", "", line).strip()


def introduced(data: bytes, folder: Path, profile: Profile = engine.PROFILE) -> list[str]:
    written = engine.national_bytes(data, profile=profile)
    before, after = errors(data, folder), errors(written, folder)
    return sorted((after - before).elements())


def chosen(shared: Path) -> Iterator[Path]:
    """One accepted object of each kind in each folder."""
    seen: Counter[tuple[Path, str]] = Counter()
    for path in sorted((shared / "data").rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        try:
            kind = read_identity(data).sop_class_uid
            if seen[path.parent, kind] < PER_FOLDER_AND_KIND:
                engine.site_bytes(data)
                seen[path.parent, kind] += 1
                yield path
        except RejectError:
            continue


def test_real_objects_get_no_new_error(shared: Path, tmp_path: Path) -> None:
    paths = list(chosen(shared))
    assert len(paths) > 20
    told = {path.name: introduced(path.read_bytes(), tmp_path) for path in paths}
    assert {name: new for name, new in told.items() if new} == {}


@pytest.mark.parametrize("kind", leaks.KINDS)
def test_small_objects_get_no_new_error(kind: str, tmp_path: Path) -> None:
    assert introduced(sent_objects.as_sent(leaks.KINDS[kind]()), tmp_path) == []


def test_generated_courses_get_no_new_error(tmp_path: Path) -> None:
    """They have what small and public objects lack: treatment records with their machine."""
    generate_cohort(tmp_path / "cohort", 1, 7, centres=("KUH",), small=True)
    chosen: dict[str, bytes] = {}
    for path in sorted((tmp_path / "cohort").rglob("*.dcm")):
        data = path.read_bytes()
        chosen.setdefault(read_identity(data).modality, data)
    assert {"CT", "RTSTRUCT", "RTPLAN", "RTDOSE", "RTRECORD"} <= set(chosen)
    told = {kind: introduced(data, tmp_path) for kind, data in chosen.items()}
    assert {kind: new for kind, new in told.items() if new} == {}


@pytest.mark.parametrize("sop_class", engine.PROFILE.objects, ids=engine.PROFILE.objects.get)
def test_every_kind_of_object_with_every_attribute_gets_no_new_error(
    sop_class: str, tmp_path: Path
) -> None:
    """Also the kinds that are not found in public: ion, brachytherapy, deformable registration."""
    assert introduced(full(engine.PROFILE, sop_class), tmp_path) == []


@pytest.mark.parametrize("kind", ["ct", "rtdose", "summary"])
def test_without_any_option_there_is_no_new_error_either(kind: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"options": dict.fromkeys(USUAL_OPTIONS, False)}))
    profile = load_profile(policy)
    sop_class = next(uid for uid, short in profile.objects.items() if short == kind)
    assert introduced(full(profile, sop_class), tmp_path, profile) == []


def test_a_missing_attribute_is_noticed(tmp_path: Path) -> None:
    data = sent_objects.as_sent(leaks.KINDS["dose"]())
    dataset = sent_objects.sent(leaks.KINDS["dose"]())
    del dataset.DoseUnits
    assert errors(sent_objects.as_bytes(dataset), tmp_path) - errors(data, tmp_path)
