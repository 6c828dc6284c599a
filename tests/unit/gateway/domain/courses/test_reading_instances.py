"""Reading stored objects: marked ones only, facts that survive storage, hostile values."""

import json
from io import BytesIO

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag

from gateway.domain.canary import canary_object
from gateway.domain.courses import (
    BeamFacts,
    DoseFacts,
    GroupFacts,
    PlanFacts,
    RecordFacts,
    SetupFacts,
    SourceFacts,
    StructureFacts,
    facts_from_json,
    facts_to_json,
    read_instance,
)
from gateway.errors import HoldError
from tests.factories import site_objects as make


def test_an_unmarked_object_is_set_aside() -> None:
    with pytest.raises(HoldError) as caught:
        read_instance(canary_object())
    assert caught.value.code == "unmarked"


@pytest.mark.parametrize("data", [b"", b"no DICOM at all", make.plan(1, 2)[:200]])
def test_what_cannot_be_read_is_set_aside(data: bytes) -> None:
    with pytest.raises(HoldError):
        read_instance(data)


@pytest.mark.parametrize("data", make.course(1), ids=["ct", "structures", "plan", "dose"])
def test_facts_survive_storage(data: bytes) -> None:
    facts = read_instance(data).facts
    assert facts is not None
    assert facts_from_json(json.loads(json.dumps(facts_to_json(facts)))) == facts


def test_facts_of_a_later_version_are_still_read() -> None:
    assert facts_from_json({"of": "record", "fraction": 3, "new_field": 1}) is not None
    assert facts_from_json({"of": "unknown"}) is None
    assert facts_from_json({}) is None


def test_a_plan_in_numbers() -> None:
    facts = read_instance(make.plan(200, 100)).facts
    assert isinstance(facts, PlanFacts)
    assert facts.groups == (GroupFacts(0, 15, 2.67),)
    assert (facts.fractions, facts.prescriptions_gy) == (15, (40.05,))
    assert facts.beams[0].energies_mv == (6.0,)


def plan_of(dataset: Dataset) -> PlanFacts:
    facts = read_instance(make.as_bytes(dataset)).facts
    assert isinstance(facts, PlanFacts)
    assert facts_from_json(json.loads(json.dumps(facts_to_json(facts)))) == facts
    return facts


def item(**values: object) -> Dataset:
    found = Dataset()
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def test_every_fraction_group_of_a_plan_is_read() -> None:
    dataset = dcmread(BytesIO(make.plan(200, 100)))
    (first,) = dataset.FractionGroupSequence
    first.FractionGroupNumber = 1
    second = item(FractionGroupNumber=2, NumberOfFractionsPlanned=4)
    second.ReferencedBeamSequence = [
        item(ReferencedBeamNumber=1, BeamDose=1.5),
        item(ReferencedBeamNumber=2, BeamDose=0.5),
    ]
    dataset.FractionGroupSequence.append(second)
    dataset.DoseReferenceSequence = [
        item(DoseReferenceType="TARGET", TargetPrescriptionDose=48.05),
        item(DoseReferenceType="ORGAN_AT_RISK", TargetPrescriptionDose=60),
        item(DoseReferenceType="TARGET", TargetPrescriptionDose=40.05),
    ]
    facts = plan_of(dataset)
    assert facts.groups == (GroupFacts(1, 15, 2.67), GroupFacts(2, 4, 2.0))
    assert (facts.fractions, facts.prescriptions_gy) == (19, (40.05, 48.05))
    del second.NumberOfFractionsPlanned
    assert plan_of(dataset).fractions is None


def test_brachytherapy_in_numbers() -> None:
    facts = plan_of(dcmread(BytesIO(make.brachy_plan(200, 100))))
    assert facts.groups == (GroupFacts(1, 4, 7.0),)
    assert (facts.afterloader, facts.by_hand, facts.beams) == ("AL1", False, ())
    assert facts.setups == (SetupFacts(0, (0,)),)
    assert facts.sources == (SourceFacts(0, "Ir-192", 42580.0),)


def test_ions_and_electrons_are_beams_like_any() -> None:
    dataset = dcmread(BytesIO(make.plan(200, 100)))
    (beam,) = dataset.BeamSequence
    beam.RadiationType = "ELECTRON"
    assert plan_of(dataset).beams == (BeamFacts(1, "M1", "TREATMENT", (6.0,)),)
    beam.RadiationType, beam.IonControlPointSequence = "PROTON", beam.ControlPointSequence
    del beam.ControlPointSequence
    dataset.IonBeamSequence = dataset.BeamSequence
    del dataset.BeamSequence
    facts = plan_of(dataset)
    assert facts.beams == (BeamFacts(1, "M1", "TREATMENT", (6.0,)),)
    assert facts.groups == (GroupFacts(0, 15, 2.67),)


@pytest.mark.parametrize(
    "sequence",
    [
        "TreatmentSessionBeamSequence",
        "TreatmentSessionIonBeamSequence",
        "TreatmentSessionApplicationSetupSequence",
    ],
)
def test_records_of_every_kind_have_a_fraction_and_its_group(sequence: str) -> None:
    dataset = dcmread(BytesIO(make.record(400, 200, 3)))
    del dataset.TreatmentSessionBeamSequence
    setattr(dataset, sequence, [item(), item(CurrentFractionNumber=3)])
    dataset.ReferencedFractionGroupNumber = 2
    assert read_instance(make.as_bytes(dataset)).facts == RecordFacts("20200115", 3, 2)


