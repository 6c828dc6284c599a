"""Both stages over whole courses: identities, dates, references, marks, sealed terms."""

from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.uid import RTPlanStorage, SecondaryCaptureImageStorage

from gateway.contract.marks import DEIDENTIFICATION_CODES
from gateway.domain.checker import read_elements, referenced_uids
from gateway.domain.deid import NationalStage, SiteStage, sealed_terms
from gateway.domain.identity import (
    KeyRing,
    day_shift,
    keyed_uid,
    national_id,
    site_pseudonym,
    unseal,
)
from gateway.errors import HoldError, RejectError
from tests.factories import engine, sent_objects
from tests.factories import site_objects as make

KINDS = ["ct1", "ct2", "ct3", "ct4", "structures", "plan", "dose", "record", "registration"]
COURSE = dict(zip(KINDS, sent_objects.course(), strict=True))
ONE_EACH = [kind for kind in KINDS if kind not in {"ct2", "ct3", "ct4"}]
PSEUDONYM = site_pseudonym(engine.KEYS, sent_objects.PATIENT_ID)
SHIFT = day_shift(engine.KEYS, PSEUDONYM)


def plan_with(**values: object) -> bytes:
    dataset = sent_objects.sent(make.plan(200, 100))
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return sent_objects.as_bytes(dataset)


@pytest.mark.parametrize("kind", ONE_EACH)
def test_the_checker_has_nothing_against_either_stage(kind: str) -> None:
    data = COURSE[kind]
    assert engine.objections(data, engine.site_bytes(data), stage="site") == []
    assert engine.objections(data, engine.national_bytes(data)) == []


@pytest.mark.parametrize("kind", ONE_EACH)
def test_the_same_in_gives_the_same_out(kind: str) -> None:
    data = COURSE[kind]
    assert engine.site_bytes(data) == engine.site_bytes(data)
    assert engine.national_bytes(data) == engine.national_bytes(data)


@pytest.mark.parametrize("kind", ONE_EACH)
def test_geometry_dose_and_pixels_are_the_same_bytes(kind: str) -> None:
    before, after = (
        [
            (e.tag, elements.value(e))
            for elements in [read_elements(data)]
            for e in elements.found
            if e.tag in {0x30060050, 0x7FE00010, 0x3004000E, 0x300A0084, 0x300A0026, 0x00200032}
        ]
        for data in (COURSE[kind], engine.national_bytes(COURSE[kind]))
    )
    assert before == after


def test_every_reference_of_a_course_still_leads_to_its_object() -> None:
    written = {kind: read_elements(engine.national_bytes(data)) for kind, data in COURSE.items()}
    uids = {kind: str(engine.after_both(data).SOPInstanceUID) for kind, data in COURSE.items()}
    images = {uids[kind] for kind in ("ct1", "ct2", "ct3", "ct4")}
    assert referenced_uids(written["structures"]) == images
    assert referenced_uids(written["plan"]) == {uids["structures"]}
    assert referenced_uids(written["dose"]) == {uids["plan"]}
    assert referenced_uids(written["record"]) == {uids["plan"]}
    assert referenced_uids(written["registration"]) == {uids["ct1"]}


def test_order_and_a_restart_do_not_matter() -> None:
    forwards = {kind: engine.site_bytes(data) for kind, data in COURSE.items()}
    one = SiteStage(engine.PROFILE, engine.KEYS)
    backwards = {
        kind: one.deidentify(COURSE[kind], PSEUDONYM).data for kind in reversed(list(COURSE))
    }
    assert forwards == backwards


def test_who_it_was_is_gone_and_the_ids_are_the_keyed_ones() -> None:
    first, second = engine.after_first(COURSE["plan"]), engine.after_both(COURSE["plan"])
    assert first.PatientID == str(first.PatientName) == PSEUDONYM
    assert second.PatientID == str(second.PatientName) == national_id(engine.RING, PSEUDONYM)
    for dataset in (first, second):
        assert dataset.PatientBirthDate == ""
        assert dataset.StudyID == dataset.AccessionNumber == ""
        assert dataset.ReferringPhysicianName == ""
        assert "InstitutionName" not in dataset
        assert dataset.PatientSex == "F"


