"""Structure sets and dose grids as DICOM files, for other programs and for the readers' tests."""

from io import BytesIO

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from harmonizer.domain.dose import DoseGrid, Roi

STUDY, FRAME, STRUCTURES, DOSE, PLAN = "2.25.11", "2.25.12", "2.25.13", "2.25.14", "2.25.15"
RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
RT_DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
RT_PLAN = "1.2.840.10008.5.1.4.1.1.481.5"


def object_of(sop_class: str, uid: str, modality: str, explicit: bool = True) -> FileDataset:
    """Return an empty object with what every object has."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian if explicit else ImplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, uid
    ds.Modality, ds.StudyInstanceUID, ds.SeriesInstanceUID = modality, STUDY, uid + ".1"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Phantom", "P0", "", ""
    ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20260101", "000000", "1", ""
    ds.ReferringPhysicianName, ds.Manufacturer, ds.SeriesNumber = "", "phantom", 1
    ds.FrameOfReferenceUID = FRAME
    return ds


def to_bytes(ds: FileDataset) -> bytes:
    """Encode an object."""
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def structure_file(rois: list[Roi], explicit: bool = True, closed: bool = False) -> bytes:
    """Encode a structure set; `closed` repeats each first point, as some systems do."""
    ds = object_of(RT_STRUCTURE_SET, STRUCTURES, "RTSTRUCT", explicit)
    ds.StructureSetLabel, ds.StructureSetDate, ds.StructureSetTime = "S", "20260101", "000000"
    frame = Dataset()
    frame.FrameOfReferenceUID = FRAME
    ds.ReferencedFrameOfReferenceSequence = Sequence([frame])
    ds.StructureSetROISequence = Sequence([_roi_item(roi) for roi in rois])
    ds.ROIContourSequence = Sequence([_contour_item(roi, closed) for roi in rois])
    ds.RTROIObservationsSequence = Sequence([_observation(roi) for roi in rois])
    return to_bytes(ds)


def _roi_item(roi: Roi) -> Dataset:
    item = Dataset()
    item.ROINumber, item.ROIName = roi.number, roi.name
    item.ReferencedFrameOfReferenceUID, item.ROIGenerationAlgorithm = FRAME, ""
    return item


def _contour_item(roi: Roi, closed: bool) -> Dataset:
    item = Dataset()
    item.ReferencedROINumber, item.ROIDisplayColor = roi.number, [255, 0, 0]
    contours = []
    for contour in roi.contours:
        one = Dataset()
        points = np.vstack([contour.points, contour.points[:1]]) if closed else contour.points
        one.ContourGeometricType, one.NumberOfContourPoints = contour.geometric_type, len(points)
        one.ContourData = [f"{value:.4f}" for value in points.ravel()]
        contours.append(one)
    if contours:
        item.ContourSequence = Sequence(contours)
    return item


def _observation(roi: Roi) -> Dataset:
    item = Dataset()
    item.ObservationNumber, item.ReferencedROINumber = roi.number, roi.number
    item.RTROIInterpretedType, item.ROIInterpreter = roi.interpreted_type or "", ""
    return item


def dose_dataset(grid: DoseGrid, explicit: bool = True) -> FileDataset:
    """Return an RTDOSE of a grid."""
    ds = object_of(RT_DOSE, DOSE, "RTDOSE", explicit)
    frames, rows, columns = grid.stored.shape
    ds.ImagePositionPatient = [f"{v:.6f}" for v in grid.origin]
    directions = [*grid.row_direction, *grid.column_direction]
    ds.ImageOrientationPatient = [f"{v:.6f}" for v in directions]
    ds.PixelSpacing = [f"{grid.row_spacing:.6f}", f"{grid.column_spacing:.6f}"]
    ds.NumberOfFrames, ds.Rows, ds.Columns = frames, rows, columns
    ds.FrameIncrementPointer = 0x3004000C
    ds.GridFrameOffsetVector = [f"{v:.6f}" for v in grid.offsets]
    ds.SliceThickness = f"{grid.frame_spacing:.6f}"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    bits = grid.stored.dtype.itemsize * 8
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits, bits - 1, 0
    ds.DoseUnits, ds.DoseType, ds.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    ds.DoseGridScaling = f"{grid.scaling:.10e}"
    plan = Dataset()
    plan.ReferencedSOPClassUID, plan.ReferencedSOPInstanceUID = RT_PLAN, PLAN
    ds.ReferencedRTPlanSequence = Sequence([plan])
    ds.PixelData = np.ascontiguousarray(grid.stored).tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def dose_file(grid: DoseGrid, explicit: bool = True) -> bytes:
    """Encode a dose grid."""
    return to_bytes(dose_dataset(grid, explicit))
