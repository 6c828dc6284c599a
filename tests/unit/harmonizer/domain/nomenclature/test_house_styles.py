"""Habits of hospitals that a rule reads: sides glued on, abbreviations, vowels left out, copies."""

import re

import pytest

from harmonizer.data.tg263 import load_nomenclature
from harmonizer.domain.nomenclature import Kind, Mapper

NO_SIDE = {"VB_L"}  # lumbar
SIDED = [
    (structure.name[:-2], structure.name[-1], structure.name)
    for structure in load_nomenclature().structures
    if structure.kind is Kind.ORGAN
    and structure.twin
    and structure.name[-2:] in {"_L", "_R"}
    and structure.name not in NO_SIDE
    and not re.search(r"PRVx", structure.name)
]
SIDES = {"L": ("Lt", "Left", "LT", "li"), "R": ("Rt", "Right", "RT", "re")}


@pytest.mark.parametrize("place", range(4))
def test_every_listed_name_with_its_side_glued_to_either_end(mapper: Mapper, place: int) -> None:
    wrong = []
    for root, side, name in SIDED:
        glued, said = root.replace("_", ""), SIDES[side][place]
        for raw in (said + glued, glued + said, f"{said} {root}", side + glued):
            if mapper.map_name(raw).tg263_name != name:
                wrong.append((raw, name, mapper.map_name(raw).tg263_name))
    assert len(wrong) <= 0.01 * 4 * len(SIDED), wrong


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("lteye", "Eye_L"),
        ("rtoptnerve", "OpticNrv_R"),
        ("ltprtdgland", "Parotid_L"),
        ("ohrre", "Ear_External_R"),
        ("ögahö", "Eye_R"),
        ("pulmonder", "Lung_R"),
        ("femurd", "Femur_R"),
    ],
)
def test_short_sides_are_glued_to_words_and_compounds(mapper: Mapper, raw: str, want: str) -> None:
    assert mapper.map_name(raw).tg263_name == want


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("RBP", "BrachialPlex_R"),
        ("ONL", "OpticNrv_L"),
        ("tmrt", "Joint_TM_R"),
        ("tfd", "Femur_Head_R"),
    ],
)
def test_two_letters_and_a_side_are_suggested_never_applied(
    mapper: Mapper, raw: str, want: str
) -> None:
    mapping = mapper.map_name(raw)
    assert (mapping.tg263_name, mapping.auto) == (want, False)


@pytest.mark.parametrize(
    ("raw", "want"),
    [("Parotd L", "Parotid_L"), ("Bldr", "Bladder"), ("Submnd Rt", "Glnd_Submand_R")],
)
def test_vowels_left_out(mapper: Mapper, raw: str, want: str) -> None:
    assert mapper.map_name(raw).tg263_name == want


def test_a_slip_is_likelier_than_a_glued_letter(mapper: Mapper) -> None:
    assert mapper.map_name("Paroid_R").tg263_name == "Parotid_R"  # not the wall of French


@pytest.mark.parametrize("raw", ["Kidneys x", "Lungs x", "Retinas_x", "breasts X"])
def test_a_letter_apart_is_no_end_of_a_side(mapper: Mapper, raw: str) -> None:
    mapping = mapper.map_name(raw)
    assert not mapping.auto
    assert not (mapping.tg263_name or "").endswith("_L")


@pytest.mark.parametrize(
    ("raw", "want", "applied"),
    [
        ("parod left", "Parotid_L", True),
        ("ltlung r", "Lungs", False),
        ("niereli re", "Kidneys", False),
    ],
)
def test_sides_that_disagree(mapper: Mapper, raw: str, want: str, applied: bool) -> None:
    mapping = mapper.map_name(raw)
    assert (mapping.tg263_name, mapping.auto) == (want, applied)


@pytest.mark.parametrize("raw", ["Heart (1)", "Lung_L (2)", "Parotid R(1)"])
def test_a_copy_keeps_its_name_and_needs_a_person(mapper: Mapper, raw: str) -> None:
    mapping = mapper.map_name(raw)
    assert mapping.tg263_name in {"Heart", "Lung_L", "Parotid_R"}
    assert not mapping.auto


@pytest.mark.parametrize("raw", ["Optic chiasm opt", "Chiasm opt", "opt Optic nerve L"])
def test_a_word_more_than_the_name_needs_may_be_a_mark(mapper: Mapper, raw: str) -> None:
    assert not mapper.map_name(raw).auto


@pytest.mark.parametrize(
    ("raw", "want"), [("Sca_R", "Scapula_R"), ("Chestwal_L", "Chestwall_L"), ("Lip_L", "Lips")]
)
def test_a_side_apart_is_no_last_letter_of_a_listed_name(
    mapper: Mapper, raw: str, want: str
) -> None:
    assert mapper.map_name(raw).tg263_name == want  # not Scar, Chestwall