def test_uids_are_replaced_twice_with_different_keys() -> None:
    original = sent_objects.ROOT + "200"
    once = keyed_uid(engine.KEYS.uid, original)
    twice = keyed_uid(engine.RING.national_uid_key, once)
    assert engine.after_first(COURSE["plan"]).SOPInstanceUID == once
    written = engine.after_both(COURSE["plan"])
    assert written.SOPInstanceUID == twice
    assert written.file_meta.MediaStorageSOPInstanceUID == twice
    assert written.SOPClassUID == RTPlanStorage


def test_every_date_moves_by_the_same_whole_weeks_and_only_once() -> None:
    assert SHIFT % 7 == 0
    for dataset in (engine.after_first(COURSE["record"]), engine.after_both(COURSE["record"])):
        moved = date(
            int(dataset.StudyDate[:4]), int(dataset.StudyDate[4:6]), int(dataset.StudyDate[6:])
        )
        assert (moved - date(2020, 1, 6)).days == SHIFT
        assert moved.weekday() == date(2020, 1, 6).weekday()
        assert dataset.StudyTime == "101112"
        treated = dataset.TreatmentDate
        assert int(treated) - int(dataset.StudyDate) != 0
        day = date(int(treated[:4]), int(treated[4:6]), int(treated[6:]))
        assert (day - moved).days == 7


def test_the_marks_say_what_was_done() -> None:
    first, second = engine.after_first(COURSE["plan"]), engine.after_both(COURSE["plan"])
    name = engine.PROFILE.name_and_hash
    assert first.DeidentificationMethod == f"KaSARi site {name}"
    assert list(second.DeidentificationMethod) == [f"KaSARi site {name}", f"KaSARi national {name}"]
    for dataset in (first, second):
        assert dataset.PatientIdentityRemoved == "YES"
        assert dataset.LongitudinalTemporalInformationModified == "MODIFIED"
        codes = [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence]
        assert codes == [code for code in DEIDENTIFICATION_CODES if code != "113111"]


def test_marks_of_the_sender_are_not_believed() -> None:
    data = plan_with(
        PatientIdentityRemoved="YES",
        DeidentificationMethod=["KaSARi site forged", "KaSARi national forged"],
    )
    assert b"forged" not in engine.site_bytes(data)
    assert (
        engine.after_both(data).DeidentificationMethod
        == engine.after_both(COURSE["plan"]).DeidentificationMethod
    )


def test_the_second_stage_takes_nothing_that_the_first_has_not_written() -> None:
    stage = NationalStage(engine.PROFILE, engine.RING, {})
    with pytest.raises(RejectError) as refused:
        stage.deidentify(COURSE["plan"])
    assert refused.value.code == "not-marked"
    with pytest.raises(RejectError):
        stage.deidentify(plan_with(DeidentificationMethod="KaSARi national x"))


def test_another_kind_of_object_is_refused() -> None:
    data = plan_with(SOPClassUID=SecondaryCaptureImageStorage)
    with pytest.raises(RejectError) as refused:
        engine.site_bytes(data)
    assert (refused.value.code, refused.value.dimse_status) == ("sop-class", 0x0122)


def test_burned_in_text_refuses_the_image() -> None:
    dataset = sent_objects.sent(make.ct(1, 0.0))
    dataset.BurnedInAnnotation = "YES"
    with pytest.raises(RejectError) as refused:
        engine.site_bytes(sent_objects.as_bytes(dataset))
    assert refused.value.code == "burned-in"
    dataset.BurnedInAnnotation = "NO"
    assert engine.after_both(sent_objects.as_bytes(dataset)).BurnedInAnnotation == "NO"


def test_no_patient_is_refused_before_all_such_patients_become_one() -> None:
    for nobody in ("", " ", "\u200b"):
        dataset = sent_objects.sent(make.plan(200, 100))
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.PatientID = nobody
        with pytest.raises(RejectError) as refused:
            engine.site_bytes(sent_objects.as_bytes(dataset))
        assert refused.value.code == "no-patient-id"


def test_spellings_of_one_identifier_are_one_patient() -> None:
    for spelling in ("130452-308y", " 130452-308Y ", "130452 -308Y"):
        assert engine.after_first(plan_with(PatientID=spelling)).PatientID == PSEUDONYM


