"""Targets are parsed into their parts and written back in the standard's order."""

import random

import pytest

from harmonizer.domain.nomenclature import Kind, Mapper, Target, parse_target


def nothing(text: str) -> str | None:
    return None


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("PTV 1", "PTV1"),
        ("ptv_N", "PTVn"),
        ("GTV-T", "GTVp"),
        ("GTV primary", "GTVp"),
        ("GTV N2", "GTVn2"),
        ("PTV50", "PTV_5000"),  # a bare number of Gy becomes cGy
        ("PTV50.4", "PTV_5040"),
        ("PTV 50,4 Gy", "PTV_50.4Gy"),  # a unit that was written stays
        ("PTV_50p4Gy", "PTV_50.4Gy"),
        ("PTV_5040", "PTV_5040"),
        ("PTV high risk", "PTV_High"),
        ("PTV Int", "PTV_Mid"),
        ("PTV 60/30", "PTV_200x30"),  # dose per fraction x fractions
        ("PTV 3x20Gy", "PTV_20Gyx3"),
        ("PTV_Liver_2000x3", "PTV_Liver_2000x3"),
        ("PTV_Eval_7000-08", "PTV_Eval_7000-08"),
        ("PTV-03", "PTV-03"),
        ("CTVp2-05", "CTVp2-05"),
        ("PTV_Low!", "PTV!_Low"),  # figure 5 of the report writes the sign last
        ("PTVp1_CT1PT1", "PTVp1_CT1PT1"),
        ("PTV_MR2_Prostate", "PTV_MR2_Prostate"),
        ("CTV_A_Aorta", "CTV_A_Aorta"),
        ("PTV^Ex", "PTV^Ex"),
        ("PTV_60Gy_30fx", "PTV_200x30"),
        ("PTVBoost8", "PTV_Boost_800"),  # Gy; up to four it is the boost's number
        ("PTV boost2", "PTV2_Boost"),
        ("CTV1_N", "CTVn1"),
        ("GTV_LN2", "GTVn2"),
        ("PTV Intermediate Risk", "PTV_Mid"),
        ("PTV 60Gy/30#", "PTV_200x30"),
        ("GTV_PET", "GTV_PT"),
        ("GTV MRI", "GTV_MR"),
        ("CTV breast", "CTV_Breast"),  # the side is not said
        ("CTV Brust links", "CTV_Breast_L"),
        ("PTV sein D", "PTV_Breast_R"),
        ("PTV rinta vas", "PTV_Breast_L"),
        ("PTV prostata 78", "PTVProstate_7800"),  # 17 characters: the first underscore goes
        ("PTV_bst", "PTV_Boost"),
        ("iGTV_L", "IGTV_L"),
        ("PTV_70_Gy", "PTV_70Gy"),
        ("HR-CTV", "CTV_High"),
        ("IRCTV", "CTV_Mid"),
        ("PTV II", "PTV2"),
        ("Left PTV", "PTV_L"),
        ("CTV_LN_Neck_L", "CTV_LN_Neck_L"),  # the list begins its nodes' names so
        ("PTVn_LN_Ax_L2", "PTVn_LN_Ax_L2"),
        ("CTV_LN_Presac", "CTV_LN_Presacral"),
        ("PTV_Breast_L_40", "PTVBreast_L_4000"),
        ("PTV TB", "PTV_TumorBed"),
        ("Prostate PTV", "PTV_Prostate"),  # but a rectum before PTV is what both share
    ],
)
def test_targets_by_hand(mapper: Mapper, raw: str, want: str) -> None:
    mapping = mapper.map_name(raw)
    assert mapping.kind is Kind.TARGET
    assert mapping.tg263_name == want
    assert len(want) <= 16


def test_the_parts() -> None:
    target = parse_target("PTV!p2_CT1_54Gyx3-05^x", nothing)
    assert target == Target("PTV", True, "p", "2", "CT1", "", "54Gyx3", "05", "x")


@pytest.mark.parametrize(
    ("raw", "want", "applied"),
    [
        ("GTVN1_600", "GTVn1_6000", False),  # dGy, as Sweden writes; a person looks at it
        ("PTVT_544", "PTVp_5440", False),
        ("PTV_800", "PTV_800", True),  # 8 Gy once
        ("PTV_600x5", "PTV_600x5", True),
        ("PTV_5440", "PTV_5440", True),
    ],
)
def test_three_digits_are_decigrays(mapper: Mapper, raw: str, want: str, applied: bool) -> None:
    mapping = mapper.map_name(raw)
    assert (mapping.tg263_name, mapping.auto) == (want, applied)


def test_words_that_are_not_understood_qualify_and_need_a_person(mapper: Mapper) -> None:
    mapping = mapper.map_name("PTV skullbase")
    assert mapping.tg263_name == "PTV^skullbase"
    assert not mapping.auto


@pytest.mark.parametrize("raw", ["Rectum PTV", "bladder in ptv", "PTV-Rectum", "Lung + PTV"])
def test_an_organ_and_a_target_are_no_target(mapper: Mapper, raw: str) -> None:
    assert mapper.map_name(raw).kind is Kind.HELPER


def test_two_doses_are_no_crop(mapper: Mapper) -> None:
    assert not mapper.map_name("PTV54-60").auto


def test_what_is_written_is_read_back() -> None:
    rng = random.Random(8)
    for _ in range(500):
        target = Target(
            type=rng.choice(("GTV", "CTV", "ITV", "IGTV", "PTV")),
            segmented=rng.random() < 0.2,
            classifier=rng.choice(("", "n", "p", "sb", "par", "v", "vas")),
            number=rng.choice(("", "1", "2", "12")),
            imaging=rng.choice(("", "CT1", "MR2", "CT1PT1")),
            dose=rng.choice(("", "High", "Mid01", "5040", "50.4Gy")),
            crop=rng.choice(("", "03")),
        )
        if len(target.name()) <= 16 and "_" in target.name():
            assert parse_target(target.name(), nothing) == target, target.name()


def test_a_word_that_only_holds_the_letters_is_no_target() -> None:
    assert parse_target("Lung_L", nothing) is None


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("GTVn oik", "GTVn_R"),
        ("CTV N sx", "CTVn_L"),
        ("GTV_N1 li", "GTVn1_L"),
        ("GTV tumeur", "GTVp"),
        ("PTV totale", "PTV_Total"),
        ("CTV III", "CTV3"),
        ("PTV 50.4 / 28", "PTV_180x28"),
        ("PTV_5x5Gy", "PTV_5Gyx5"),
        ("ProstateCTV", "CTV_Prostate"),
        ("CTV_LN_Inguinal", "CTV_LN_Inguinal"),
        ("PTVn_IMN", "PTVn_IMN"),
    ],
)
def test_sides_and_words_of_other_languages(mapper: Mapper, raw: str, want: str) -> None:
    assert mapper.map_name(raw).tg263_name == want
