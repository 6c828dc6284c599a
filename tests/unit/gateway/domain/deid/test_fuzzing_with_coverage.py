"""atheris on the parsers: inputs that reach new code are kept and changed again."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.factories import leaks, sent_objects
from tests.factories.streams import (
    BIG_ENDIAN,
    DEFLATED,
    IMPLICIT,
    element,
    file_of,
    item,
    plan,
    sequence,
)

ROOT = Path(__file__).resolve().parents[5]
RUNS, SECONDS = 100_000, 12
SLOW_RUNS, SLOW_SECONDS = 2_000_000, 600

pytestmark = pytest.mark.skipif(
    find_spec("atheris") is None, reason="atheris has no wheel for this Python or machine"
)


def seeds(folder: Path) -> Path:
    """A small file of each kind, and what is hard to read."""
    folder.mkdir()
    nested = element(0x300A00C2, b"LO", b"Virtanen")
    for _ in range(5):
        nested = sequence(0x300A00B0, item(nested, open_ended=True), open_ended=True)
    files = {kind: sent_objects.as_sent(make()) for kind, make in leaks.KINDS.items()}
    files["nested"] = file_of(plan(nested))
    for name, syntax in (("implicit", IMPLICIT), ("deflated", DEFLATED), ("big", BIG_ENDIAN)):
        files[name] = file_of(plan(), syntax)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def fuzz(folder: Path, runs: int, seconds: int) -> str:
    limits = [f"-runs={runs}", f"-max_total_time={seconds}", "-max_len=6000", "-timeout=10"]
    command = [sys.executable, "-m", "tests.factories.atheris_target", *limits, "-seed=1"]
    command += [f"-artifact_prefix={folder}/", "-rss_limit_mb=2048", str(seeds(folder / "seeds"))]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds + 120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def test_coverage_leads_to_no_accident(tmp_path: Path) -> None:
    told = fuzz(tmp_path, RUNS, SECONDS)
    assert "INITED cov:" in told
    assert "Done " in told


@pytest.mark.slow
def test_coverage_leads_to_no_accident_for_long(tmp_path: Path) -> None:
    assert "Done " in fuzz(tmp_path, SLOW_RUNS, SLOW_SECONDS)
