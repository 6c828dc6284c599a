"""RT Dose (PS3.3 A.18) to a dose grid in patient coordinates."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from harmonizer.adapters.dicomrt.elements import (
    UNDRAWABLE,
    items,
    number,
    numbers,
    read_dataset,
    text,
    whole,
)
from harmonizer.adapters.dicomrt.stored_dvh import read_stored_dvhs
from harmonizer.domain.dose.grid import DoseGrid
from harmonizer.domain.dose.plan import RtDose
from harmonizer.errors import DataError

LARGEST_SCALING: Final = 1e6
"""Gy per stored unit: more would overflow, and nothing gives so much."""

LARGEST_VOXELS: Final = 1_000_000_000
"""A grid beyond this is refused: it does not fit in memory beside anything else."""


def read_dose(data: bytes) -> RtDose:
    """Read an RTDOSE.

    What makes the grid unusable (relative units, no pixels, bad geometry) is in `problems` and
    `grid` is None; the rest is read all the same.

    Raises
    ------
    DataError
        If the bytes are no RTDOSE.
    """
    dataset = read_dataset(data, "RTDOSE")
    problems: list[tuple[str, str]] = []
    grid = None
    try:
        grid = _grid(dataset, problems)
    except DataError as error:
        problems.append((error.code, str(error)))
    plans = items(dataset, "ReferencedRTPlanSequence")
    return RtDose(
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        grid=grid,
        units=text(dataset, "DoseUnits"),
        dose_type=text(dataset, "DoseType"),
        summation_type=text(dataset, "DoseSummationType"),
        frame_of_reference_uid=text(dataset, "FrameOfReferenceUID") or None,
        plan_uids=_uids(plans),
        structure_set_uids=_uids(items(dataset, "ReferencedStructureSetSequence")),
        beam_numbers=_beam_numbers(plans),
        dvhs=read_stored_dvhs(dataset),
        scaling=number(dataset, "DoseGridScaling"),
        problems=tuple(problems),
        date=text(dataset, "InstanceCreationDate") or text(dataset, "ContentDate"),
    )


def _uids(references: list[Dataset]) -> tuple[str, ...]:
    found = [text(item, "ReferencedSOPInstanceUID") for item in references]
    return tuple(dict.fromkeys(uid for uid in found if uid))


def _beam_numbers(plans: list[Dataset]) -> tuple[int, ...]:
    found = [
        whole(beam, "ReferencedBeamNumber")
        for plan in plans
        for group in items(plan, "ReferencedFractionGroupSequence")
        for beam in items(group, "ReferencedBeamSequence")
    ]
    return tuple(beam for beam in found if beam is not None)


def _grid(dataset: Dataset, problems: list[tuple[str, str]]) -> DoseGrid:
    """Build the grid, or raise with the finding's code."""
    units = text(dataset, "DoseUnits")
    if units != "GY":
        shown = units if units == "RELATIVE" else "not given"
        raise DataError("DOSE-UNITS", f"dose units are {shown}, not GY: no dose values computed")
    scaling = number(dataset, "DoseGridScaling")
    if scaling is None or not 0 < scaling < LARGEST_SCALING:
        text_ = "Dose Grid Scaling is missing, not positive or beyond any dose"
        raise DataError("DOSE-SCALING", text_)
    rows, columns = whole(dataset, "Rows"), whole(dataset, "Columns")
    position = numbers(dataset, "ImagePositionPatient")
    orientation = numbers(dataset, "ImageOrientationPatient")
    spacing = numbers(dataset, "PixelSpacing")
    if not rows or not columns or position.size != 3 or orientation.size != 6 or spacing.size != 2:
        raise DataError("DOSE-GEOMETRY", "the dose grid's place, direction or size is missing")
    if np.any(spacing <= 0):
        raise DataError("DOSE-GEOMETRY", "the dose grid's pixel spacing is not positive")
    row, column = _directions(orientation)
    frames = whole(dataset, "NumberOfFrames") or 1
    offsets = _offsets(dataset, frames, position, np.cross(row, column), problems)
    stored = _stored(dataset, (frames, rows, columns))
    try:
        return DoseGrid(
            stored,
            scaling,
            position,
            row,
            column,
            float(spacing[0]),
            float(spacing[1]),
            offsets,
            text(dataset, "FrameOfReferenceUID") or None,
        )
    except ValueError as error:
        raise DataError("DOSE-GEOMETRY", "the dose grid's frames are not in one order") from error


def _directions(orientation: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    row, column = orientation[:3], orientation[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if min(lengths) < 0.5 or abs(float(row @ column)) > 1e-3 * lengths[0] * lengths[1]:
        raise DataError("DOSE-GEOMETRY", "the dose grid's directions are not at right angles")
    return row / lengths[0], column / lengths[1]


def _offsets(
    dataset: Dataset,
    frames: int,
    position: NDArray[np.float64],
    normal: NDArray[np.float64],
    problems: list[tuple[str, str]],
) -> NDArray[np.float64]:
    """Return the frames' offsets along the normal (PS3.3 C.8.8.3.2).

    Relative offsets begin with 0. Absolute ones are z coordinates and begin with the position's
    z; they exist only for axial grids.
    """
    vector = numbers(dataset, "GridFrameOffsetVector")
    if frames == 1:
        return np.zeros(1)
    if vector.size != frames:
        text_ = f"{vector.size} frame offsets for {frames} frames"
        raise DataError("DOSE-OFFSETS", f"Grid Frame Offset Vector: {text_}")
    axial = abs(abs(float(normal[2])) - 1.0) < 1e-3
    if vector[0] == 0.0:
        return vector
    if axial and abs(vector[0] - position[2]) < 0.01:
        return np.asarray((vector - vector[0]) * np.sign(normal[2]))
    note = "frame offsets neither begin with 0 nor with the grid's z; read as relative"
    problems.append(("DOSE-OFFSETS", note))
    return vector


def _stored(dataset: Dataset, shape: tuple[int, int, int]) -> NDArray[Any]:
    """Return stored values, in the shape (frames, rows, columns), without a copy if possible."""
    if int(np.prod(shape)) > LARGEST_VOXELS:
        raise DataError("DOSE-TOO-LARGE", "the dose grid has more than a billion voxels")
    bits = whole(dataset, "BitsAllocated")
    if "PixelData" not in dataset or bits not in (8, 16, 32):
        raise DataError("DOSE-NO-PIXELS", "the dose has no voxel values that can be read")
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is not None and syntax.is_compressed and not syntax.is_deflated:
        return _decompressed(dataset, shape)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    letter = "i" if whole(dataset, "PixelRepresentation") == 1 else "u"
    raw = dataset.get_item("PixelData").value or b""
    size = int(np.prod(shape))
    if not raw:
        raise DataError("DOSE-NO-PIXELS", "the dose's pixel data are empty")
    if len(raw) < size * bits // 8:
        raise DataError("DOSE-CUT", "the dose has fewer voxel values than its size says")
    kind = np.dtype(f"{order}{letter}{bits // 8}")
    return np.frombuffer(raw, kind, size).reshape(shape)


def _decompressed(dataset: Dataset, shape: tuple[int, int, int]) -> NDArray[Any]:
    try:
        return np.asarray(dataset.pixel_array).reshape(shape)
    except UNDRAWABLE as error:
        raise DataError("DOSE-NO-PIXELS", "the compressed dose cannot be read") from error
