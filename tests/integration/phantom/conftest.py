"""One small cohort for all tests here: both centres, every site, one patient who declined."""

import json
from pathlib import Path
from typing import Any

import pytest

from kasari.phantom import generate_cohort


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    generate_cohort(folder, patients=8, seed=7, small=True, declined=1)
    return folder


@pytest.fixture(scope="session")
def truth(cohort: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((cohort / "truth.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="session")
def patients(cohort: Path) -> list[Path]:
    """Folders of all patients."""
    return sorted(cohort.glob("*/dicom/*"))
