"""One course of 200 CT slices (100 MB) with structures, plan and dose, for timing the chain."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    RTDoseStorage,
    RTPlanStorage,
    RTStructureSetStorage,
    generate_uid,
)

SLICES = 200
SIDE = 512
SPACING_MM = 0.9765625
THICKNESS_MM = 2.0
CENTRE_MM = SIDE * SPACING_MM / 2.0
RADII_MM = {"BODY": 180.0, "Heart": 45.0, "Lung_L": 60.0, "PTV": 30.0}


class CourseWriter:
    """Writes one patient's course. `seed` decides every UID and pixel."""

    def __init__(self, patient_id: str, seed: int) -> None:
        self._patient_id = patient_id
        self._seed = seed
        self._study = self._uid("study")
        self._frame = self._uid("frame")

    def write(self, folder: Path) -> list[Path]:
        """Write every object to `folder`; the paths, images first."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, dataset in self._objects():
            path = folder / f"{name}.dcm"
            dataset.save_as(path, enforce_file_format=True)
            paths.append(path)
        return paths

    def _objects(self) -> Iterator[tuple[str, Dataset]]:
        noise = np.random.default_rng(self._seed).integers(900, 1100, (SIDE, SIDE), np.uint16)
        for index in range(SLICES):
            yield f"ct{index:03d}", self._slice(index, np.roll(noise, index))
        yield "structures", self._structures()
        yield "plan", self._plan()
        yield "dose", self._dose()

    def _uid(self, *parts: object) -> str:
        return str(generate_uid(prefix="2.25.", entropy_srcs=[repr((self._seed, *parts))]))

    def _base(self, sop_class: str, modality: str, name: str) -> Dataset:
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = sop_class
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = self._uid(name)
        ds.SpecificCharacterSet = "ISO_IR 100"
        ds.StudyInstanceUID, ds.SeriesInstanceUID = self._study, self._uid("series", modality)
        ds.FrameOfReferenceUID, ds.Modality = self._frame, modality
        ds.PatientName, ds.PatientID = "Mittari^Maija", self._patient_id
        ds.PatientBirthDate, ds.PatientSex = "19600105", "F"
        ds.StudyDate = ds.SeriesDate = ds.ContentDate = "20240304"
        ds.StudyTime = ds.SeriesTime = ds.ContentTime = "101500"
        ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "1", 1, 1
        ds.Manufacturer, ds.AccessionNumber, ds.ReferringPhysicianName = "Bench", "", ""
        ds.PositionReferenceIndicator = ""
        return ds

    def _slice(self, index: int, pixels: np.ndarray) -> Dataset:
        ds = self._base(CTImageStorage, "CT", f"ct{index}")
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.InstanceNumber, ds.AcquisitionNumber, ds.KVP = index + 1, 1, "120"
        ds.PatientPosition, ds.SliceThickness = "HFS", THICKNESS_MM
        ds.ImagePositionPatient = [-CENTRE_MM, -CENTRE_MM, index * THICKNESS_MM]
        ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        ds.PixelSpacing = [SPACING_MM, SPACING_MM]
        ds.RescaleIntercept, ds.RescaleSlope = "-1024", "1"
        _pixels(ds, pixels, bits=16)
        return ds

    def _structures(self) -> Dataset:
        ds = self._base(RTStructureSetStorage, "RTSTRUCT", "structures")
        ds.StructureSetLabel, ds.StructureSetDate, ds.StructureSetTime = "Plan", "20240304", "1015"
        images = [
            _item(
                ReferencedSOPClassUID=CTImageStorage,
                ReferencedSOPInstanceUID=self._uid(f"ct{index}"),
            )
            for index in range(SLICES)
        ]
        series = _item(SeriesInstanceUID=self._uid("series", "CT"), ContourImageSequence=images)
        study = _item(
            ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
            ReferencedSOPInstanceUID=self._study,
            RTReferencedSeriesSequence=[series],
        )
        ds.ReferencedFrameOfReferenceSequence = [
            _item(FrameOfReferenceUID=self._frame, RTReferencedStudySequence=[study])
        ]
        ds.StructureSetROISequence = [
            self._region(number, name) for number, name in enumerate(RADII_MM, 1)
        ]
        ds.ROIContourSequence = [
            self._contours(number, radius) for number, radius in enumerate(RADII_MM.values(), 1)
        ]
        ds.RTROIObservationsSequence = [
            _item(
                ObservationNumber=number,
                ReferencedROINumber=number,
                RTROIInterpretedType=_interpreted(name),
                ROIInterpreter="",
            )
            for number, name in enumerate(RADII_MM, 1)
        ]
        ds.ApprovalStatus = "UNAPPROVED"
        return ds

    def _region(self, number: int, name: str) -> Dataset:
        return _item(
            ROINumber=number,
            ROIName=name,
            ReferencedFrameOfReferenceUID=self._frame,
            ROIGenerationAlgorithm="MANUAL",
        )

    def _contours(self, number: int, radius_mm: float) -> Dataset:
        angle = np.linspace(0.0, 2.0 * np.pi, 120, endpoint=False)
        middle = SLICES // 2
        reach = int(min(radius_mm, middle * THICKNESS_MM - THICKNESS_MM) / THICKNESS_MM)
        contours = []
        for index in range(middle - reach, middle + reach):
            points = np.column_stack(
                [
                    radius_mm * np.cos(angle),
                    radius_mm * np.sin(angle),
                    np.full(angle.size, index * THICKNESS_MM),
                ]
            )
            image = _item(
                ReferencedSOPClassUID=CTImageStorage,
                ReferencedSOPInstanceUID=self._uid(f"ct{index}"),
            )
            contours.append(
                _item(
                    ContourImageSequence=[image],
                    ContourGeometricType="CLOSED_PLANAR",
                    NumberOfContourPoints=len(points),
                    ContourData=[f"{value:.2f}" for value in points.ravel()],
                )
            )
        return _item(ReferencedROINumber=number, ContourSequence=contours)

    def _plan(self) -> Dataset:
        ds = self._base(RTPlanStorage, "RTPLAN", "plan")
        ds.RTPlanLabel, ds.RTPlanDate, ds.RTPlanTime = "Breast", "20240304", "1015"
        ds.RTPlanGeometry, ds.PlanIntent, ds.ApprovalStatus = "PATIENT", "CURATIVE", "APPROVED"
        ds.ReferencedStructureSetSequence = [
            _item(
                ReferencedSOPClassUID=RTStructureSetStorage,
                ReferencedSOPInstanceUID=self._uid("structures"),
            )
        ]
        ds.PatientSetupSequence = [_item(PatientSetupNumber=1, PatientPosition="HFS")]
        beam = _item(ReferencedBeamNumber=1, BeamDose="2.67", BeamMeterset="120")
        ds.FractionGroupSequence = [
            _item(
                FractionGroupNumber=1,
                NumberOfFractionsPlanned=15,
                NumberOfBeams=1,
                NumberOfBrachyApplicationSetups=0,
                ReferencedBeamSequence=[beam],
            )
        ]
        ds.DoseReferenceSequence = [
            _item(
                DoseReferenceNumber=1,
                DoseReferenceStructureType="SITE",
                DoseReferenceType="TARGET",
                TargetPrescriptionDose="40.05",
            )
        ]
        ds.BeamSequence = [self._beam()]
        return ds

    def _control_point(self) -> Dataset:
        return _item(
            ControlPointIndex=0,
            NominalBeamEnergy="6",
            GantryAngle="0",
            GantryRotationDirection="NONE",
            BeamLimitingDeviceAngle="0",
            BeamLimitingDeviceRotationDirection="NONE",
            PatientSupportAngle="0",
            PatientSupportRotationDirection="NONE",
            TableTopEccentricAngle="0",
            TableTopEccentricRotationDirection="NONE",
            IsocenterPosition=[0, 0, SLICES * THICKNESS_MM / 2],
            CumulativeMetersetWeight="0",
            BeamLimitingDevicePositionSequence=[
                _item(RTBeamLimitingDeviceType="X", LeafJawPositions=[-50, 50]),
                _item(RTBeamLimitingDeviceType="Y", LeafJawPositions=[-50, 50]),
            ],
        )

    def _beam(self) -> Dataset:
        return _item(
            TreatmentMachineName="Bench1",
            PrimaryDosimeterUnit="MU",
            SourceAxisDistance="1000",
            BeamLimitingDeviceSequence=[
                _item(RTBeamLimitingDeviceType="X", NumberOfLeafJawPairs=1),
                _item(RTBeamLimitingDeviceType="Y", NumberOfLeafJawPairs=1),
            ],
            BeamNumber=1,
            BeamName="AP",
            BeamType="STATIC",
            RadiationType="PHOTON",
            TreatmentDeliveryType="TREATMENT",
            NumberOfWedges=0,
            NumberOfCompensators=0,
            NumberOfBoli=0,
            NumberOfBlocks=0,
            FinalCumulativeMetersetWeight="1",
            NumberOfControlPoints=2,
            ReferencedPatientSetupNumber=1,
            ControlPointSequence=[
                self._control_point(),
                _item(ControlPointIndex=1, CumulativeMetersetWeight="1"),
            ],
        )

    def _dose(self) -> Dataset:
        ds = self._base(RTDoseStorage, "RTDOSE", "dose")
        spacing, side = 4.0, 100
        frames = int(SLICES * THICKNESS_MM / spacing)
        ds.SliceThickness = spacing
        corner = -spacing * (side - 1) / 2.0
        ds.ImagePositionPatient, ds.ImageOrientationPatient = (
            [corner, corner, 0],
            [1, 0, 0, 0, 1, 0],
        )
        ds.PixelSpacing = [spacing, spacing]
        ds.GridFrameOffsetVector = [frame * spacing for frame in range(frames)]
        ds.FrameIncrementPointer = (0x3004, 0x000C)
        ds.DoseUnits, ds.DoseType, ds.DoseSummationType = "GY", "PHYSICAL", "PLAN"
        ds.DoseGridScaling = "1e-6"
        ds.ReferencedRTPlanSequence = [
            _item(ReferencedSOPClassUID=RTPlanStorage, ReferencedSOPInstanceUID=self._uid("plan"))
        ]
        z, y, x = np.meshgrid(
            np.arange(frames) * spacing - SLICES * THICKNESS_MM / 2,
            np.arange(side) * spacing + corner,
            np.arange(side) * spacing + corner,
            indexing="ij",
        )
        gray = 42.0 * np.exp(-(x**2 + y**2 + z**2) / (2 * 60.0**2))
        ds.NumberOfFrames = frames
        _pixels(ds, np.round(gray / 1e-6).astype(np.uint32), bits=32)
        return ds


def _interpreted(name: str) -> str:
    return {"BODY": "EXTERNAL", "PTV": "PTV"}.get(name, "ORGAN")


def _item(**elements: object) -> Dataset:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def _pixels(ds: Dataset, values: np.ndarray, bits: int) -> None:
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = values.shape[-2:]
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit, ds.PixelRepresentation = bits - 1, 0
    ds.PixelData = values.tobytes()
    ds["PixelData"].VR = "OW"
