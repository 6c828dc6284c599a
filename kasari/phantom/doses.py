"""The dose grid of a plan."""

import numpy as np
from pydicom import Dataset
from pydicom.tag import Tag
from pydicom.uid import RTDoseStorage, RTPlanStorage, RTStructureSetStorage

from kasari.phantom.anatomy import Organ
from kasari.phantom.case import Case
from kasari.phantom.contours import numbered, structure_set_uid
from kasari.phantom.elements import (
    base,
    decimals,
    item,
    items,
    put_decimals,
    put_frame,
    put_pixels,
    put_series,
    reference,
    write,
)
from kasari.phantom.metrics import Doses
from kasari.phantom.plans import plan_uid
from kasari.phantom.shapes import Array

MARGIN_MM = 6.0
BIN_GY = 0.1
SCALING = {16: 2.0e-3, 32: 1.0e-5}
"""Gy per stored step, by bits; 16 bits reach 131 Gy."""


def grid(case: Case) -> tuple[Array, Array, Array]:
    """Coordinates of voxel centres along x, y and z, mm, around the whole body."""
    step = case.resolution.dose_mm
    x, y, z = (_line(low, high, step) for low, high in case.site.body.box)
    return x, y, z


def _line(low: float, high: float, step: float) -> Array:
    count = int((high - low + 2 * MARGIN_MM) / step) + 2
    return round(low - MARGIN_MM, 1) + step * np.arange(count)


def write_dose(case: Case, doses: Doses) -> None:
    x, y, z = grid(case)
    gray = np.stack([case.field(x, y[:, None], np.array(height)) for height in z])
    dataset = base(case, "RTDOSE", RTDoseStorage, case.uid("dose"), case.days.planned, "133000")
    put_series(dataset, case.uid("dose series"), 4, "Annos")
    put_frame(dataset, case.frame_uid)
    dataset.InstanceNumber = 1
    dataset.SliceThickness = case.resolution.dose_mm
    dataset.ImagePositionPatient = [round(float(side[0]), 1) for side in (x, y, z)]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [case.resolution.dose_mm, case.resolution.dose_mm]
    dataset.NumberOfFrames = z.size
    dataset.FrameIncrementPointer = Tag("GridFrameOffsetVector")
    dataset.GridFrameOffsetVector = [case.resolution.dose_mm * i for i in range(z.size)]
    bits = case.centre.dose_bits
    put_pixels(dataset, y.size, x.size, bits, signed=False)
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.DoseComment = f"Annos {case.centre.plan_label.format(site=case.site.name)}"
    dataset.TissueHeterogeneityCorrection = "IMAGE"
    dataset.DoseGridScaling = SCALING[bits]
    dataset.ReferencedRTPlanSequence = items(reference(RTPlanStorage, plan_uid(case)))
    dataset.ReferencedStructureSetSequence = items(
        reference(RTStructureSetStorage, structure_set_uid(case))
    )
    dataset.DVHSequence = items(
        *(_histogram(number, organ, doses[organ.key]) for number, organ in numbered(case))
    )
    dataset.PixelData = np.round(gray / SCALING[bits]).astype(f"<u{bits // 8}").tobytes()
    write(dataset, case.folder / "RD.dcm")


def _histogram(number: int, organ: Organ, doses: Array) -> Dataset:
    """The DVH that the planning system would store, from the formulas."""
    edges = np.arange(0.0, float(doses[-1]) + BIN_GY, BIN_GY)
    above = 1.0 - np.searchsorted(doses, edges) / doses.size
    pairs = np.column_stack([np.full(edges.size, BIN_GY), above * organ.shape.volume_cm3])
    histogram = item(
        DVHType="CUMULATIVE",
        DoseUnits="GY",
        DoseType="PHYSICAL",
        DVHDoseScaling=1,
        DVHVolumeUnits="CM3",
        DVHNumberOfBins=edges.size,
        DVHReferencedROISequence=items(
            item(DVHROIContributionType="INCLUDED", ReferencedROINumber=number)
        ),
        DVHMinimumDose=round(float(doses[0]), 4),
        DVHMaximumDose=round(float(doses[-1]), 4),
        DVHMeanDose=round(float(doses.mean()), 4),
    )
    put_decimals(histogram, "DVHData", decimals(pairs.ravel(), 4))
    return histogram
