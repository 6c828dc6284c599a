"""DVH metrics in the language of AAPM TG-263 (section 9): parse a name, evaluate it.

    Volume[cc]  Mean[Gy]  Min[Gy]  Max[Gy]  Median[Gy]
    D95%[Gy]  D0.03cc[Gy]  D95%[%]        least dose to the hottest part (ICRU 83)
    DC700cc[Gy]  DC10%[Gy]                most dose to the coolest part (complement)
    V20Gy[%]  V20Gy[cc]  V95%[%]          volume that gets at least a dose
    CV20Gy[cc]                            volume that gets less
    gEUD8[Gy]                             generalised equivalent uniform dose, a = 8
    HI                                    (D2% - D98%) / D50% (ICRU 83)
    Integral[Gy.L]                        mean dose x volume

Doses in per cent (`D95%[%]`, `V95%[...]`) are of the prescription. A unit `EQD2_3` gives a dose as
the equivalent in 2 Gy fractions with alpha/beta 3 Gy, voxel by voxel for means.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.biology import equivalent_dose_2gy, generalised_eud
from harmonizer.domain.dose.dvh import Dvh, DvhResult, Status

Floats = NDArray[np.float64]


class Quantity(StrEnum):
    """What a metric asks for."""

    VOLUME = "Volume"
    MEAN = "Mean"
    MINIMUM = "Min"
    MAXIMUM = "Max"
    MEDIAN = "Median"
    DOSE_AT_VOLUME = "D"
    DOSE_AT_COOLEST = "DC"
    VOLUME_AT_DOSE = "V"
    VOLUME_BELOW_DOSE = "CV"
    GEUD = "gEUD"
    HOMOGENEITY = "HI"
    INTEGRAL = "Integral"


VOLUMES = {Quantity.VOLUME, Quantity.VOLUME_AT_DOSE, Quantity.VOLUME_BELOW_DOSE}
NAMED = {
    "volume": Quantity.VOLUME,
    "mean": Quantity.MEAN,
    "dmean": Quantity.MEAN,
    "min": Quantity.MINIMUM,
    "dmin": Quantity.MINIMUM,
    "max": Quantity.MAXIMUM,
    "dmax": Quantity.MAXIMUM,
    "median": Quantity.MEDIAN,
    "hi": Quantity.HOMOGENEITY,
    "integral": Quantity.INTEGRAL,
}


@dataclass(frozen=True)
class Metric:
    """One parsed metric. `at` is a volume (cc or %), a dose (Gy or %) or the gEUD's a."""

    text: str
    quantity: Quantity
    unit: str  # "Gy", "%", "cc", "Gy.L" or ""
    at: float = 0.0
    at_unit: str = ""
    alpha_beta: float | None = None  # Gy; set if the dose is asked as EQD2


@dataclass(frozen=True)
class Value:
    """A metric's value, or why there is none. `uncertainty` is one sigma, in `unit`."""

    value: float | None
    unit: str
    note: str = ""
    uncertainty: float | None = None


@dataclass(frozen=True)
class Prescription:
    """What percentages and fractionation refer to."""

    dose_gy: float | None = None
    fractions: int | None = None


NONE = Prescription()
NUMBER = r"(?P<at>\d+(?:\.\d+)?|\.\d+)"
PATTERN = re.compile(rf"(?P<word>DC|CD|D|CV|V){NUMBER}\s*(?P<at_unit>%|cc|cm3|cm³|Gy|cGy)")
EUD = re.compile(r"g?EUD_?(?:a=?)?(?P<at>-?\d+(?:\.\d+)?)", re.IGNORECASE)
UNIT = re.compile(r"^(?P<head>[^\[\]]+?)\s*(?:\[(?P<unit>[^\[\]]+)\])?$")
EQUIVALENT = re.compile(r"(?:Gy_)?EQD2_?(?P<ab>\d+(?:\.\d+)?)", re.IGNORECASE)
UNITS = {"cc": "cc", "cm3": "cc", "cm³": "cc", "ml": "cc", "gy": "Gy", "%": "%", "gy.l": "Gy.L"}


def parse_metric(text: str) -> Metric:
    """Read a metric's name.

    Raises
    ------
    ValueError
        With the name and what is accepted.
    """
    match = UNIT.match(text.strip())
    if match is None:
        raise _unreadable(text)
    head, unit = match["head"], match["unit"]
    alpha_beta = None
    if unit and (equivalent := EQUIVALENT.fullmatch(unit.strip())):
        alpha_beta, unit = float(equivalent["ab"]), "Gy"
    if unit is not None and unit.lower() not in UNITS:
        raise _unreadable(text)
    quantity, at, at_unit = _head(head.strip(), text)
    chosen = UNITS[unit.lower()] if unit else _default_unit(quantity)
    metric = Metric(text.strip(), quantity, chosen, at, at_unit, alpha_beta)
    if not _sensible(metric):
        raise _unreadable(text)
    return metric