def test_a_dose_grid_has_corners() -> None:
    facts = read_instance(make.dose(300, 200)).facts
    assert isinstance(facts, DoseFacts)
    assert facts.low_mm == (0.0, 0.0, 0.0)
    assert facts.high_mm == (9.0, 9.0, 3.0)


@pytest.mark.parametrize(
    ("lies", "offsets", "low", "high"),
    [
        ("HFS", [0, 3, 6], (10.0, 20.0, 30.0), (19.0, 29.0, 36.0)),
        ("FFS", [0, 3, 6], (1.0, 20.0, 24.0), (10.0, 29.0, 30.0)),
        ("HFS", [30, 33, 36], (10.0, 20.0, 30.0), (19.0, 29.0, 36.0)),
        ("FFS", [30, 27, 24], (1.0, 20.0, 24.0), (10.0, 29.0, 30.0)),
        ("FFP", [30, 33, 36], (10.0, 11.0, 30.0), (19.0, 20.0, 36.0)),
    ],
)
def test_a_dose_grid_goes_along_its_normal_or_says_the_patients_z(
    lies: str,
    offsets: list[int],
    low: tuple[float, float, float],
    high: tuple[float, float, float],
) -> None:
    dataset = dcmread(BytesIO(make.dose(300, 200)))
    dataset.ImagePositionPatient = [10, 20, 30]
    dataset.ImageOrientationPatient = list(make.POSITIONS[lies])
    dataset.GridFrameOffsetVector = offsets
    facts = read_instance(make.as_bytes(dataset)).facts
    assert isinstance(facts, DoseFacts)
    assert (facts.low_mm, facts.high_mm) == (low, high)


def test_points_and_outlines_across_the_slices_have_no_z_to_compare() -> None:
    dataset = dcmread(BytesIO(make.structures(100, [1])))
    (roi,) = dataset.ROIContourSequence
    point, across = Dataset(), Dataset()
    point.ContourGeometricType, point.ContourData = "POINT", [1, 1, 4.4]
    across.ContourGeometricType = "CLOSED_PLANAR"
    across.ContourData = [5, 0, 1.1, 5, 9, 1.1, 5, 9, 8.8]
    roi.ContourSequence.extend([point, across])
    facts = read_instance(make.as_bytes(dataset)).facts
    assert isinstance(facts, StructureFacts)
    assert facts.contour_z_mm == (0.0,)


def test_contours_are_read_from_raw_bytes_and_from_decoded_values_alike() -> None:
    facts = read_instance(make.structures(100, [1])).facts
    assert isinstance(facts, StructureFacts)
    assert facts.body_low_mm == (0.0, 0.0, 0.0)
    assert facts.body_high_mm == (100.0, 100.0, 0.0)
    assert facts.contour_z_mm == (0.0,)
    assert [(roi.contours, roi.degenerate) for roi in facts.rois] == [(1, 0), (0, 0)]


def data_sets(dataset: Dataset) -> list[Dataset]:
    """The data set and every item in it."""
    inner = [i for e in dataset if e.VR == "SQ" for item in e.value for i in data_sets(item)]
    return [dataset, *inner]


def with_raw(data: bytes, tag: BaseTag, vr: str, raw: bytes) -> bytes:
    """The object with these bytes as the value of an attribute, wherever it has that."""
    dataset = dcmread(BytesIO(data))
    for holder in data_sets(dataset):
        if tag in holder:
            del holder[tag]
            holder._dict[tag] = RawDataElement(tag, vr, len(raw), raw, 0, False, True)
    buffer = BytesIO()
    dcmwrite(buffer, dataset)
    return buffer.getvalue()


OBJECTS = {
    "ct": make.ct(1, 0.0),
    "structures": make.structures(100, [1]),
    "plan": make.plan(200, 100),
    "brachy": make.brachy_plan(200, 100),
    "dose": make.dose(300, 200),
    "record": make.record(400, 200, 1),
}


@pytest.mark.parametrize(
    "raw", [b"abc ", b"1 ", b"nan ", b"1e400 ", b"1\\2 ", b"\\ ", b"0\\nan\\1"]
)
@pytest.mark.parametrize("kind", OBJECTS)
def test_no_malformed_number_stops_the_reading(kind: str, raw: bytes) -> None:
    found = data_sets(dcmread(BytesIO(OBJECTS[kind])))
    numbers = {(e.tag, e.VR) for one in found for e in one if e.VR in {"DS", "IS"}}
    assert numbers
    for tag, vr in numbers:
        facts = read_instance(with_raw(OBJECTS[kind], tag, vr, raw)).facts
        json.dumps(facts_to_json(facts), allow_nan=False)


def test_a_dose_of_one_frame_has_one_offset() -> None:
    dataset = dcmread(BytesIO(make.dose(300, 200)))
    dataset.GridFrameOffsetVector = "0"
    facts = read_instance(make.as_bytes(dataset)).facts
    assert isinstance(facts, DoseFacts)
    assert facts.high_mm == (9.0, 9.0, 0.0)


def test_a_sequence_that_is_none_is_set_aside() -> None:
    tag = b"\x0a\x30\xb0\x00"  # BeamSequence, as text
    data = OBJECTS["plan"].replace(tag + b"SQ", tag + b"UT")
    assert data != OBJECTS["plan"]
    with pytest.raises(HoldError) as caught:
        read_instance(data)
    assert caught.value.code == "unreadable"


def test_malformed_optional_values_are_absent_not_fatal() -> None:
    dataset = dcmread(BytesIO(make.ct(1, 0.0)))
    dataset.ImagePositionPatient = None
    dataset.ImageOrientationPatient = [1, 0, 0]
    assert read_instance(make.as_bytes(dataset)).sop_instance_uid == make.uid(1)
