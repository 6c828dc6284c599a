"""Rules that compare own histograms with those that the planning system stored."""

from typing import Final

import numpy as np

from harmonizer.domain.dose.dvh import Dvh, DvhResult
from harmonizer.domain.dose.plan import StoredDvh
from harmonizer.domain.dose.structures import Roi
from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.findings import Hits, Rule, Severity
from harmonizer.domain.quality.structure_rules import bodies

WARNING, INFO = Severity.WARNING, Severity.INFO

SMALL_CM3: Final = 5.0
"""Below this a structure is a few voxels, and programs differ by how they fill them."""

MEAN: Final = (0.02, 0.1)
"""Own mean dose may differ by 2 % plus 0.1 Gy: of the stored mean; of the highest dose for small
structures and for the body, which planning systems cut where their calculation ends."""

VOLUME: Final = (0.05, 10.0)
"""Own volume may differ by 5 %, asked from 10 cm3 on."""

CURVE: Final = (0.03, 0.02, 0.1)
"""The stored curve must lie within 3 % of the volume of the own one, after moving that by up to
2 % of the highest dose plus 0.1 Gy."""

UNITS: Final = 0.02
"""How near (share) the unit of stored statistics must be to a known one."""


def differs(facts: CourseFacts) -> Hits:
    """Own DVH against the one the planning system stored: mean, volume and shape."""
    dose = facts.dose
    if dose is None:
        return
    regions = {roi.number: roi for roi in facts.rois}
    for stored in dose.dvhs:
        roi, result = regions.get(stored.roi_number), facts.dvhs.get(stored.roi_number)
        if roi and result and result.dvh is not None:
            told = [*_mean(facts, roi, result, stored), *_volume(facts, roi, result, stored)]
            if not told and not _is_rough(facts, roi, result):
                told = list(_shape(result.dvh, stored))
            yield from ((facts.label(roi), text) for text in told)


def _is_rough(facts: CourseFacts, roi: Roi, result: DvhResult) -> bool:
    return roi in bodies(facts) or (result.volume_cm3 or 0.0) < SMALL_CM3


def _mean(facts: CourseFacts, roi: Roi, result: DvhResult, stored: StoredDvh) -> list[str]:
    mean, own = stored.mean_gy, result.mean_gy
    if mean is None or own is None:
        return []
    share, floor = MEAN
    rough = _is_rough(facts, roi, result)
    whole = max(float(stored.dose_gy[-1]), mean) if rough else mean
    if abs(own - mean) <= share * whole + floor:
        return []
    of = " of its highest dose" if rough else ""
    text = f"mean dose {own:.2f} Gy; the planning system has {mean:.2f} Gy"
    return [f"{text} (tolerance {share:.0%}{of} and {floor:g} Gy)"]


def _volume(facts: CourseFacts, roi: Roi, result: DvhResult, stored: StoredDvh) -> list[str]:
    volume, own = float(stored.volume_cm3[0]), result.volume_cm3 or 0.0
    limit, least = VOLUME
    if stored.relative or roi in bodies(facts) or max(volume, own) < least:
        return []
    if abs(own - volume) <= limit * volume:
        return []
    text = f"volume {own:.1f} cm³; the planning system has {volume:.1f} cm³"
    return [f"{text} (tolerance {limit:.0%})"]


