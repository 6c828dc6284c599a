"""Whatever a name contains, it is answered, and nothing odd is applied unseen."""

import random

import pytest

from harmonizer.data.tg263 import load_nomenclature
from harmonizer.domain.nomenclature import Mapper, Status


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "\t\n",
        "___",
        "-",
        "🫁",
        "٣٤",
        "肺",
        "ريئة يسرى",
        "\u202e",
        "\x00\x01",
        "%",
        "^",
        "~",
        "!",
    ],
)
def test_names_without_a_letter_to_read_stay_unmapped(mapper: Mapper, raw: str) -> None:
    mapping = mapper.map_name(raw)
    assert mapping.tg263_name is None
    assert mapping.reason


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("Lung\u200b_L", "Lung_L"),
        ("\u202eLung_L", "Lung_L"),
        ("Lung\x00L", "Lung_L"),
        ("Ｌｕｎｇ＿Ｌ", "Lung_L"),
        ("Lung_L🫁", "Lung_L"),
        ("Неart", "Heart"),  # the first two letters are Cyrillic
        ("Ho\u0308ft", None),
    ],
)
def test_invisible_and_lookalike_letters(mapper: Mapper, raw: str, want: str | None) -> None:
    mapping = mapper.map_name(raw)
    assert mapping.tg263_name == want or not mapping.auto


def test_long_names(mapper: Mapper) -> None:
    assert mapper.map_name("x" * 64).status is Status.UNMAPPED
    assert mapper.map_name("left " * 2_000_000).tg263_name is None
    assert mapper.map_name("a1" * 5_000).tg263_name is None


def test_no_text_makes_it_fail(mapper: Mapper) -> None:
    rng = random.Random(1)
    pieces = [s.name for s in load_nomenclature().structures[::7]]
    pieces += [
        *"LRvdohgs^~!-_+/&%()[]{}.,;:'\"\\|*?#0123456789",
        "PRV",
        "PTV",
        "mm",
        "Gy",
        " ",
        "\u0301",
    ]
    for _ in range(3_000):
        raw = "".join(rng.choices(pieces, k=rng.randrange(1, 6)))
        mapping = mapper.map_name(raw)
        assert 0.0 <= mapping.confidence <= 1.0
        assert mapping.raw_name == raw
        assert mapping.auto <= (mapping.confidence >= 0.97)


def test_any_letters_of_unicode(mapper: Mapper) -> None:
    rng = random.Random(2)
    for _ in range(2_000):
        raw = "".join(chr(rng.randrange(1, 0x2FFF)) for _ in range(rng.randrange(1, 20)))
        assert mapper.map_name(raw).raw_name == raw


def test_what_was_applied_is_a_standard_name_and_maps_to_itself(mapper: Mapper) -> None:
    for raw in (
        "vas keuhko",
        "Optic nerve L PRV 3mm",
        "PTV50",
        "Nieren",
        "both lungs^Ex",
        "CTV re",
    ):
        first = mapper.map_name(raw)
        again = mapper.map_name(first.tg263_name or "")
        assert again.tg263_name == first.tg263_name


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("OEILDT", "Eye_R"),
        ("nerfoptiqueg", "OpticNrv_L"),
        ("Niereli", "Kidney_L"),
        ("parotidesx", "Parotid_L"),
    ],
)
def test_a_side_may_be_glued_to_a_word_of_its_language(mapper: Mapper, raw: str, want: str) -> None:
    found = mapper.map_name(raw)
    assert (found.tg263_name, found.auto) == (want, True)


def test_a_last_d_is_the_right_side_but_not_unseen(mapper: Mapper) -> None:
    found = mapper.map_name("parot D")
    assert (found.tg263_name, found.auto) == ("Parotid_R", False)


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("Cord+5mm", "SpinalCord_PRV05"),
        ("brainstem_3mm", "Brainstem_PRV03"),
        ("Moelle + 5", "SpinalCord_PRV05"),
    ],
)
def test_a_margin_without_the_word_prv_is_left_to_a_curator(
    mapper: Mapper, raw: str, want: str
) -> None:
    found = mapper.map_name(raw)
    assert (found.tg263_name, found.auto) == (want, False)


@pytest.mark.parametrize("raw", ["PTV60-PTV50", "PTV-CTV", "PTV-SpinalCord_PRV"])
def test_one_target_less_something_is_a_planning_aid(mapper: Mapper, raw: str) -> None:
    found = mapper.map_name(raw)
    assert (found.status, found.tg263_name) == (Status.HELPER, None)


def test_anatomy_cut_short_is_not_a_planning_word_and_a_rest(mapper: Mapper) -> None:
    assert mapper.map_name("Submandi re").tg263_name == "Glnd_Submand_R"


@pytest.mark.parametrize(
    ("raw", "want"),
    [("O_Cord", "SpinalCord"), ("O_Kdny_Lt", "Kidney_L"), ("O_keuhko", "Lung_R")],
)
def test_an_o_before_a_name_marks_an_organ_at_risk_but_is_a_side_in_finnish(
    mapper: Mapper, raw: str, want: str
) -> None:
    found = mapper.map_name(raw)
    assert (found.tg263_name, found.auto) == (want, True)


def test_a_number_at_a_side_tells_copies_apart(mapper: Mapper) -> None:
    found = mapper.map_name("Lung_L1")
    assert (found.tg263_name, found.auto) == ("Lung_L", False)


@pytest.mark.parametrize("raw", ["bladdernonctv", "BladderMinusCTV", "Bladder not CTV"])
def test_an_organ_less_a_target_has_a_name_of_the_list(mapper: Mapper, raw: str) -> None:
    assert mapper.map_name(raw).tg263_name == "Bladder-CTV"
