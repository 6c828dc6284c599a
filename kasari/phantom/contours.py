"""The structure set: outlines of every organ on the planning CT's slices."""

from itertools import cycle

import numpy as np
from pydicom import Dataset
from pydicom.uid import CTImageStorage, RTStructureSetStorage

from kasari.phantom.anatomy import Organ
from kasari.phantom.case import Case
from kasari.phantom.elements import (
    base,
    da,
    decimals,
    item,
    items,
    put_decimals,
    put_frame,
    put_series,
    reference,
    write,
)
from kasari.phantom.images import image_uid

STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"
"""Detached Study Management, which structure sets name although it is retired."""

COLOURS = ((0, 255, 0), (255, 0, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 128, 0))


def structure_set_uid(case: Case) -> str:
    return case.uid("structure set")


def numbered(case: Case) -> list[tuple[int, Organ]]:
    """Every drawn structure with its ROI number."""
    drawn = [organ for organ in case.site.organs if organ.key in case.naming.written]
    return list(enumerate(drawn, start=1))


def write_structure_set(case: Case) -> None:
    day = case.days.planned
    dataset = base(case, "RTSTRUCT", RTStructureSetStorage, structure_set_uid(case), day, "101500")
    put_series(dataset, case.uid("structure series"), 2, "Rakenteet")
    put_frame(dataset, case.frame_uid)
    dataset.InstanceNumber = 1
    dataset.StructureSetLabel = f"CT_{case.days.scanned:%y%m%d}"
    dataset.StructureSetName = f"{case.person.family} {case.site.name}"
    dataset.StructureSetDate, dataset.StructureSetTime = da(day), "101500"
    dataset.ReferencedFrameOfReferenceSequence = items(_drawn_on(case))
    drawn = numbered(case)
    dataset.StructureSetROISequence = items(
        *(_region(case, number, organ) for number, organ in drawn)
    )
    colours = cycle(COLOURS)
    dataset.ROIContourSequence = items(
        *(_contours(case, number, organ, next(colours)) for number, organ in drawn)
    )
    dataset.RTROIObservationsSequence = items(
        *(_observation(case, number, organ) for number, organ in drawn)
    )
    _approve(dataset, case)
    write(dataset, case.folder / "RS.dcm")


def _drawn_on(case: Case) -> Dataset:
    images = (
        reference(CTImageStorage, image_uid(case, number + 1))
        for number in range(len(case.heights))
    )
    series = item(SeriesInstanceUID=case.uid("ct series"), ContourImageSequence=items(*images))
    study = reference(STUDY_CLASS, case.study_uid)
    study.RTReferencedSeriesSequence = items(series)
    return item(FrameOfReferenceUID=case.frame_uid, RTReferencedStudySequence=items(study))


def _region(case: Case, number: int, organ: Organ) -> Dataset:
    return item(
        ROINumber=number,
        ReferencedFrameOfReferenceUID=case.frame_uid,
        ROIName=case.naming.written[organ.key],
        ROIGenerationAlgorithm="AUTOMATIC" if organ.key == "body" else "MANUAL",
    )


def _contours(case: Case, number: int, organ: Organ, colour: tuple[int, int, int]) -> Dataset:
    found = [
        _contour(points, z, image_uid(case, at))
        for at, z in enumerate(case.heights, start=1)
        for points in organ.shape.outlines(z)
    ]
    return item(
        ROIDisplayColor=list(colour), ReferencedROINumber=number, ContourSequence=items(*found)
    )


def _contour(points: np.ndarray, z: float, image: str) -> Dataset:
    contour = item(
        ContourImageSequence=items(reference(CTImageStorage, image)),
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(points),
    )
    flat = np.column_stack([points, np.full(len(points), z)]).ravel()
    put_decimals(contour, "ContourData", decimals(flat))
    return contour


def _observation(case: Case, number: int, organ: Organ) -> Dataset:
    return item(
        ObservationNumber=number,
        ReferencedROINumber=number,
        RTROIInterpretedType=organ.interpreted_type,
        ROIInterpreter=case.centre.physician,
    )


def _approve(dataset: Dataset, case: Case) -> None:
    dataset.ApprovalStatus = "APPROVED"
    dataset.ReviewDate, dataset.ReviewTime = da(case.days.planned), "150000"
    dataset.ReviewerName = case.centre.physician