def _unreadable(text: str) -> ValueError:
    examples = "Volume[cc], Mean[Gy], D95%[Gy], D0.03cc[Gy], V20Gy[%], DC700cc[Gy], gEUD8[Gy]"
    return ValueError(f"not a DVH metric: {text!r}. Accepted are names like {examples}")


def _head(head: str, text: str) -> tuple[Quantity, float, str]:
    if (named := NAMED.get(head.lower())) is not None:
        return named, 0.0, ""
    if match := EUD.fullmatch(head):
        return Quantity.GEUD, float(match["at"]), ""
    match = PATTERN.fullmatch(head)
    if match is None:
        raise _unreadable(text)
    word = "DC" if match["word"] == "CD" else match["word"]
    at, unit = float(match["at"]), match["at_unit"]
    if unit == "cGy":
        return Quantity(word), at / 100.0, "Gy"
    return Quantity(word), at, UNITS[unit.lower()]


def _default_unit(quantity: Quantity) -> str:
    if quantity is Quantity.VOLUME:
        return "cc"
    if quantity in VOLUMES:
        return "%"
    return {Quantity.HOMOGENEITY: "", Quantity.INTEGRAL: "Gy.L"}.get(quantity, "Gy")


def _sensible(metric: Metric) -> bool:
    if metric.quantity in VOLUMES:
        fits = metric.at_unit in {"", "Gy", "%"} and metric.unit in {"cc", "%"}
        return fits and metric.alpha_beta is None
    if metric.quantity in {Quantity.DOSE_AT_VOLUME, Quantity.DOSE_AT_COOLEST}:
        whole = metric.at_unit == "%" and metric.at > 100
        return metric.at_unit in {"cc", "%"} and metric.unit in {"Gy", "%"} and not whole
    if metric.quantity is Quantity.GEUD and metric.at == 0:
        return False
    return metric.quantity in {Quantity.HOMOGENEITY, Quantity.INTEGRAL} or metric.unit in {
        "Gy",
        "%",
    }


def evaluate(result: DvhResult, metric: Metric, prescription: Prescription = NONE) -> Value:
    """Return the metric's value for a structure, or a note why there is none."""
    note = "; ".join(result.notes)
    if metric.quantity is Quantity.VOLUME and metric.unit == "cc":
        if result.volume_cm3 is None:
            return Value(None, "cc", note or result.status.value)
        return Value(result.volume_cm3, "cc", note, result.volume_uncertainty_cm3)
    if not result.status.has_dose:
        return Value(None, metric.unit, note or result.status.value)
    if result.dvh is None:
        return _of_point(result, metric, prescription)
    value = _of_curve(result, result.dvh, metric, prescription)
    if value.note or not note:
        return value
    return Value(value.value, value.unit, note, value.uncertainty)


def _of_point(result: DvhResult, metric: Metric, prescription: Prescription) -> Value:
    """Only the dose itself means something at a point."""
    doses = {
        Quantity.MEAN: result.mean_gy,
        Quantity.MINIMUM: result.minimum_gy,
        Quantity.MAXIMUM: result.maximum_gy,
        Quantity.MEDIAN: result.mean_gy,
    }
    dose = doses.get(metric.quantity)
    if dose is None:
        return Value(None, metric.unit, "a point has no volume")
    return _dose_value(dose, None, metric, prescription)


def _of_curve(result: DvhResult, dvh: Dvh, metric: Metric, prescription: Prescription) -> Value:
    match metric.quantity:
        case Quantity.VOLUME:
            return Value(100.0, "%")
        case Quantity.VOLUME_AT_DOSE | Quantity.VOLUME_BELOW_DOSE:
            return _volume_metric(dvh, metric, prescription)
        case Quantity.DOSE_AT_VOLUME | Quantity.DOSE_AT_COOLEST:
            return _dose_metric(dvh, metric, prescription)
        case Quantity.HOMOGENEITY:
            median = dose_at_volume(dvh, 50.0)
            if median <= 0:
                return Value(None, "", "the median dose is zero")
            near = dose_at_volume(dvh, 2.0) - dose_at_volume(dvh, 98.0)
            return Value(near / median, "")
        case Quantity.INTEGRAL:
            mean = result.mean_gy or 0.0
            return Value(mean * dvh.total_cm3 / 1000.0, "Gy.L")
        case _:
            return _whole_metric(result, dvh, metric, prescription)


def _whole_metric(result: DvhResult, dvh: Dvh, metric: Metric, prescription: Prescription) -> Value:
    """Mean, extremes, median and gEUD."""
    if metric.quantity in {Quantity.MEAN, Quantity.GEUD}:
        dose, volume = differential(dvh)
        if metric.alpha_beta is not None:
            if prescription.fractions is None:
                return Value(None, "Gy", "EQD2 needs the number of fractions")
            dose = equivalent_dose_2gy(dose, prescription.fractions, metric.alpha_beta)
        elif metric.quantity is Quantity.MEAN and result.mean_gy is not None:
            found, sigma = result.mean_gy, result.mean_uncertainty_gy
            return _dose_value(found, sigma, metric, prescription)
        exponent = metric.at if metric.quantity is Quantity.GEUD else 1.0
        plain = Metric(metric.text, metric.quantity, metric.unit)
        found = generalised_eud(dose, volume, exponent)
        return _dose_value(found, None, plain, prescription)
    if metric.quantity is Quantity.MEDIAN:
        dose_gy = dose_at_volume(dvh, 50.0)
    elif metric.quantity is Quantity.MINIMUM:
        dose_gy = float(dvh.dose_gy[0])
    else:
        dose_gy = float(dvh.dose_gy[-1])
    return _dose_value(dose_gy, _sigma(dvh, dose_gy), metric, prescription)