def test_a_redacted_term_waits_sealed_at_the_site_and_never_leaves() -> None:
    data = plan_with(RTPlanName="PTV Oravanpesä")
    site = engine.site_bytes(data)
    (term,) = sealed_terms(site)
    assert term.tag == "300A0003"
    assert dcmread(BytesIO(site)).RTPlanName == f"PTV {term.replacement}"
    assert unseal(engine.KEYS, term.sealed).decode() == "Oravanpesä"
    for written in (site, engine.national_bytes(data)):
        assert "Oravanpesä".encode("latin-1") not in written
    assert sealed_terms(engine.national_bytes(data)) == []
    assert not any(e.tag >> 16 & 1 for e in read_elements(engine.national_bytes(data)).found)


def test_sealed_terms_open_with_the_centres_key_only() -> None:
    (term,) = sealed_terms(engine.site_bytes(plan_with(RTPlanLabel="Oravanpesä")))
    other = KeyRing.from_root(bytes(range(1, 33)), "KUH").site_keys()
    with pytest.raises(HoldError) as held:
        unseal(other, term.sealed)
    assert held.value.code == "sealed-with-another-key"


def test_nothing_redacted_leaves_no_block() -> None:
    assert sealed_terms(engine.site_bytes(COURSE["ct1"])) == []
    assert b"KASARI\x11" not in engine.site_bytes(COURSE["ct1"])


def test_one_word_has_one_replacement_wherever_it_stands() -> None:
    first = engine.after_first(plan_with(RTPlanName="Oravanpesä"))
    second = engine.after_first(plan_with(RTPlanDescription="PTV ORAVANPESÄ"))
    assert str(second.RTPlanDescription) == f"PTV {first.RTPlanName}"


def test_an_approved_term_is_read_again_in_every_object() -> None:
    data = plan_with(RTPlanLabel="Oravanpesä", RTPlanName="PTV Oravanpesä")
    replacements = {term.replacement for term in sealed_terms(engine.site_bytes(data))}
    assert len(replacements) == 2  # a short label has room for seven digits only
    approved = dict.fromkeys(replacements, "drey")
    written = dcmread(BytesIO(engine.national_bytes(data, approved)))
    assert (written.RTPlanLabel, written.RTPlanName) == ("drey", "PTV drey")


def test_a_text_that_would_not_fit_any_more_is_redacted_as_a_whole() -> None:
    data = plan_with(RTPlanLabel="PTV Oravanpesä")
    (term,) = sealed_terms(engine.site_bytes(data))
    assert engine.after_first(data).RTPlanLabel == term.replacement
    assert unseal(engine.KEYS, term.sealed).decode() == "PTV Oravanpesä"


def test_an_approved_term_keeps_letters_of_the_objects_character_set() -> None:
    data = plan_with(RTPlanName="Oravanpesä")
    (term,) = sealed_terms(engine.site_bytes(data))
    written = engine.national_bytes(data, {term.replacement: "pesä"})
    assert dcmread(BytesIO(written)).RTPlanName == "pesä"


def test_a_term_that_was_not_approved_stays_redacted() -> None:
    data = plan_with(RTPlanName="Oravanpesä")
    written = engine.national_bytes(data, {"UNMAPPED_00000000": "other"})
    assert str(dcmread(BytesIO(written)).RTPlanName).startswith("UNMAPPED_")


def test_doing_it_again_changes_nothing_but_names() -> None:
    """A site object that comes in once more is rewritten under new names, and loses nothing."""
    once = engine.site_bytes(COURSE["structures"])
    twice = engine.site_bytes(once, PSEUDONYM)
    assert [e.tag for e in read_elements(once).found] == [e.tag for e in read_elements(twice).found]


def test_two_patients_never_share_a_shift_by_construction() -> None:
    other = site_pseudonym(engine.KEYS, "010190-999R")
    assert engine.after_first(COURSE["plan"]).PatientID != other
    assert day_shift(engine.KEYS, other) != SHIFT


def test_the_results_repr_shows_nothing() -> None:
    done = SiteStage(engine.PROFILE, engine.KEYS).deidentify(COURSE["plan"], PSEUDONYM)
    assert "DICM" not in repr(done)
    assert done.actions["uid"] > 0
    assert done.actions["removed"] >= 1


