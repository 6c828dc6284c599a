"""Own dose-volume data beside what a planning system stored in its RTDOSE."""

from pathlib import Path

import numpy as np

from harmonizer.adapters.dicomrt import CourseReader
from harmonizer.domain.dose.metrics import dose_at_volume
from harmonizer.domain.dose.plan import StoredDvh
from harmonizer.domain.quality import computed

SMALL_CM3 = 5.0
BIN_GY = 0.01
"""The stored histograms' bin."""


def against_tps(folder: Path) -> list[str]:
    """Return a table of every structure with a stored DVH, from the RT objects of a folder."""
    reader = CourseReader()
    for name in ("rtss.dcm", "rtplan.dcm", "rtdose.dcm"):
        path = folder / name
        if path.is_file():
            reader.add(path.read_bytes())
    facts = computed(reader.facts())
    assert facts.dose is not None
    stored = {dvh.roi_number: dvh for dvh in facts.dose.dvhs}
    lines = [
        "| Structure | Volume, TPS / own cm³ | Mean, TPS / own Gy | D95, TPS / own Gy | Agrees |",
        "|---|---|---|---|---|",
    ]
    for roi in facts.rois:
        theirs, own = stored.get(roi.number), facts.dvhs[roi.number]
        if theirs is None or own.dvh is None or own.mean_gy is None or theirs.mean_gy is None:
            continue
        d95 = (stored_d95(theirs), dose_at_volume(own.dvh, 95.0))
        verdict = _verdict((theirs.mean_gy, own.mean_gy), d95, own.dvh.total_cm3)
        lines.append(
            f"| {roi.name} | {theirs.volume_cm3[0]:.2f} / {own.dvh.total_cm3:.2f} "
            f"| {theirs.mean_gy:.3f} / {own.mean_gy:.3f} | {d95[0]:.3f} / {d95[1]:.3f} "
            f"| {verdict} |"
        )
    return lines


def stored_d95(dvh: StoredDvh) -> float:
    """Return the dose that 95 % of the stored volume gets, from a histogram of lower edges."""
    wanted = 0.95 * dvh.volume_cm3[0]
    return float(np.interp(-wanted, -dvh.volume_cm3, dvh.dose_gy))


def _verdict(mean: tuple[float, float], d95: tuple[float, float], volume: float) -> str:
    """Say whether the mean agrees within 1 % or 0.1 Gy, and D95 within 1.5 % or one bin."""
    if volume < SMALL_CM3:
        return "not asked: below 5 cm³"
    parts = []
    if abs(mean[0] - mean[1]) > max(0.01 * mean[0], 0.1):
        parts.append("mean differs")
    off = abs(d95[0] - d95[1])
    if off > 0.015 * d95[0]:
        parts.append("D95 within a stored bin" if off <= BIN_GY else "D95 differs")
    return ", ".join(parts) or "yes"
