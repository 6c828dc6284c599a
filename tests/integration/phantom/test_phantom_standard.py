"""Every kind of object against the DICOM standard, by an independent program (dciodvfy)."""

import shutil
import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread

KINDS = {
    "CT.001": "CTImage",
    "CB1.001": "CTImage",
    "RS": "RTStructureSet",
    "RP": "RTPlan",
    "RD": "RTDose",
    "RT.01": "RTBeamsTreatmentRecord",
    "RE.01": "SpatialRegistration",
}
OUTDATED = "Unrecognized enumerated value <VERIFIED>"
"""PS3.3 C.8.8.21 has VERIFIED, VERIFIED_OVR and NOT_VERIFIED; the program does not know them."""


@pytest.fixture(scope="module")
def dciodvfy() -> str:
    found = shutil.which("dciodvfy")
    if found is None:
        pytest.skip("needs dciodvfy: apt-get install dicom3tools")
    return found


def complaints(program: str, path: Path) -> tuple[str, list[str]]:
    """What kind of object the program sees, and what it objects to."""
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    bad = [line for line in lines if line.startswith(("Error", "Warning")) and OUTDATED not in line]
    others = [line for line in lines if not line.startswith(("Error", "Warning"))]
    return " ".join(others), bad


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_is_complete(cohort: Path, dciodvfy: str, kind: str) -> None:
    paths = [path for path in sorted(cohort.glob(f"*/dicom/*/{kind}.dcm")) if checkable(path)]
    assert paths
    for path in paths:
        seen, bad = complaints(dciodvfy, path)
        assert not bad, path.name
        assert seen == KINDS[kind]


def checkable(path: Path) -> bool:
    """The program stops at 32-bit doses in explicit encoding; those of Tyks have 16 bits."""
    return not path.name.startswith("RD") or "Tyks" in path.parts


def test_the_program_notices_what_is_missing(cohort: Path, dciodvfy: str, tmp_path: Path) -> None:
    plan = dcmread(next(iter(cohort.glob("*/dicom/*/RP.dcm"))))
    del plan.RTPlanLabel
    plan.save_as(tmp_path / "RP.dcm")
    assert any("RTPlanLabel" in line for line in complaints(dciodvfy, tmp_path / "RP.dcm")[1])
