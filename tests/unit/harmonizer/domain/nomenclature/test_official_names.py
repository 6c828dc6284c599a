"""Every name of the list is understood as itself, however it is written."""

import random

import pytest

from harmonizer.data.tg263 import load_nomenclature
from harmonizer.domain.nomenclature import Kind, Mapper, Status, Structure

STRUCTURES = load_nomenclature().structures


def test_the_list_is_whole() -> None:
    assert len(STRUCTURES) == 717
    assert len({s.name.lower() for s in STRUCTURES}) == 717
    assert all(len(s.name) <= 16 for s in STRUCTURES)


@pytest.mark.parametrize(
    "name",
    ["Hypothalmus", "Colon_Decending", "LN_lliac_Int_R", "Lig_Hepatogastrc", "Laryngl_Pharynx"],
)
def test_spellings_that_look_wrong_are_kept(mapper: Mapper, name: str) -> None:
    assert mapper.map_name(name).tg263_name == name


def test_every_primary_name_is_itself(mapper: Mapper) -> None:
    for structure in STRUCTURES:
        mapping = mapper.map_name(structure.name)
        assert mapping.tg263_name == structure.name
        assert mapping.confidence == 1.0


def test_every_reverse_name_is_the_primary_name(mapper: Mapper) -> None:
    for structure in STRUCTURES:
        assert mapper.map_name(structure.reverse).tg263_name == structure.name


@pytest.mark.parametrize("separator", ["", " ", "_", "-", "__", " - "])
@pytest.mark.parametrize("change", [str.lower, str.upper, str.title, str.swapcase])
def test_case_and_separators_do_not_matter(mapper: Mapper, separator: str, change) -> None:
    for structure in STRUCTURES:
        written = change(structure.name.replace("_", separator))
        found = mapper.map_name(written)
        if structure.name == "VB_S" and not separator:
            assert found.tg263_name == "VBs"  # without its underscore the plural is meant
        else:
            assert found.tg263_name == structure.name, written


def test_a_missing_separator_is_found_at_random_places(mapper: Mapper) -> None:
    rng = random.Random(263)
    for structure in rng.sample(STRUCTURES, 200):
        letters = [
            rng.choice((c, "", " ", "-")) if c == "_" and structure.name != "VB_S" else c
            for c in structure.name
        ]
        assert mapper.map_name("".join(letters)).tg263_name == structure.name


def test_helpers_and_targets_of_the_list_are_no_organs(mapper: Mapper) -> None:
    assert mapper.map_name("Bolus").kind is Kind.HELPER
    assert mapper.map_name("PTV").kind is Kind.TARGET
    assert mapper.map_name("Markers").status is Status.HELPER


@pytest.mark.parametrize(
    ("written", "kind"),
    [("Bolus_05mm", Kind.HELPER), ("E-PTV_5040", Kind.HELPER), ("SpinalCord_PRV05", Kind.ORGAN)],
)
def test_names_of_a_template_row_keep_their_numbers(
    mapper: Mapper, written: str, kind: Kind
) -> None:
    mapping = mapper.map_name(written)
    assert (mapping.tg263_name, mapping.kind) == (written, kind)


def _partner(structure: Structure) -> Structure:
    return next(s for s in STRUCTURES if s.name == structure.twin)


def test_twins_point_at_each_other_and_differ_by_side() -> None:
    lateral = [s for s in STRUCTURES if s.twin]
    assert len(lateral) > 300
    for structure in lateral:
        other = _partner(structure)
        assert other.twin == structure.name
        assert {structure.snomed_side, other.snomed_side} <= {"7771000", "24028007", ""}
        assert structure.snomed_side != other.snomed_side or not structure.snomed_side
