"""Fixtures that every level of test shares."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Public DICOM-RT and reference tables beside the project, where they are present."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("needs the public data folder ../shared, which is not part of the project")
    return folder