@pytest.mark.parametrize("kind", [b"Korhonen", b"ISO_IR 100\\Korhonen", b"ISO_IR 999"])
def test_a_character_set_that_is_none_is_emptied(kind: bytes) -> None:
    data = COURSE["plan"].replace(b"CS\x0a\x00ISO_IR 100", _character_set(kind))
    assert engine.after_both(data).get("SpecificCharacterSet") in (None, "")


def _character_set(value: bytes) -> bytes:
    padded = value + b" " * (len(value) % 2)
    return b"CS" + len(padded).to_bytes(2, "little") + padded


def ct_with(**values: object) -> bytes:
    dataset = sent_objects.sent(make.ct(1, 0.0))
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return sent_objects.as_bytes(dataset)


HEADS = [
    {"BodyPartExamined": "HEAD"},
    {"BodyPartExamined": "HEADNECK", "RecognizableVisualFeatures": "NO"},
    {"ProtocolName": "Pää 2 mm"},
    {"SeriesDescription": "AIVOT natiivi"},
    {"StudyDescription": "CT hjärna"},
]


@pytest.mark.parametrize("told", HEADS)
def test_a_head_says_that_it_can_be_recognized(told: dict[str, str]) -> None:
    data = ct_with(**told)
    assert engine.after_first(data).RecognizableVisualFeatures == "YES"
    assert engine.after_both(data).RecognizableVisualFeatures == "YES"
    assert engine.objections(data, engine.national_bytes(data)) == []


def test_other_images_say_what_their_sender_said() -> None:
    assert "RecognizableVisualFeatures" not in engine.after_both(ct_with(BodyPartExamined="CHEST"))
    said = ct_with(BodyPartExamined="CHEST", RecognizableVisualFeatures="NO")
    assert engine.after_both(said).RecognizableVisualFeatures == "NO"
    nonsense = ct_with(RecognizableVisualFeatures="VIRTANEN")
    assert "RecognizableVisualFeatures" not in engine.after_both(nonsense)


def test_a_plan_of_a_head_has_no_such_attribute() -> None:
    written = engine.after_both(plan_with(StudyDescription="head"))
    assert "RecognizableVisualFeatures" not in written


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("head", {"BodyPartExamined": "BRAIN"}),
        ("localizer", {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}),
    ],
)
def test_a_centre_may_refuse_a_kind_of_image(kind: str, told: dict[str, object]) -> None:
    strict = replace(engine.PROFILE, refused=frozenset((kind,)))
    stage = SiteStage(strict, engine.KEYS)
    with pytest.raises(RejectError) as refused:
        stage.deidentify(ct_with(**told), PSEUDONYM)
    assert refused.value.code == kind
    assert stage.deidentify(ct_with(BodyPartExamined="CHEST"), PSEUDONYM).data
    assert engine.site_bytes(ct_with(**told))


def test_a_name_of_the_staff_is_emptied_in_a_coded_value() -> None:
    data = plan_with(PlanIntent="FLETCHER")  # a brachytherapy applicator, too
    assert engine.after_first(data).PlanIntent == "FLETCHER"
    aware = replace(engine.PROFILE, staff=frozenset(("fletcher",)))
    written = SiteStage(aware, engine.KEYS).deidentify(data, PSEUDONYM).data
    assert dcmread(BytesIO(written)).PlanIntent == ""


@pytest.mark.parametrize(
    "value",
    [
        "KORHONEN",
        "LIISA",
        "0401234567",
        "19520413",
        "130452-308Y",
        "13.4.52",
        "4D61696A6131",
        "A\\LIISA",
    ],
)
def test_a_coded_value_that_no_term_has_is_emptied(value: str) -> None:
    """Nobody has said that these are names; a coded string has no room for anything else."""
    with disable_value_validation():
        data = plan_with(PlanIntent=value)
    assert engine.after_first(data).PlanIntent in ("", ["A", ""])


@pytest.mark.parametrize(
    "value", ["CURATIVE", "NORMAL_CT", "HELICAL MODE", "WHL_MODWEIGHTS", "CT_SOM5 SPI", "HFS"]
)
def test_terms_of_the_standard_and_of_vendors_stay(value: str) -> None:
    assert engine.after_first(plan_with(PlanIntent=value)).PlanIntent == value
