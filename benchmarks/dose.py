"""Accuracy and speed of the DVHs, beside dicompyler-core and plastimatch on the same files.

    python -m benchmarks.dose --dicompyler /path/to/python [--breast FOLDER] [--out docs/...md]

`--dicompyler` names an interpreter with dicompyler-core 0.5.6 (and pydicom < 3).
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.dose_files import dose_file, structure_file
from benchmarks.dose_large import measured, write_course
from benchmarks.dose_others import Ct, Curve, dicompyler, plastimatch
from benchmarks.dose_phantoms import (
    Field,
    Solid,
    contour_planes,
    gaussian_field,
    grid_of,
    linear_field,
    roi_of,
)
from benchmarks.dose_tps import against_tps
from harmonizer.adapters.dicomrt import read_dose, read_structure_set
from harmonizer.domain.dose import METHOD_VERSION, DoseGrid, compute_dvh

PERCENTS = (99, 98, 95, 90, 50, 10, 5, 2, 1)
X, Y, Z, DIAGONAL = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 1.0)


@dataclass(frozen=True)
class Case:
    """One solid in one dose, on planes and voxels of one distance."""

    name: str
    solid: Solid
    field_name: str
    spacing: float  # of the planes, mm
    voxel: float  # mm

    @property
    def field(self) -> Field:
        """The dose: 20 Gy over the solid, or a Gaussian as wide as it."""
        size = 2 * float(self.solid.half_size.max())
        if self.field_name == "Gaussian":
            return gaussian_field(size / 2, 60.0, (0.2 * size, 0.0, 0.0))
        direction = {"linear x": X, "linear y": Y, "linear z": Z}[self.field_name]
        return linear_field(direction, 20 / size, 30.0)


def cases() -> Iterator[Case]:
    """Yield solids from 0.05 to 2000 cm3, upright, lying and oblique."""
    for spacing, sizes in ((1.0, (0.05, 0.5, 5.0, 50.0)), (3.0, (5.0, 50.0, 500.0, 2000.0))):
        for cm3 in sizes:
            for name, solid in solids(cm3, spacing):
                for field in ("linear x", "linear z", "Gaussian"):
                    yield Case(f"{name} {cm3:g} cm³", solid, field, spacing, spacing)


def solids(cm3: float, spacing: float) -> Iterator[tuple[str, Solid]]:
    """Yield solids of a volume; an upright one is a whole number of planes high."""
    mm3 = cm3 * 1000
    yield "sphere", Solid("sphere", (mm3 * 0.75 / np.pi) ** (1 / 3))
    if cm3 < 0.5:
        return
    height = max(1, round(2 * (mm3 / 2 / np.pi) ** (1 / 3) / spacing)) * spacing
    radius = float(np.sqrt(mm3 / np.pi / height))
    yield "cylinder", Solid("cylinder", radius, height)
    yield "cylinder lying", Solid("cylinder", radius, height, X)
    yield "cylinder oblique", Solid("cylinder", radius, height, DIAGONAL)
    cone = float(2 * (mm3 * 1.5 / np.pi) ** (1 / 3))
    yield "cone lying", Solid("cone", cone / 2, cone, X)
    yield "cone oblique", Solid("cone", cone / 2, cone, DIAGONAL)


Errors = tuple[float, float, float]
"""Worst error of D metrics and mean in % of range, of V metrics in % of volume, of volume in %."""


def errors(case: Case, doses: np.ndarray, curve: Curve) -> Errors:
    """Compare a curve with the truth."""
    low, high = float(doses.min()), float(doses.max())
    d = [curve.dose_at(p) - np.quantile(doses, 1 - p / 100) for p in PERCENTS]
    d.append(curve.mean() - doses.mean())
    levels = low + np.array([0.1, 0.3, 0.5, 0.7, 0.9]) * (high - low)
    v = [curve.share_at(x) - (doses >= x).mean() for x in levels]
    volume = curve.volume[0] / case.solid.volume_cm3 - 1
    return (
        100 * float(np.abs(d).max()) / (high - low),
        100 * float(np.abs(v).max()),
        100 * float(volume),
    )


def run_case(case: Case, folder: Path, python: Path | None) -> dict[str, Errors | None]:
    """Return every program's errors on the very same files."""
    roi = roi_of(case.solid, case.spacing)
    grid = grid_of(case.field, case.solid.half_size + 10, (case.voxel,) * 3)
    structures, dose = folder / "rs.dcm", folder / "rd.dcm"
    structures.write_bytes(structure_file([roi]))
    dose.write_bytes(dose_file(grid))
    doses = case.field(case.solid.samples())
    found: dict[str, Errors | None] = {"kasari": errors(case, doses, own_curve(structures, dose))}
    if python:
        _, curves = dicompyler(python, structures, dose)
        found["dicompyler-core"] = errors(case, doses, curves[1]) if curves.get(1) else None
    if shutil.which("plastimatch"):
        curve = plastimatch(structures, dose, folder, ct_of(case, grid))
        found["plastimatch"] = errors(case, doses, curve) if curve else None
    return found


def own_curve(structures: Path, dose: Path) -> Curve:
    """Return our curve from files."""
    grid = read_dose(dose.read_bytes()).grid
    assert grid is not None
    result = compute_dvh(read_structure_set(structures.read_bytes()).rois[0], grid)
    assert result.dvh is not None
    return Curve(result.dvh.dose_gy, result.dvh.volume_cm3)


