"""Fixtures that every level of test shares."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
NO_SKIP = "KASARI_NO_SKIP"
PUBLIC_DATA = "../shared"
MOUNT = "to mount a volume"
"""What cannot be installed: data beside the project, and the right to mount."""

# no test fails by the clock: neither an example nor the making of one
settings.register_profile("kasari", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kasari")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Public DICOM-RT and reference tables beside the project, where they are present."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the public data folder {PUBLIC_DATA}, which is not part of the project")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything was installed for the tests, one that skips for want of it has failed."""
    report = yield
    allowed = any(one in str(report.longrepr) for one in (PUBLIC_DATA, MOUNT))
    if os.environ.get(NO_SKIP) and report.skipped and not allowed:
        report.outcome = "failed"
        report.longrepr = f"skipped, although {NO_SKIP} is set: {report.longrepr}"
    return report