def _shape(dvh: Dvh, stored: StoredDvh) -> list[str]:
    """Compare the curves where mean and volume agree."""
    if stored.volume_cm3[0] <= 0 or stored.dose_gy.size < 2:
        return []
    slack, share, floor = CURVE
    theirs = stored.volume_cm3 / stored.volume_cm3[0]
    width = float(np.median(np.diff(stored.dose_gy)))
    move = share * float(stored.dose_gy[-1]) + floor + width
    ours = dvh.volume_cm3 / dvh.total_cm3
    low = np.interp(stored.dose_gy + move, dvh.dose_gy, ours, left=1.0, right=0.0)
    high = np.interp(stored.dose_gy - move, dvh.dose_gy, ours, left=1.0, right=0.0)
    off = np.maximum(theirs - high, low - theirs)
    worst = int(off.argmax())
    if off[worst] <= slack:
        return []
    at, own = stored.dose_gy[worst], np.interp(stored.dose_gy[worst], dvh.dose_gy, ours, 1.0, 0.0)
    text = f"{own:.1%} get {at:.2f} Gy; {theirs[worst]:.1%} by the planning system's curve"
    return [f"{text} (tolerance {slack:.0%} of the volume within {move:.2f} Gy)"]


def statistics(facts: CourseFacts) -> Hits:
    """Mean and maximum that a planning system stored belong to the histogram beside them."""
    for dose in facts.doses:
        odd = [stored for stored in dose.dvhs if not stored.same_factor]
        for stored in odd:
            names = [facts.label(roi) for roi in facts.rois if roi.number == stored.roi_number]
            text = "the stored mean or maximum does not belong to the stored histogram"
            yield names[0] if names else f"ROI {stored.roi_number}", text
        factors = {stored.factor for stored in dose.dvhs} - {1.0}
        if factors and not _known_unit(facts, min(factors)):
            text = f"stored mean doses are {1 / min(factors):.3g} times those of their histograms"
            yield "dose", text


def other_units(facts: CourseFacts) -> Hits:
    """Stored mean and maximum that are in per cent of the prescription or in cGy."""
    for dose in facts.doses:
        factors = {stored.factor for stored in dose.dvhs} - {1.0}
        if factors and (unit := _known_unit(facts, min(factors))):
            text = f"stored mean, minimum and maximum are in {unit} although the units say Gy"
            yield "dose", f"{text}; read accordingly"


def _known_unit(facts: CourseFacts, factor: float) -> str | None:
    """Return the unit in which statistics with this many Gy each are."""
    prescribed = [p.prescribed_gy for p in facts.plans if p.prescribed_gy]
    known = {"cGy": 0.01} | {f"per cent of {one:g} Gy": one / 100.0 for one in prescribed}
    near = (unit for unit, size in known.items() if abs(factor / size - 1) < UNITS)
    return next(near, None)


def missing(facts: CourseFacts) -> Hits:
    """No stored DVH to compare with."""
    if facts.dose and not any(dose.dvhs for dose in facts.doses):
        yield "dose", "the planning system stored no DVH to compare with"


def unknown_roi(facts: CourseFacts) -> Hits:
    """Stored DVHs of regions that do not exist: dose and structures of different plans."""
    dose = facts.dose
    if dose and facts.rois:
        lost = {d.roi_number for d in dose.dvhs} - {roi.number for roi in facts.rois}
        if lost:
            yield "dose", f"{len(lost)} stored DVHs are of structures that do not exist"


def repeated(facts: CourseFacts) -> Hits:
    """One stored DVH per structure."""
    dose = facts.dose
    if dose:
        numbers = [stored.roi_number for stored in dose.dvhs if stored.kind == "CUMULATIVE"]
        twice = len(numbers) - len(set(numbers))
        if twice:
            yield "dose", f"{twice} structures have more than one stored DVH"


TPS_RULES = (
    Rule("TPS-DVH-DIFFERS", WARNING, "own DVH differs from the planning system's", differs),
    Rule("TPS-DVH-STATISTICS", WARNING, "stored statistics and histogram differ", statistics),
    Rule("TPS-DVH-UNITS", INFO, "stored statistics in another unit", other_units),
    Rule("TPS-DVH-NONE", INFO, "no stored DVH", missing),
    Rule("TPS-DVH-ORPHAN", WARNING, "stored DVH of an unknown structure", unknown_roi),
    Rule("TPS-DVH-TWICE", WARNING, "two stored DVHs of one structure", repeated),
)
