"""The example of library use in docs/dose.md runs as it is printed."""

import re
import subprocess
import sys
from pathlib import Path

from kasari.phantom import generate_cohort

ROOT = Path(__file__).parents[2]


def test_the_printed_example_analyses_a_course(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "dose.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    generate_cohort(
        tmp_path / "cohort", patients=1, seed=4, centres=("KUH",), small=True, declined=0
    )
    (course,) = (tmp_path / "cohort" / "KUH" / "dicom").iterdir()
    course.rename(tmp_path / "course")
    answer = subprocess.run(
        [sys.executable, "-c", example],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    means = [line.rsplit(" ", 1)[1] for line in answer.stdout.splitlines() if line]
    assert len(means) > 5
    assert any(float(mean) > 20 for mean in means if re.fullmatch(r"[\d.]+", mean))
