"""The rules of the report for structures that are no targets, one case each by hand."""

import pytest

from harmonizer.domain.nomenclature import Kind, Mapper


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("Optic nerve L PRV 3mm", "OpticNrv_PRV03_L"),  # the side after the margin
        ("lkidney_prv05", "Kidney_PRV05_L"),
        ("PRV cord", "SpinalCord_PRV"),
        ("Myelon PRV5", "SpinalCord_PRV05"),
        ("Opt Chiasm PRV 3mm", "OpticChiasm_PRV3"),  # two digits would make 17 characters
        ("Spinal cord PRV 0.5cm", "SpinalCord_PRV05"),
        ("PRV cord 5", "SpinalCord_PRV05"),  # the margin last where PRV comes first
        ("VB_C1_PRV5", "VB_C1_PRV05"),  # the number of a vertebra is no margin
        ("Rib01_L_PRV05", "Rib01_PRV05_L"),
    ],
)
def test_planning_risk_volumes(mapper: Mapper, raw: str, want: str) -> None:
    assert mapper.map_name(raw).tg263_name == want
    assert len(want) <= 16


@pytest.mark.parametrize(
    ("raw", "want"),
    [("Brain~", "Brain~"), ("Lung~_L", "Lung~_L"), ("left lung~", "Lung~_L")],
)
def test_the_mark_of_a_part_follows_the_root(mapper: Mapper, raw: str, want: str) -> None:
    assert mapper.map_name(raw).tg263_name == want


def test_the_custom_part_comes_last(mapper: Mapper) -> None:
    assert mapper.map_name("Lungs^Ex").tg263_name == "Lungs^Ex"
    assert mapper.map_name("both lungs^Ex").tg263_name == "Lungs^Ex"


@pytest.mark.parametrize(
    ("raw", "name", "guideline"),
    [
        ("Breast_L_ESTRO", "Breast_L", "ESTRO"),
        ("estro mamma sin", "Breast_L", "ESTRO"),
        ("Larynx (DAHANCA)", "Larynx", "DAHANCA"),
        ("CTVn_RTOG", "CTVn", "RTOG"),
        ("RTOG", None, "RTOG"),
        ("Heart", "Heart", ""),
        ("Destroyed", None, ""),
    ],
)
def test_a_contouring_guideline_is_no_part_of_the_name(
    mapper: Mapper, raw: str, name: str | None, guideline: str
) -> None:
    mapping = mapper.map_name(raw)
    assert (mapping.tg263_name, mapping.guideline) == (name, guideline)
    assert mapping.auto is (name is not None)


@pytest.mark.parametrize("raw", ["zRectum", "_Rectum", "z_Bladder", "zPTVopt", "zLungs"])
def test_a_prefix_keeps_a_structure_out_of_evaluation(mapper: Mapper, raw: str) -> None:
    mapping = mapper.map_name(raw)
    assert (mapping.kind, mapping.tg263_name) == (Kind.HELPER, None)


@pytest.mark.parametrize("raw", ["Zunge", "zona", "Zaadblaasjes"])
def test_a_word_that_begins_with_z_is_no_prefix(mapper: Mapper, raw: str) -> None:
    assert mapper.map_name(raw).kind is not Kind.HELPER


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("Lungs", "Lungs"),
        ("Hippocampi", "Hippocampi"),
        ("Lung L+R", "Lungs"),
        ("Nieren", "Kidneys"),
    ],
)
def test_pairs_are_plurals(mapper: Mapper, raw: str, want: str) -> None:
    assert mapper.map_name(raw).tg263_name == want
