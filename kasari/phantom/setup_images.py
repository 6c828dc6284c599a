"""Cone-beam CTs of treatment days, and the registrations that matched them to the planning CT."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from pydicom import Dataset
from pydicom.uid import CTImageStorage, SpatialRegistrationStorage

from kasari.phantom.case import Case
from kasari.phantom.elements import (
    base,
    da,
    item,
    items,
    put_frame,
    put_pixels,
    put_series,
    reference,
    write,
)
from kasari.phantom.images import add_noise, image_uid, paint, place, put_body_part
from kasari.phantom.shapes import Array

HALF_LENGTH_MM: Final = 60.0
FIELD_MM: Final = 260.0
NOISE_HU: Final = 35.0
SHIFT_SD_MM: Final = 3.0


@dataclass(frozen=True)
class ImagingDay:
    """`shift` takes a point of the planning frame to where it lay on the day, mm."""

    number: int
    day: date
    shift: tuple[float, float, float]


def write_setup_images(case: Case, rng: np.random.Generator) -> None:
    """Write cone-beam CTs of the first fractions, each with its registration."""
    for number, day in enumerate(case.days.fractions[: case.resolution.cone_beams], start=1):
        x, y, z = (round(float(v), 1) for v in rng.normal(0.0, SHIFT_SD_MM, 3))
        imaging = ImagingDay(number, day, (x, y, z))
        _write_images(case, imaging, rng)
        _write_registration(case, imaging)


def _study_uid(case: Case, number: int) -> str:
    own = case.centre.own_study_per_imaging_day
    return case.uid("imaging study", number) if own else case.study_uid


def _put_study(dataset: Dataset, case: Case, imaging: ImagingDay) -> None:
    dataset.StudyInstanceUID = _study_uid(case, imaging.number)
    if case.centre.own_study_per_imaging_day:
        dataset.StudyDate, dataset.StudyTime = da(imaging.day), "090000"
        dataset.StudyID = f"{case.index}-{imaging.number}"


def _image_uids(case: Case, imaging: ImagingDay, count: int) -> list[str]:
    return [case.uid("cone beam", imaging.number, number) for number in range(1, count + 1)]


def _heights(case: Case) -> Array:
    """z of the slices in the planning frame, around the isocentre and within the scan."""
    near = [z for z in case.heights if abs(z - case.isocentre[2]) <= HALF_LENGTH_MM]
    return np.array(near)


def _write_images(case: Case, imaging: ImagingDay, rng: np.random.Generator) -> None:
    heights = _heights(case)
    side, across = place(case.resolution.pixels // 2, FIELD_MM)
    volume = paint(case.site, across, heights)
    add_noise(volume, rng, NOISE_HU)
    dataset = base(case, "CT", CTImageStorage, None, imaging.day, "090100")
    _put_study(dataset, case, imaging)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.AcquisitionDate, dataset.AcquisitionTime = da(imaging.day), "090110"
    dataset.ContentDate, dataset.ContentTime = da(imaging.day), "090200"
    put_body_part(dataset, case)
    dataset.StationName = case.centre.machine
    uid = case.uid("cone beam series", imaging.number)
    put_series(dataset, uid, 20 + imaging.number, f"KKTT {imaging.number}")
    put_frame(dataset, case.uid("cone beam frame", imaging.number))
    dataset.KVP, dataset.PatientPosition, dataset.AcquisitionNumber = 110, "HFS", 1
    dataset.SliceThickness = case.resolution.slice_mm
    dataset.PixelSpacing = [side, side]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "HU"
    put_pixels(dataset, across.size, across.size, 16, signed=True)
    uids = _image_uids(case, imaging, heights.size)
    x, y, z = imaging.shift
    for number, (uid, height, plane) in enumerate(zip(uids, heights, volume, strict=True), 1):
        dataset.SOPInstanceUID = uid
        dataset.InstanceNumber = number
        corner = (across[0] + x, across[0] + y, height + z)
        dataset.ImagePositionPatient = [round(float(v), 4) for v in corner]
        dataset.PixelData = plane.astype("<i2", copy=False).tobytes()
        write(dataset, case.folder / f"CB{imaging.number}.{number:03d}.dcm")


def _write_registration(case: Case, imaging: ImagingDay) -> None:
    uid = case.uid("registration", imaging.number)
    dataset = base(case, "REG", SpatialRegistrationStorage, uid, imaging.day, "090500")
    _put_study(dataset, case, imaging)
    put_body_part(dataset, case)
    put_series(dataset, case.uid("registration series", imaging.number), 40, "Kohdistus")
    put_frame(dataset, case.frame_uid)
    dataset.InstanceNumber = imaging.number
    dataset.ContentDate, dataset.ContentTime = da(imaging.day), "090500"
    dataset.ContentLabel, dataset.ContentDescription = "KOHDISTUS", ""
    dataset.ContentCreatorName = "Hoitaja^Håkan"
    planned = [image_uid(case, number + 1) for number in range(len(case.heights))]
    taken = _image_uids(case, imaging, _heights(case).size)
    dataset.RegistrationSequence = items(
        _matrix(case.frame_uid, planned, (0.0, 0.0, 0.0)),
        _matrix(
            case.uid("cone beam frame", imaging.number),
            taken,
            (-imaging.shift[0], -imaging.shift[1], -imaging.shift[2]),
        ),
    )
    plan_series = _series(case.uid("ct series"), planned)
    day_series = _series(case.uid("cone beam series", imaging.number), taken)
    if case.centre.own_study_per_imaging_day:
        dataset.ReferencedSeriesSequence = items(day_series)
        other = item(StudyInstanceUID=case.study_uid, ReferencedSeriesSequence=items(plan_series))
        dataset.StudiesContainingOtherReferencedInstancesSequence = items(other)
    else:
        dataset.ReferencedSeriesSequence = items(plan_series, day_series)
    write(dataset, case.folder / f"RE.{imaging.number:02d}.dcm")


def _series(uid: str, images: list[str]) -> Dataset:
    references = (reference(CTImageStorage, image) for image in images)
    return item(SeriesInstanceUID=uid, ReferencedInstanceSequence=items(*references))


def _matrix(frame: str, images: list[str], move: tuple[float, float, float]) -> Dataset:
    """How points of `frame` come into the planning frame."""
    x, y, z = move
    values = [1, 0, 0, x, 0, 1, 0, y, 0, 0, 1, z, 0, 0, 0, 1]
    matrix = item(
        FrameOfReferenceTransformationMatrixType="RIGID",
        FrameOfReferenceTransformationMatrix=values,
    )
    kind = item(RegistrationTypeCodeSequence=items(), MatrixSequence=items(matrix))
    return item(
        FrameOfReferenceUID=frame,
        ReferencedImageSequence=items(*(reference(CTImageStorage, uid) for uid in images)),
        MatrixRegistrationSequence=items(kind),
    )
