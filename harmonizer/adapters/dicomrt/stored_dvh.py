"""The DVH Sequence that a planning system stored in an RT Dose (PS3.3 C.8.8.4)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from harmonizer.adapters.dicomrt.elements import items, number, numbers, text, whole
from harmonizer.domain.dose.plan import StoredDvh

Floats = NDArray[np.float64]

SAME_UNIT: Final = 0.1
"""A stored mean this close (share of itself) to its histogram's is in the histogram's unit."""

LARGEST: Final = 1e12
"""No number of a histogram is as large: what is larger was not meant."""

BINS_TO_TRUST: Final = 100
"""From a mean of so many bins on, the histogram tells the mean to half a per cent."""


@dataclass(frozen=True, eq=False)
class _Raw:
    """One item as stored: cumulative volume over lower edges, and statistics in an unknown unit."""

    roi: int
    kind: str
    dose: Floats
    volume: Floats
    mean: float | None
    low: float | None
    high: float | None
    relative: bool = False

    @property
    def histogram_mean(self) -> float | None:
        return histogram_mean(self.dose, self.volume)

    @property
    def factor(self) -> float | None:
        """Gy per unit of the stored mean, as the histogram tells it; None if it cannot."""
        own = self.histogram_mean
        return own / self.mean if own and self.mean and self.mean > 0 and own > 0 else None


def read_stored_dvhs(dataset: Dataset) -> tuple[StoredDvh, ...]:
    """Return the stored histograms that can be read, as cumulative volume in cm3 over Gy.

    Some systems write mean, minimum and maximum in per cent of the prescription although the units
    say Gy. The histograms decide, together: those with a high mean tell the factor best. Where the
    volumes are in per cent, `relative` says so.
    """
    found = [raw for item in items(dataset, "DVHSequence") if (raw := _raw(item)) is not None]
    common = _common_factor(found)
    return tuple(_reconciled(raw, common) for raw in found)


def _raw(item: Dataset) -> _Raw | None:
    rois = items(item, "DVHReferencedROISequence")
    roi = whole(rois[0], "ReferencedROINumber") if rois else None
    data = numbers(item, "DVHData")
    kind = text(item, "DVHType")
    if roi is None or data.size < 2 or data.size % 2 or text(item, "DoseUnits") != "GY":
        return None
    unit = text(item, "DVHVolumeUnits")
    if unit not in ("CM3", "PERCENT", "") or kind not in ("CUMULATIVE", "DIFFERENTIAL"):
        return None
    scaling = number(item, "DVHDoseScaling") or 1.0
    if not np.all(np.abs(np.append(data, scaling)) < LARGEST) or scaling < 0:
        return None
    widths, volume = data[0::2], data[1::2]
    edges = np.concatenate([[0.0], np.cumsum(widths)]) * scaling
    if kind == "DIFFERENTIAL":
        volume = np.cumsum(volume[::-1])[::-1]
    mean, low, high = (number(item, f"DVH{word}Dose") for word in ("Mean", "Minimum", "Maximum"))
    return _Raw(roi, kind, edges[:-1], volume, mean, low, high, unit == "PERCENT")


def _common_factor(found: list[_Raw]) -> float:
    """Return the factor that most histograms with a high mean agree about; 1 if they do not."""
    factors = []
    for raw in found:
        own, factor = raw.histogram_mean, raw.factor
        widths = np.diff(raw.dose)
        if own and factor and widths.size and own > BINS_TO_TRUST * float(np.median(widths)):
            factors.append(factor)
    middle = float(np.median(factors)) if factors else 1.0
    agree = [factor for factor in factors if abs(factor / middle - 1) < SAME_UNIT]
    if 2 * len(agree) <= len(factors) or abs(middle - 1) < SAME_UNIT:
        return 1.0
    return float(np.median(agree))


def _reconciled(raw: _Raw, factor: float) -> StoredDvh:
    """Give an item's statistics in Gy, and say whether its own histogram agrees."""
    mean, low, high = (
        None if value is None else value * factor for value in (raw.mean, raw.low, raw.high)
    )
    own = raw.histogram_mean
    widths = np.diff(raw.dose)
    slack = max(0.05, float(np.median(widths)) if widths.size else 0.0) + 0.02 * (own or 0.0)
    same = own is None or mean is None or mean == 0 or abs(own - mean) <= slack
    if high and raw.volume.size and raw.volume[0] > 0:
        top = float(raw.dose[np.flatnonzero(raw.volume > 1e-9 * raw.volume[0])[-1]])
        same = same and abs(top - high) <= 2 * slack + 0.03 * top
    return StoredDvh(
        raw.roi, raw.kind, raw.dose, raw.volume, mean, low, high, factor, raw.relative, same
    )


def histogram_mean(dose: Floats, volume: Floats) -> float | None:
    """Return the mean dose of a cumulative histogram over lower bin edges."""
    if volume.size < 2 or volume[0] <= 0:
        return None
    part = volume - np.append(volume[1:], 0.0)
    middle = dose + np.append(np.diff(dose), 0.0) / 2
    return float(part @ middle / volume[0])
