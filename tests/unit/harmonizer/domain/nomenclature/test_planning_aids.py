"""What is no organ gets no organ name, in particular none that would be applied unseen."""

import pytest

from harmonizer.domain.nomenclature import Kind, Mapper, RoiName


@pytest.mark.parametrize(
    "raw",
    [
        *("Ring1", "Shell 2cm", "rectum opt", "Bladder sparing", "Rectum minus PTV", "Lung + PTV"),
        *("rectum-ptv", "bladder in ptv", "PTV54 ring", "95 isodose", "Couch outer", "Table top"),
        *("Dental artefact", "Gold seed L", "Hot spot", "PTV+1cm", "Skin 3mm", "Hilfsring"),
        *("Pöytä", "Anneau PTV", "Tisch", "Sperrgebiet", "Lungs eval", "Block_Left_Kidney"),
    ],
)
def test_aids_are_recognised(mapper: Mapper, raw: str) -> None:
    mapping = mapper.map_name(raw)
    assert mapping.kind is Kind.HELPER
    assert mapping.tg263_name is None


@pytest.mark.parametrize(
    "raw",
    [
        *("Bladder2", "heart old", "pseudo bladder", "post rectum", "rectum bladder", "Body1"),
        *("heart + lung", "Bladder full", "Lower rectum", "Lung apex", "spermatic cord L", "arms"),
        *("R. bladder", "spared parotid", "Uterus+Cervix", "Left", "cord+0.5", "normal liver"),
        *(
            "FemHead L x2",
            "Lung_L_1",
            "Structure1",
            "54",
            "N1",
            "brain mets",
            "Tumour",
            "shoulder",
            "Rectum?",
        ),
    ],
)
def test_what_is_more_or_less_than_an_organ_is_not_applied(mapper: Mapper, raw: str) -> None:
    assert not mapper.map_name(raw).auto


@pytest.mark.parametrize("declared", ["BOLUS", "SUPPORT", "MARKER", "DOSE_REGION"])
def test_a_declared_type_makes_an_aid(mapper: Mapper, declared: str) -> None:
    mapping = mapper.map_name(RoiName(1, "left lung", declared))
    assert (mapping.kind, mapping.tg263_name) == (Kind.HELPER, None)


def test_an_organ_declared_a_target_is_left_to_a_person(mapper: Mapper) -> None:
    assert mapper.map_name(RoiName(1, "left breast", "ORGAN")).auto
    doubted = mapper.map_name(RoiName(1, "left breast", "PTV"))
    assert doubted.tg263_name == "Breast_L"
    assert not doubted.auto


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("both lungs minus GTV", "Lungs-GTV"),
        ("Lunge ges - PTV", "Lungs-PTV"),
        ("Leber ohne CTV", "Liver-CTV"),
        ("keuhkot ilman PTV", "Lungs-PTV"),
        ("BODY minus PTV", "Body-PTV"),
    ],
)
def test_such_differences_are_offered_and_not_applied(mapper: Mapper, raw: str, name: str) -> None:
    mapping = mapper.map_name(raw)
    assert mapping.tg263_name == name
    assert not mapping.auto


@pytest.mark.parametrize("name", ["Lungs-GTV", "Brain-PTV", "Liver - CTV"])
def test_differences_that_the_list_names_are_kept(mapper: Mapper, name: str) -> None:
    assert mapper.map_name(name).tg263_name == name.replace(" ", "")


@pytest.mark.parametrize("raw", ["Pacemaker", "Herzschrittmacher", "tahdistin", "Pacer"])
def test_a_device_has_a_name_of_the_list_and_is_no_organ(mapper: Mapper, raw: str) -> None:
    mapping = mapper.map_name(raw)
    assert (mapping.tg263_name, mapping.kind) == ("Pacemaker", Kind.HELPER)
