"""The same files given to dicompyler-core and plastimatch."""

import csv
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
RUNNER = Path(__file__).with_name("dose_dicompyler.py")


@dataclass(frozen=True, eq=False)
class Curve:
    """A cumulative curve over rising dose."""

    dose: Floats
    volume: Floats

    def dose_at(self, percent: float) -> float:
        """Return the highest dose that `percent` of the volume gets."""
        wanted = percent / 100 * self.volume[0]
        return float(np.interp(-wanted, -self.volume, self.dose))

    def share_at(self, dose: float) -> float:
        """Return the share of the volume that gets a dose."""
        return float(np.interp(dose, self.dose, self.volume / self.volume[0], right=0.0))

    def mean(self) -> float:
        """Return the mean dose."""
        part = -np.diff(self.volume)
        middle = (self.dose[1:] + self.dose[:-1]) / 2
        return float(part @ middle / part.sum()) if part.sum() > 0 else float("nan")


def dicompyler(python: Path, structures: Path, dose: Path) -> tuple[float, Mapping[int, Curve]]:
    """Return process seconds after imports, and curves by ROI number."""
    command = [str(python), str(RUNNER), str(structures), str(dose)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    found = json.loads(done.stdout)
    curves = {}
    for number, curve in found["curves"].items():
        if curve.get("volume"):
            volume = np.array([*curve["volume"], 0.0])
            curves[int(number)] = Curve(np.array(curve["dose"])[: volume.size], volume)
    return float(found["seconds"]), curves


@dataclass(frozen=True)
class Ct:
    """The image grid that plastimatch fills structures on, as a planning CT would be."""

    origin: tuple[float, float, float]
    size: tuple[int, int, int]
    spacing: tuple[float, float, float]

    def options(self) -> list[str]:
        """Return plastimatch's words for it."""
        words = []
        for name, values in (
            ("origin", self.origin),
            ("dim", self.size),
            ("spacing", self.spacing),
        ):
            words += [f"--{name}", " ".join(str(value) for value in values)]
        return words


def plastimatch(structures: Path, dose: Path, folder: Path, ct: Ct) -> Curve | None:
    """Return the curve of the only structure in a file; None if plastimatch gives none."""
    image, names, field = folder / "ss.mha", folder / "ss.txt", folder / "dose.mha"
    out = folder / "dvh.csv"
    grid = ct.options()
    steps = [
        ["convert", "--input-dose-img", str(dose), "--output-dose-img", str(field)],
        ["resample", "--input", str(field), "--output", str(folder / "fine.mha"), *grid],
        ["convert", "--input", str(structures), "--fixed", str(folder / "fine.mha"),
         "--output-ss-img", str(image), "--output-ss-list", str(names)],
        ["dvh", "--input-ss-img", str(image), "--input-ss-list", str(names),
         "--input-dose", str(field), "--output-csv", str(out), "--cumulative",
         "--normalization", "vox", "--bin-width", "0.02", "--num-bins", "5000"],
    ]  # fmt: skip
    for step in steps:
        done = subprocess.run(["plastimatch", *step], capture_output=True, check=False, timeout=300)
        if done.returncode != 0:
            return None
    return _plastimatch_curve(out, image)


def _plastimatch_curve(out: Path, image: Path) -> Curve | None:
    with out.open(newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) >= 2]
    numbers = []
    for row in rows:
        try:
            numbers.append((float(row[0]), float(row[1])))
        except ValueError:
            continue
    if len(numbers) < 2:
        return None
    dose, voxels = np.array(numbers).T
    spacing = _spacing(image)
    volume = voxels * float(np.prod(spacing)) / 1000.0
    return Curve(dose, volume) if volume[0] > 0 else None


def _spacing(image: Path) -> list[float]:
    """Return the voxel size written in a MetaImage's head."""
    for line in image.read_bytes()[:2000].split(b"\n"):
        if line.startswith(b"ElementSpacing"):
            return [float(part) for part in line.split(b"=")[1].split()]
    return [1.0, 1.0, 1.0]
