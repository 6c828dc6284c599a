"""A large course in files, analysed by a process of its own: seconds and peak memory.

    python -m benchmarks.dose_large [--voxel 2.5]

25 structures on the planes of a CT of 512 x 512 x 200 pixels; the body among them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.dose_files import dose_file, structure_file
from benchmarks.dose_phantoms import Solid, gaussian_field, grid_of, roi_of

HALF = np.array([230.0, 150.0, 250.0])
PLANES = 2.5


def write_course(folder: Path, voxel: float) -> tuple[float, float]:
    """Write rs.dcm and rd.dcm; return their sizes in MB."""
    grid = grid_of(gaussian_field(90.0, 60.0, (40.0, 0.0, 0.0)), HALF, (voxel,) * 3)
    rng = np.random.default_rng(25)
    rois = [roi_of(Solid("cylinder", 140.0, 480.0), PLANES, number=1)]
    for number in range(2, 26):
        radius = float(rng.uniform(8, 60))
        place = rng.uniform(-1, 1, 3) * (np.array([140.0, 140.0, 240.0]) - radius) / 1.5
        centre = (float(place[0]), float(place[1]), float(place[2]))
        rois.append(roi_of(Solid("sphere", radius, centre=centre), PLANES, number=number))
    files = {"rs.dcm": structure_file(rois), "rd.dcm": dose_file(grid)}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return len(files["rs.dcm"]) / 1e6, len(files["rd.dcm"]) / 1e6


def peak_mb() -> float:
    """Return this process's own peak memory (getrusage would count its parent's too)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("peak memory is measured on Linux only")


def analysed(folder: Path) -> dict[str, float]:
    """Analyse the files of a folder in this process: seconds after imports, peak in MB."""
    from harmonizer.adapters.dicomrt import CourseReader
    from harmonizer.data.quality import load_knowledge
    from harmonizer.domain.quality import analyse, described

    knowledge = load_knowledge()
    before = peak_mb()
    start = time.process_time()
    reader = CourseReader()
    for path in sorted(folder.glob("*.dcm")):
        reader.add(path.read_bytes())
    result = analyse(described(reader.facts(), knowledge))
    seconds = time.process_time() - start
    peak = peak_mb()
    cells = sum(structure.result.cells for structure in result.structures)
    return {"seconds": seconds, "peak_mb": peak, "imports_mb": before, "cells": cells}


def measured(folder: Path) -> dict[str, float]:
    """Analyse in a fresh process, so that nothing else counts."""
    command = [sys.executable, "-m", "benchmarks.dose_large", "--measure", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voxel", type=float, default=2.5)
    parser.add_argument("--measure", type=Path)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(analysed(given.measure)))
        return
    with tempfile.TemporaryDirectory() as name:
        structures, dose = write_course(Path(name), given.voxel)
        found = measured(Path(name))
    print(f"voxel {given.voxel:g} mm: structures {structures:.1f} MB, dose {dose:.1f} MB: {found}")


if __name__ == "__main__":
    main()
