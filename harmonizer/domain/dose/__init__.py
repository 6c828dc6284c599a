"""Dose-volume data: contours and dose grid in, histograms and metrics out."""

from harmonizer.domain.dose.dvh import (
    METHOD_VERSION,
    Dvh,
    DvhResult,
    Status,
    compute_dvh,
    without_dose,
)
from harmonizer.domain.dose.grid import DoseGrid
from harmonizer.domain.dose.metrics import Metric, Prescription, Value, evaluate, parse_metric
from harmonizer.domain.dose.structures import Contour, Roi, StructureSet

__all__ = [
    "METHOD_VERSION",
    "Contour",
    "DoseGrid",
    "Dvh",
    "DvhResult",
    "Metric",
    "Prescription",
    "Roi",
    "Status",
    "StructureSet",
    "Value",
    "compute_dvh",
    "evaluate",
    "parse_metric",
    "without_dose",
]
