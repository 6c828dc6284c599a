"""Small DICOM-RT objects as the site store holds them: after the first stage, marked as such."""

from collections.abc import Sequence
from io import BytesIO

from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    RTBeamsTreatmentRecordStorage,
    RTDoseStorage,
    RTPlanStorage,
    RTStructureSetStorage,
    SpatialRegistrationStorage,
)

MARK = "KaSARi site 0123456789abcdef"
FRAME = "2.25.900"
POSITIONS = {
    "HFS": (1, 0, 0, 0, 1, 0),
    "HFP": (-1, 0, 0, 0, -1, 0),
    "FFS": (-1, 0, 0, 0, 1, 0),
    "FFP": (1, 0, 0, 0, -1, 0),
    "HFDR": (0, 1, 0, -1, 0, 0),
    "HFDL": (0, -1, 0, 1, 0, 0),
    "FFDR": (0, -1, 0, -1, 0, 0),
    "FFDL": (0, 1, 0, 1, 0, 0),
}
"""Row and column of an axial image by PatientPosition, PS3.3 C.7.3.1.1.2."""


def uid(number: int) -> str:
    return f"2.25.{number}"


def as_bytes(dataset: Dataset) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def base(modality: str, sop_class: str, number: int, patient: str, series: int) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = uid(number)
    dataset.SeriesInstanceUID = uid(series)
    dataset.StudyInstanceUID = uid(700)
    dataset.Modality = modality
    dataset.PatientID = patient
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = MARK
    return dataset


def ct(
    number: int,
    z: float,
    patient: str = "PAAA",
    series: int = 500,
    frame: str = FRAME,
    lies: str = "HFS",
) -> bytes:
    dataset = base("CT", CTImageStorage, number, patient, series)
    dataset.FrameOfReferenceUID = frame
    dataset.PatientPosition = lies
    dataset.ImagePositionPatient = [0.0, 0.0, z]
    dataset.ImageOrientationPatient = list(POSITIONS[lies])
    dataset.SliceThickness = 3
    dataset.StudyDate = "20200106"
    dataset.Rows = dataset.Columns = 2
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 0
    dataset.PixelData = number.to_bytes(8, "little")
    return as_bytes(dataset)


def _item(**values: object) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def reference(number: int, sop_class: str) -> Dataset:
    return _item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=uid(number))


def structures(
    number: int, images: Sequence[int], patient: str = "PAAA", frame: str = FRAME
) -> bytes:
    dataset = base("RTSTRUCT", RTStructureSetStorage, number, patient, 501)
    series = _item(
        SeriesInstanceUID=uid(500),
        ContourImageSequence=Items([reference(n, CTImageStorage) for n in images]),
    )
    study = _item(RTReferencedSeriesSequence=Items([series]))
    dataset.ReferencedFrameOfReferenceSequence = Items(
        [_item(FrameOfReferenceUID=frame, RTReferencedStudySequence=Items([study]))]
    )
    dataset.StructureSetROISequence = Items(
        [
            _item(ROINumber=1, ROIName="BODY", ReferencedFrameOfReferenceUID=frame),
            _item(ROINumber=2, ROIName="Heart", ReferencedFrameOfReferenceUID=frame),
        ]
    )
    contour = _item(
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=3,
        ContourData=[0, 0, 0, 100, 0, 0, 0, 100, 0],
    )
    dataset.ROIContourSequence = Items(
        [_item(ReferencedROINumber=1, ContourSequence=Items([contour]))]
    )
    dataset.RTROIObservationsSequence = Items(
        [_item(ReferencedROINumber=1, RTROIInterpretedType="EXTERNAL")]
    )
    dataset.StructureSetDate = "20200107"
    return as_bytes(dataset)


def plan(
    number: int,
    structure_set: int,
    patient: str = "PAAA",
    approval: str = "APPROVED",
    intent: str = "CURATIVE",
) -> bytes:
    dataset = base("RTPLAN", RTPlanStorage, number, patient, 502)
    dataset.RTPlanDate = "20200108"
    dataset.PlanIntent = intent
    dataset.ApprovalStatus = approval
    dataset.ReferencedStructureSetSequence = Items(
        [reference(structure_set, RTStructureSetStorage)]
    )
    dataset.FractionGroupSequence = Items(
        [
            _item(
                NumberOfFractionsPlanned=15,
                ReferencedBeamSequence=Items([_item(ReferencedBeamNumber=1, BeamDose=2.67)]),
            )
        ]
    )
    dataset.DoseReferenceSequence = Items([_item(TargetPrescriptionDose=40.05)])
    point = _item(ControlPointIndex=0, NominalBeamEnergy=6)
    dataset.BeamSequence = Items(
        [
            _item(
                BeamNumber=1,
                TreatmentMachineName="M1",
                TreatmentDeliveryType="TREATMENT",
                RadiationType="PHOTON",
                ControlPointSequence=Items([point]),
            )
        ]
    )
    return as_bytes(dataset)