def ct_of(case: Case, grid: DoseGrid) -> Ct:
    """Return a CT of 1 mm pixels whose slices are the contours' planes."""
    planes = contour_planes(case.solid, case.spacing)
    x, y, _ = grid.origin.tolist()
    _, rows, columns = grid.stored.shape
    size = (int(columns * case.voxel), int(rows * case.voxel), planes.size + 2)
    return Ct((x, y, float(planes[0]) - case.spacing), size, (1.0, 1.0, case.spacing))


PROGRAMS = ("kasari", "dicompyler-core", "plastimatch")


def accuracy(python: Path | None) -> list[str]:
    """Return the table's lines."""
    head = " | ".join(f"{name} D, V, volume" for name in PROGRAMS)
    lines = [
        f"| Planes, voxels | Solid | Dose | {head} |",
        "|---|---|---|" + "---|" * len(PROGRAMS),
    ]
    worst: dict[tuple[float, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for case in cases():
            found = run_case(case, Path(name), python)
            cells = []
            for program in PROGRAMS:
                error = found.get(program)
                cells.append(
                    f"{error[0]:.2f}, {error[1]:.2f}, {error[2]:+.2f}" if error else "none"
                )
                if error:
                    key = (case.spacing, program)
                    worst.setdefault(key, []).append(max(error[0], error[1]))
            lines.append(
                f"| {case.spacing:g} mm | {case.name} | {case.field_name} | {' | '.join(cells)} |"
            )
    lines += [
        "",
        "| Planes, voxels | Program | median of the worst errors | largest |",
        "|---|---|---|---|",
    ]
    for (spacing, program), values in sorted(worst.items()):
        middle, top = np.median(values), max(values)
        lines.append(f"| {spacing:g} mm | {program} | {middle:.2f} % | {top:.2f} % |")
    return lines


def nelms_solids() -> Iterator[tuple[str, Solid]]:
    """Yield the shapes of Nelms et al. 2015: all 24 mm across and high."""
    yield "sphere", Solid("sphere", 12.0)
    yield "cylinder", Solid("cylinder", 12.0, 24.0)
    yield "cylinder, rotated", Solid("cylinder", 12.0, 24.0, Y)
    yield "cone", Solid("cone", 12.0, 24.0)
    yield "cone, rotated", Solid("cone", 12.0, 24.0, Y)


def nelms(python: Path | None) -> list[str]:
    """Return a table of the worst errors over the five shapes, in linear dose along y and z."""
    head = " | ".join(f"{name} D, V, volume" for name in PROGRAMS)
    lines = [
        f"| Planes | Voxels | Gradient | {head} |",
        "|---|---|---|" + "---|" * len(PROGRAMS),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for spacing, voxel in ((1.0, 1.0), (1.0, 3.0), (2.0, 2.0), (3.0, 1.0), (3.0, 3.0)):
            for field in ("linear y", "linear z"):
                found: dict[str, list[Errors]] = {name: [] for name in PROGRAMS}
                for name, solid in nelms_solids():
                    case = Case(name, solid, field, spacing, voxel)
                    for program, error in run_case(case, Path(folder), python).items():
                        found[program] += [error] if error else []
                cells = " | ".join(_worst(found[program]) for program in PROGRAMS)
                lines.append(f"| {spacing:g} mm | {voxel:g} mm | {field[-1]} | {cells} |")
    return lines


def _worst(errors_: list[Errors]) -> str:
    if not errors_:
        return "none"
    return ", ".join(f"{max(abs(error[i]) for error in errors_):.2f}" for i in range(3))


def breast_seconds(folder: Path) -> float:
    """Return process time of reading and computing the public breast course's structures."""
    start = time.process_time()
    grid = read_dose((folder / "rtdose.dcm").read_bytes()).grid
    assert grid is not None
    for roi in read_structure_set((folder / "rtss.dcm").read_bytes()).rois:
        compute_dvh(roi, grid)
    return time.process_time() - start


def speed(python: Path | None, breast: Path | None) -> list[str]:
    """Return the speed table's lines."""
    lines = ["| What | Process time |", "|---|---|"]
    if breast:
        own = min(breast_seconds(breast) for _ in range(3))
        lines.append(f"| breast course, 10 structures, reading included | {own:.2f} s |")
        if python:
            other, _ = dicompyler(python, breast / "rtss.dcm", breast / "rtdose.dcm")
            lines.append(
                f"| the same, dicompyler-core 0.5.6 | {other:.2f} s ({other / own:.0f}x) |"
            )
    for voxel in (2.5, 1.4):
        with tempfile.TemporaryDirectory() as name:
            structures, dose = write_course(Path(name), voxel)
            found = measured(Path(name))
        text = f"25 structures ({structures:.0f} MB) and dose of {voxel:g} mm ({dose:.0f} MB)"
        lines.append(
            f"| {text}: reading, DVHs, metrics, rules | {found['seconds']:.2f} s, "
            f"peak memory {found['peak_mb']:.0f} MB |"
        )
    return lines


def main() -> None:
    """Measure and print, or write the tables between the marks of a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dicompyler", type=Path)
    parser.add_argument("--breast", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    parts = {
        "speed": speed(given.dicompyler, given.breast),
        "nelms": nelms(given.dicompyler),
        "accuracy": accuracy(given.dicompyler),
    }
    if given.breast:
        parts["tps"] = against_tps(given.breast)
    if given.out is None:
        sys.stdout.write("\n".join(line for lines in parts.values() for line in (*lines, "")))
        return
    page = given.out.read_text("utf-8")
    for name, lines in parts.items():
        before, rest = page.split(f"<!-- {name} -->\n")
        _, after = rest.split(f"<!-- end {name} -->")
        table = "\n".join((f"Method `{METHOD_VERSION}`.", "", *lines))
        page = f"{before}<!-- {name} -->\n{table}\n<!-- end {name} -->{after}"
    given.out.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