def _dose_metric(dvh: Dvh, metric: Metric, prescription: Prescription) -> Value:
    percent = metric.at if metric.at_unit == "%" else 100.0 * metric.at / dvh.total_cm3
    if percent > 100:
        note = f"the structure has only {dvh.total_cm3:.4g} cm³"
        return Value(None, metric.unit, note)
    if metric.quantity is Quantity.DOSE_AT_COOLEST:
        percent = 100.0 - percent
    dose_gy = float(dvh.dose_gy[-1]) if percent <= 0 else dose_at_volume(dvh, percent)
    return _dose_value(dose_gy, _sigma(dvh, dose_gy), metric, prescription)


def _volume_metric(dvh: Dvh, metric: Metric, prescription: Prescription) -> Value:
    dose_gy = metric.at
    if metric.at_unit == "%":
        if not prescription.dose_gy:
            return Value(None, metric.unit, "needs the prescribed dose")
        dose_gy = metric.at / 100.0 * prescription.dose_gy
    above = volume_at_dose(dvh, dose_gy)
    sigma = _sigma(dvh, dose_gy)
    swing = volume_at_dose(dvh, dose_gy - sigma) - volume_at_dose(dvh, dose_gy + sigma)
    cc = above if metric.quantity is Quantity.VOLUME_AT_DOSE else dvh.total_cm3 - above
    factor = 1.0 if metric.unit == "cc" else 100.0 / dvh.total_cm3
    return Value(cc * factor, metric.unit, "", swing / 2 * factor)


def _dose_value(
    dose_gy: float, sigma: float | None, metric: Metric, prescription: Prescription
) -> Value:
    """Give a dose in the unit asked for."""
    if metric.alpha_beta is not None:
        if prescription.fractions is None:
            return Value(None, "Gy", "EQD2 needs the number of fractions")
        one = np.array([dose_gy])
        found = equivalent_dose_2gy(one, prescription.fractions, metric.alpha_beta)
        return Value(float(found[0]), "Gy", f"EQD2, alpha/beta {metric.alpha_beta:g} Gy")
    if metric.unit == "%":
        if not prescription.dose_gy:
            return Value(None, "%", "needs the prescribed dose")
        factor = 100.0 / prescription.dose_gy
        return Value(dose_gy * factor, "%", "", None if sigma is None else sigma * factor)
    return Value(dose_gy, "Gy", "", sigma)


def _sigma(dvh: Dvh, dose_gy: float) -> float:
    """One sigma of an even distribution over one dose voxel, at that dose."""
    return float(np.interp(dose_gy, dvh.dose_gy, dvh.spread_gy)) / 12**0.5


def dose_at_volume(dvh: Dvh, volume_percent: float) -> float:
    """Return D_V, the least dose to the hottest `volume_percent` of a structure (ICRU 83).

    Raises
    ------
    ValueError
        If `volume_percent` lies outside (0, 100].
    """
    if not 0 < volume_percent <= 100:
        raise ValueError(f"volume_percent must be in (0, 100], got {volume_percent}")
    wanted = volume_percent / 100.0 * dvh.total_cm3
    dose, volume = dvh.dose_gy, dvh.volume_cm3
    last = int(np.flatnonzero(volume >= wanted * (1 - 1e-12))[-1])  # the far end of a plateau
    if last == dose.size - 1:
        return float(dose[last])
    share = (volume[last] - wanted) / (volume[last] - volume[last + 1])
    return float(dose[last] + max(share, 0.0) * (dose[last + 1] - dose[last]))


def volume_at_dose(dvh: Dvh, dose_gy: float) -> float:
    """Return the volume in cm3 that gets at least `dose_gy`."""
    if dose_gy <= dvh.dose_gy[0]:
        return dvh.total_cm3
    if dose_gy > dvh.dose_gy[-1]:
        return 0.0
    return float(np.interp(dose_gy, dvh.dose_gy, dvh.volume_cm3))


def differential(dvh: Dvh) -> tuple[Floats, Floats]:
    """Return the middles of the dose bins and the volume in each, cm3."""
    dose = (dvh.dose_gy[1:] + dvh.dose_gy[:-1]) / 2
    volume = -np.diff(dvh.volume_cm3)
    if volume.sum() <= 0:  # one dose everywhere
        return dvh.dose_gy[:1], dvh.volume_cm3[:1]
    return dose, volume


__all__ = [
    "Metric",
    "Prescription",
    "Quantity",
    "Status",
    "Value",
    "differential",
    "dose_at_volume",
    "evaluate",
    "parse_metric",
    "volume_at_dose",
]
