"""atheris on the parsers: inputs that reach new code are kept and changed again."""

import re
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
ONE_S = 120
SEEDS = len(leaks.KINDS) + 4

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


def fuzz(folder: Path, runs: int, seconds: int) -> int:
    """Try so many inputs, or as many as the time lets; return how many it were.

    A machine with much else to do tries fewer. What hangs is an input of more than `ONE_S` seconds;
    what else does not end is pytest's to stop.
    """
    limits = [f"-runs={runs}", f"-max_total_time={seconds}", "-max_len=6000", f"-timeout={ONE_S}"]
    command = [sys.executable, "-m", "tests.factories.atheris_target", *limits, "-seed=1"]
    command += [f"-artifact_prefix={folder}/", "-rss_limit_mb=2048", str(seeds(folder / "seeds"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "INITED cov:" in done.stderr
    told = re.search(r"Done (\d+) runs", done.stderr)
    assert told, done.stderr[-3000:]
    return int(told[1])


def test_coverage_leads_to_no_accident(tmp_path: Path) -> None:
    assert fuzz(tmp_path, RUNS, SECONDS) > SEEDS


@pytest.mark.slow
@pytest.mark.timeout(3 * SLOW_SECONDS)
def test_coverage_leads_to_no_accident_for_long(tmp_path: Path) -> None:
    assert fuzz(tmp_path, SLOW_RUNS, SLOW_SECONDS) > SEEDS
