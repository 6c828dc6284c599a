"""Names as hospitals write them, in each language, with the standard name worked out by hand."""

import pytest

from harmonizer.domain.nomenclature import Mapper

CASES = {
    "en": {
        "Lt Fem Head": "Femur_Head_L",
        "R_Optic_Nerve": "OpticNrv_R",
        "Cord": "SpinalCord",
        "Sm Bowel": "Bowel_Small",
        "Both lungs": "Lungs",
        "Lung (R)": "Lung_R",
        "L SMG": "Glnd_Submand_L",
        "Neck level IIa R": "LN_Neck_IIA_R",
        "Sup vena cava": "V_Venacava_S",
        "Base of tongue": "Tongue_Base",
    },
    "fi": {
        "vas keuhko": "Lung_L",
        "Reisiluun pää oik": "Femur_Head_R",
        "Selkäydin": "SpinalCord",
        "Selkäydinkanava": "SpinalCanal",
        "Eturauhanen": "Prostate",
        "Munuaiset": "Kidneys",
        "Näköhermo vas": "OpticNrv_L",
    },
    "sv": {
        "Lunga vä": "Lung_L",
        "Ryggmärg": "SpinalCord",
        "Öga hö": "Eye_R",
        "Ändtarm": "Rectum",
        "Båda lungor": "Lungs",
        "Sädesblåsor": "SeminalVes",
    },
    "da": {"Nyre hø": "Kidney_R", "Rygmarv": "SpinalCord", "Blære": "Bladder", "Hjerte": "Heart"},
    "nb": {"Øye v": "Eye_L", "Ryggmarg": "SpinalCord", "Munnhule": "Cavity_Oral"},
    "de": {
        "Parotis li": "Parotid_L",
        "Hüftkopf re": "Femur_Head_R",
        "Rueckenmark": "SpinalCord",
        "Mundhöhle": "Cavity_Oral",
        "Lunge bds": "Lungs",
        "Lungenoberlappen re": "Lung_RUL",
        "Dünndarm": "Bowel_Small",
    },
    "nl": {"Long rechts": "Lung_R", "Slokdarm": "Esophagus", "Heupkop L": "Femur_Head_L"},
    "fr": {
        "Poumon D": "Lung_R",
        "Tête fémorale G": "Femur_Head_L",
        "Moelle épinière": "SpinalCord",
        "Tronc cerebral": "Brainstem",
        "Œsophage": "Esophagus",
    },
    "es": {
        "Pulmón izq": "Lung_L",
        "Parótida dcha": "Parotid_R",
        "Médula espinal": "SpinalCord",
        "Cabeza femoral D": "Femur_Head_R",
        "Riñones": "Kidneys",
    },
    "it": {"Polmone sx": "Lung_L", "Rene dx": "Kidney_R", "Midollo spinale": "SpinalCord"},
    "la": {"Gl. submandibularis sin": "Glnd_Submand_L", "Caput femoris dxt": "Femur_Head_R"},
}
LISTED = [(lang, raw, want) for lang, cases in CASES.items() for raw, want in cases.items()]


@pytest.mark.parametrize(("language", "raw", "want"), LISTED)
def test_a_local_name_is_understood_and_certain(
    mapper: Mapper, language: str, raw: str, want: str
) -> None:
    mapping = mapper.map_name(raw)
    assert mapping.tg263_name == want, mapping.reason
    assert mapping.auto


def test_the_reason_says_what_each_word_means(mapper: Mapper) -> None:
    reason = mapper.map_name("vas keuhko").reason
    assert "'vas' = left (fi)" in reason
    assert "'keuhko' = lung (fi)" in reason


@pytest.mark.parametrize(
    ("slip", "want"),
    [
        ("parotd left", "Parotid_L"),
        ("Esophogus", "Esophagus"),
        ("brian stem", "Brainstem"),
        ("Lfet Kidney", "Kidney_L"),
        ("SPINL CRD", "SpinalCord"),
        ("Liv", "Liver"),
    ],
)
def test_slips_and_shortenings_are_found(mapper: Mapper, slip: str, want: str) -> None:
    mapping = mapper.map_name(slip)
    assert mapping.tg263_name == want
    assert "taken for" in mapping.reason


@pytest.mark.parametrize(
    "raw", ["SC", "LV", "BS", "SV", "T", "L", "NOG", "Rate", "Hip", "Medulla", "Jaw"]
)
def test_what_could_mean_several_things_is_not_applied(mapper: Mapper, raw: str) -> None:
    assert not mapper.map_name(raw).auto


@pytest.mark.parametrize(
    ("raw", "never"),
    [
        ("Spinal canal", "SpinalCord"),
        ("Femur L", "Femur_Head_L"),
        ("Bowel bag", "Bowel"),
        ("Body", "External"),
        ("Amygdala", "Tonsil"),
        ("Vestibule L", "Testis_L"),
        ("Rib Rt", "Rib"),
    ],
)
def test_neighbours_are_not_merged(mapper: Mapper, raw: str, never: str) -> None:
    mapping = mapper.map_name(raw)
    assert not (mapping.auto and mapping.tg263_name == never)


def test_a_name_without_its_side_offers_both(mapper: Mapper) -> None:
    mapping = mapper.map_name("Axillary nodes level 1")
    offered = {mapping.tg263_name, *(a.tg263_name for a in mapping.alternatives)}
    assert {"LN_Ax_L1_L", "LN_Ax_L1_R"} <= offered
    assert not mapping.auto
