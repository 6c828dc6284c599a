"""The DVH Sequence that a planning system stored in an RT Dose (PS3.3 C.8.8.4)."""

import numpy as np
from pydicom.dataset import Dataset

from harmonizer.adapters.dicomrt.elements import items, number, numbers, text, whole
from harmonizer.domain.dose.plan import StoredDvh


def read_stored_dvhs(dataset: Dataset) -> tuple[StoredDvh, ...]:
    """Return the stored histograms that can be read, as cumulative volume in cm3 over Gy."""
    found = [_one(item) for item in items(dataset, "DVHSequence")]
    return tuple(dvh for dvh in found if dvh is not None)


def _one(item: Dataset) -> StoredDvh | None:
    rois = items(item, "DVHReferencedROISequence")
    roi = whole(rois[0], "ReferencedROINumber") if rois else None
    data = numbers(item, "DVHData")
    kind = text(item, "DVHType")
    if roi is None or data.size < 2 or data.size % 2 or text(item, "DoseUnits") != "GY":
        return None
    if text(item, "DVHVolumeUnits") not in ("CM3", "") or kind not in (
        "CUMULATIVE",
        "DIFFERENTIAL",
    ):
        return None
    widths, volume = data[0::2], data[1::2]
    scaling = number(item, "DVHDoseScaling") or 1.0
    edges = np.concatenate([[0.0], np.cumsum(widths)]) * scaling
    if kind == "DIFFERENTIAL":
        volume = np.cumsum(volume[::-1])[::-1]
    dose = edges[:-1]
    mean, low, high, note = _statistics(item, dose, volume)
    return StoredDvh(roi, kind, dose, volume, mean, low, high, note)


def _statistics(
    item: Dataset, dose: np.ndarray, volume: np.ndarray
) -> tuple[float | None, float | None, float | None, str]:
    """Return stored mean, minimum and maximum in Gy, reconciled with the histogram.

    Some systems write them in per cent of the prescription although the units say Gy. The
    histogram decides: its own mean is exact to a bin, so a stored mean far off is not in Gy.
    """
    mean, low, high = (number(item, f"DVH{word}Dose") for word in ("Mean", "Minimum", "Maximum"))
    own = histogram_mean(dose, volume)
    if mean is None or own is None or own <= 0:
        return mean, low, high, ""
    factor = own / mean if mean else 1.0
    if 0.9 < factor < 1.1 or abs(own - mean) < 0.05:
        return mean, low, high, ""

    def scaled(value: float | None) -> float | None:
        return None if value is None else value * factor

    note = "stored statistics are not in Gy; taken in proportion to the histogram's mean"
    return own, scaled(low), scaled(high), note


def histogram_mean(dose: np.ndarray, volume: np.ndarray) -> float | None:
    """Return the mean dose of a cumulative histogram over lower bin edges."""
    if volume.size < 2 or volume[0] <= 0:
        return None
    part = volume - np.append(volume[1:], 0.0)
    middle = dose + np.append(np.diff(dose), 0.0) / 2
    return float(part @ middle / volume[0])
