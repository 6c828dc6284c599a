"""Each option of the policy: what stays with it and without it, and what the object then says."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from gateway.data.deid import load_profile
from gateway.domain.deid import CODES, USUAL_OPTIONS, Option, Profile
from tests.factories import engine, leaks, sent_objects


def without(tmp_path: Path, *options: Option) -> Profile:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"options": dict.fromkeys(options, False)}))
    return load_profile(policy)


def result(kind: str, profile: Profile) -> Dataset:
    data = sent_objects.as_sent(leaks.KINDS[kind]())
    written = engine.national_bytes(data, profile=profile)
    assert engine.objections(data, written, profile=profile) == []
    return dcmread(BytesIO(written))


def codes(dataset: Dataset) -> list[str]:
    return [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence]


@pytest.mark.parametrize("option", sorted(USUAL_OPTIONS))
@pytest.mark.parametrize("kind", leaks.KINDS)
def test_an_option_that_is_off_is_not_claimed(tmp_path: Path, kind: str, option: Option) -> None:
    told = codes(result(kind, without(tmp_path, option)))
    assert told == sorted(["113100", *(CODES[each] for each in USUAL_OPTIONS - {option})])


def test_all_options_off_claim_the_basic_profile_only(tmp_path: Path) -> None:
    assert codes(result("plan", without(tmp_path, *USUAL_OPTIONS))) == ["113100"]


def test_without_descriptors_no_text_can_be_read(tmp_path: Path) -> None:
    profile = without(tmp_path, Option.CLEAN_DESCRIPTORS)
    plan = sent_objects.sent(leaks.KINDS["plan"]())
    plan.RTPlanLabel = "Breast"
    written = engine.national_bytes(sent_objects.as_bytes(plan), profile=profile)
    label = dcmread(BytesIO(written)).RTPlanLabel
    assert label.startswith("UNMAPPED_")
    assert len(label) == 16
    structures = result("structures", profile)
    assert {roi.ROIName for roi in structures.StructureSetROISequence} == {""}


def test_without_dates_there_is_none(tmp_path: Path) -> None:
    profile = without(tmp_path, Option.MODIFIED_DATES)
    for kind in leaks.KINDS:
        dataset = result(kind, profile)
        assert dataset.LongitudinalTemporalInformationModified == "REMOVED"
        dates = {str(e.value) for e in dataset.iterall() if e.VR in ("DA", "DT", "TM") and e.value}
        assert dates <= {"19000101", "19000101000000", "000000"}


def test_without_patient_characteristics(tmp_path: Path) -> None:
    profile = without(tmp_path, Option.PATIENT_CHARACTERISTICS)
    data = sent_objects.sent(leaks.KINDS["plan"]())
    data.PatientSex, data.PatientAge, data.PatientWeight = "F", "061Y", "71"
    sent = sent_objects.as_bytes(data)
    kept = dcmread(BytesIO(engine.national_bytes(sent)))
    assert (kept.PatientSex, kept.PatientAge, kept.PatientWeight) == ("F", "061Y", 71)
    gone = dcmread(BytesIO(engine.national_bytes(sent, profile=profile)))
    assert gone.PatientSex == ""
    assert "PatientAge" not in gone
    assert "PatientWeight" not in gone


def test_without_device_identity(tmp_path: Path) -> None:
    profile = without(tmp_path, Option.DEVICE_IDENTITY)
    data = sent_objects.sent(leaks.KINDS["ct"]())
    data.Manufacturer, data.ManufacturerModelName, data.SoftwareVersions = "GE", "Optima", "1.2"
    sent = sent_objects.as_bytes(data)
    kept = dcmread(BytesIO(engine.national_bytes(sent)))
    assert (kept.ManufacturerModelName, kept.SoftwareVersions) == ("Optima", "1.2")
    gone = dcmread(BytesIO(engine.national_bytes(sent, profile=profile)))
    for keyword in ("Manufacturer", "ManufacturerModelName", "SoftwareVersions"):
        assert gone[keyword].value.startswith("UNMAPPED_")
