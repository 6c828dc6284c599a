"""A structure set is mapped together: what its names tell of each other."""

from harmonizer.domain.nomenclature import Context, Mapper, RoiName, SetMapping


def mapped(mapper: Mapper, *names: str, context: Context | None = None) -> SetMapping:
    rois = [RoiName(number, name) for number, name in enumerate(names, start=1)]
    return mapper.map_set(rois, context or Context())


def test_two_regions_of_one_name_are_both_kept_and_reported(mapper: Mapper) -> None:
    result = mapped(mapper, "left lung", "Lunge li", "Heart")
    assert [m.tg263_name for m in result.mappings] == ["Lung_L", "Lung_L", "Heart"]
    assert result.applied == {3: "Heart"}
    assert {(f.code, f.number) for f in result.findings} == {("NAME-SHARED", 1), ("NAME-SHARED", 2)}
    assert result.mappings[0].shares_name_with == (2,)


def test_the_one_that_is_named_so_itself_keeps_its_name(mapper: Mapper) -> None:
    assert mapped(mapper, "Lung_L", "left lung").applied == {1: "Lung_L"}


def test_names_differing_by_case_only_share_a_name(mapper: Mapper) -> None:
    assert mapped(mapper, "Lung_L", "lung_l").applied == {}


def test_the_set_s_language_helps_with_a_letter(mapper: Mapper) -> None:
    alone = mapper.map_name("Caput d")
    assert not alone.auto
    french = mapped(mapper, "Poumon gauche", "Coeur", "Moelle epiniere", "Parotide d")
    assert french.applied[4] == "Parotid_R"
    swedish = mapped(mapper, "Lunga vä", "Hjärta", "Ryggmärg", "Parotis v")
    assert swedish.applied[4] == "Parotid_L"


def test_a_word_of_two_languages_counts_in_the_one_that_the_set_speaks(mapper: Mapper) -> None:
    french = mapped(mapper, "Poumon gauche", "Coeur", "Moelle epiniere", "Rate", "NOG")
    assert (french.applied[4], french.applied[5]) == ("Spleen", "OpticNrv_L")
    english = mapped(mapper, "left lung", "Heart rate", "Rate")
    assert 3 not in english.applied


def test_organs_nearby_make_two_letters_certain(mapper: Mapper) -> None:
    chest = mapped(mapper, "Heart", "Lung_L", "Lung_R", "LV")
    assert chest.applied[4] == "Ventricle_L"
    head = mapped(mapper, "Brain", "Eye_L", "Eye_R", "LV")
    assert 4 not in head.applied


def test_the_treated_side_tells_which_side_is_the_same(mapper: Mapper) -> None:
    left = Context(laterality="L")
    assert mapped(mapper, "Contralateral breast", context=left).mappings[0].tg263_name == "Breast_R"
    assert mapped(mapper, "ipsi lung", context=left).mappings[0].tg263_name == "Lung_L"


def test_ten_thousand_regions(mapper: Mapper) -> None:
    result = mapped(mapper, *["Lung_L"] * 10_000)
    assert result.applied == {}
    assert len(result.findings) == 10_000
    assert len(result.mappings[0].shares_name_with) == 20


def test_a_name_beyond_sixteen_characters_is_reported(mapper: Mapper) -> None:
    result = mapped(mapper, "Musc_Sclmast left PRV 12mm", "PTV_A_Mesenteric_S_200x30-05")
    for finding, mapping in zip(result.findings, result.mappings, strict=True):
        assert finding.code == "NAME-LONG"
        assert len(mapping.tg263_name or "") > 16


def test_versions_are_told(mapper: Mapper) -> None:
    result = mapped(mapper, "Heart")
    assert (result.edition, result.rules_version) == ("TG-263 2017-08-15", 0)
    assert result.matcher_version


def test_initials_that_many_names_of_a_set_bear_say_who_drew_it(mapper: Mapper) -> None:
    signed = mapped(mapper, "heart_qk", "lung_lqk", "Parotid_R_qk", "cord qk", "bladder_xz")
    assert signed.applied == {1: "Heart", 2: "Lung_L", 3: "Parotid_R", 4: "SpinalCord"}
    again = mapped(mapper, "heart_qk", "lung_lqk", "Parotid_R_qk", "Heart")
    assert 1 not in again.applied  # the same organ twice: a curator chooses


def test_planning_words_that_many_names_bear_are_no_initials(mapper: Mapper) -> None:
    aids = mapped(mapper, "heart_opt", "lung_l_opt", "cord_opt", "bladder_opt")
    assert aids.applied == {}
