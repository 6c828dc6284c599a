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