@pytest.mark.parametrize(
    ("raw", "among"),
    [
        ("Chiasm3", "OpticChiasm_PRV3"),
        ("Heart 5", "Heart_PRV05"),
        ("massetl", "Musc_Masseter_L"),
        ("ltscapl", "Scapula_L"),
        ("humrsl", "Humerus_L"),
    ],
)
def test_what_a_curator_is_offered(mapper: Mapper, raw: str, among: str) -> None:
    mapping = mapper.map_name(raw)
    offered = [mapping.tg263_name, *(other.tg263_name for other in mapping.alternatives)]
    assert among in offered
    assert not mapping.auto


@pytest.mark.parametrize(
    ("raw", "want"),
    [("globe_rab", "Eye_R"), ("parotid_lmk", "Parotid_L"), ("smg_rjw", "Glnd_Submand_R")],
)
def test_a_side_with_initials_is_suggested(mapper: Mapper, raw: str, want: str) -> None:
    mapping = mapper.map_name(raw)
    assert (mapping.tg263_name, mapping.auto) == (want, False)


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("Rigth lung", "Lung_R"),
        ("Chaism", "OpticChiasm"),
        ("Frontal cerebral lobe L", "Lobe_Frontal_L"),
    ],
)
def test_letters_exchanged_and_a_word_said_again_are_no_doubt(
    mapper: Mapper, raw: str, want: str
) -> None:
    mapping = mapper.map_name(raw)
    assert (mapping.tg263_name, mapping.auto) == (want, True)


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("Rectun", "Rectum"),
        ("bladdre", "Bladder"),
        ("Speiserohre re", "Esophagus"),
        ("Stomch", "Stomach"),
        ("constictor", "Musc_Constrict"),
        ("Lillhjärma", "Cerebellum"),
    ],
)
def test_one_slip_in_a_long_word_is_sure(mapper: Mapper, raw: str, want: str) -> None:
    found = mapper.map_name(raw)
    assert found.tg263_name == want
    assert found.auto or " " in raw


@pytest.mark.parametrize("raw", ["target", "patient", "voice", "Bladder full", "rectumfull"])
def test_other_words_are_not_taken_for_slips(mapper: Mapper, raw: str) -> None:
    assert not mapper.map_name(raw).auto


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("Optic Nerve Righ", "OpticNrv_R"),
        ("L Brachial Plexu", "BrachialPlex_L"),
        ("Spinal Cord_PRV0", "SpinalCord_PRV"),
    ],
)
def test_what_sixteen_letters_cut_off(mapper: Mapper, raw: str, want: str) -> None:
    found = mapper.map_name(raw)
    assert (found.tg263_name, found.auto) == (want, True)


@pytest.mark.parametrize("raw", ["Heart_JS", "Heart v2", "Heart_20240312", "Heart (rev1)"])
def test_what_hangs_on_a_name_costs_the_application_alone(mapper: Mapper, raw: str) -> None:
    found = mapper.map_name(raw)
    assert (found.tg263_name, found.auto) == ("Heart", False)
    assert found.confidence >= 0.85


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("PRVSPINE", "SpinalCord_PRV"),
        ("tronc pv", "Brainstem_PRV"),
        ("Expanded cord 5mm", "SpinalCord_PRV05"),
        ("Cord + 0.5 cm", "SpinalCord_PRV05"),
        ("Parotis H", "Parotid_R"),
        ("submandibularis_V", "Glnd_Submand_L"),
        ("ydinkanava", "SpinalCanal"),
    ],
)
def test_what_is_offered_first(mapper: Mapper, raw: str, want: str) -> None:
    found = mapper.map_name(raw)
    assert found.tg263_name == want


def test_a_portal_vein_is_no_planning_risk_volume(mapper: Mapper) -> None:
    assert mapper.map_name("PV").tg263_name == "V_Portal"
    assert mapper.map_name("CN V").tg263_name == "CN_V"


@pytest.mark.parametrize(
    ("raw", "want", "applied"),
    [
        ("BP_L", "BrachialPlex_L", True),
        ("ON L PRV", "OpticNrv_PRV_L", True),
        ("BP", "BrachialPlexs", False),
        ("Lt Br", "Bronchus_L", False),  # French bronchus or English breast
        ("VI L", "CN_VI_L", False),  # a nerve or a level of nodes
        ("LV R", "Ventricle", False),
    ],
)
def test_two_letters_need_a_side_that_agrees(
    mapper: Mapper, raw: str, want: str, applied: bool
) -> None:
    found = mapper.map_name(raw)
    assert (found.tg263_name, found.auto) == (want, applied)


@pytest.mark.parametrize("raw", ["bladder full", "Blase leer", "vessie pleine", "Herz neu"])
def test_one_of_several_versions_is_a_person_s_choice(mapper: Mapper, raw: str) -> None:
    found = mapper.map_name(raw)
    assert found.tg263_name in {"Bladder", "Heart"}
    assert not found.auto


def test_the_end_of_a_plural_is_no_side(mapper: Mapper) -> None:
    assert mapper.map_name("bækkenknogler").tg263_name == "Bone_Pelvic"