def brachy_plan(number: int, structure_set: int, patient: str = "PAAA") -> bytes:
    """Four fractions of 7 Gy by an afterloader."""
    dataset = dcmread(BytesIO(plan(number, structure_set, patient)))
    del dataset.BeamSequence
    dataset.BrachyTreatmentTechnique = "INTRACAVITARY"
    dataset.BrachyTreatmentType = "HDR"
    dataset.FrameOfReferenceUID = FRAME
    dataset.TreatmentMachineSequence = Items([_item(TreatmentMachineName="AL1")])
    source = _item(SourceNumber=0, SourceIsotopeName="Ir-192", ReferenceAirKermaRate=42580)
    dataset.SourceSequence = Items([source])
    channel = _item(ChannelNumber=1, ReferencedSourceNumber=0)
    dataset.ApplicationSetupSequence = Items(
        [_item(ApplicationSetupNumber=0, ChannelSequence=Items([channel, channel]))]
    )
    setup = _item(ReferencedBrachyApplicationSetupNumber=0, BrachyApplicationSetupDose=7)
    dataset.FractionGroupSequence = Items(
        [
            _item(
                FractionGroupNumber=1,
                NumberOfFractionsPlanned=4,
                ReferencedBrachyApplicationSetupSequence=Items([setup]),
            )
        ]
    )
    dataset.DoseReferenceSequence = Items(
        [_item(DoseReferenceType="TARGET", TargetPrescriptionDose=28)]
    )
    return as_bytes(dataset)


def dose(number: int, of_plan: int, patient: str = "PAAA", units: str = "GY") -> bytes:
    dataset = base("RTDOSE", RTDoseStorage, number, patient, 503)
    dataset.FrameOfReferenceUID = FRAME
    dataset.DoseUnits = units
    dataset.DoseType = "PHYSICAL"
    dataset.DoseSummationType = "PLAN"
    dataset.DoseGridScaling = 0.001
    dataset.ImagePositionPatient = [0.0, 0.0, 0.0]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [3, 3]
    dataset.Rows = dataset.Columns = 4
    dataset.GridFrameOffsetVector = [0, 3]
    dataset.ReferencedRTPlanSequence = Items([reference(of_plan, RTPlanStorage)])
    return as_bytes(dataset)


def record(number: int, of_plan: int, fraction: int, patient: str = "PAAA") -> bytes:
    dataset = base("RTRECORD", RTBeamsTreatmentRecordStorage, number, patient, 504)
    dataset.TreatmentDate = f"202001{12 + fraction:02d}"
    dataset.ReferencedRTPlanSequence = Items([reference(of_plan, RTPlanStorage)])
    dataset.TreatmentSessionBeamSequence = Items([_item(CurrentFractionNumber=fraction)])
    return as_bytes(dataset)


def registration(
    number: int, images: Sequence[int], frames: Sequence[str], patient: str = "PAAA"
) -> bytes:
    dataset = base("REG", SpatialRegistrationStorage, number, patient, 505)
    dataset.FrameOfReferenceUID = frames[0]
    dataset.RegistrationSequence = Items(
        [
            _item(
                FrameOfReferenceUID=frame,
                ReferencedImageSequence=Items([reference(n, CTImageStorage) for n in images]),
            )
            for frame in frames
        ]
    )
    return as_bytes(dataset)


def course(slices: int = 4, patient: str = "PAAA") -> list[bytes]:
    """CT slices 1..n at 3 mm, structure set 100, plan 200, dose 300."""
    images = [ct(n + 1, 3.0 * n, patient) for n in range(slices)]
    return [
        *images,
        structures(100, range(1, slices + 1), patient),
        plan(200, 100, patient),
        dose(300, 200, patient),
    ]
