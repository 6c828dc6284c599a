"""Free text: what stays readable, what goes, and what a name that is also anatomy does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.data.deid import load_profile
from gateway.domain.deid.identification import decode
from gateway.domain.deid.text import LIMITS, REDACTED, Cleaner, name_words

VOCABULARY = load_profile().vocabulary
NAMES = name_words("Virtanen-Mäkinen^Maija", "130452-308Y")
CLEANER = Cleaner(VOCABULARY, bytes(32), NAMES)


def cleaned(text: str, vr: str = "LO") -> str:
    return CLEANER.clean(text, vr)[0]


STAYS = [
    "PTV_45Gy",
    "CTVn L1-L4",
    "GTVp",
    "Lung_L",
    "Kidney R",
    "BrainStem_PRV03",
    "SpinalCord_PRV",
    "r.26,s.40",
    "LAO BST",
    "PTV 50Gy/25fx",
    "Rinta vas 15x2,67",
    "Keuhko oik",
    "Selkäydin",
    "BRÖSTVÄGG VÄ",
    "Imusolmukkeet",
    "VMAT arc 1",
    "6X FFF",
    "z_ring 2 cm",
    "max 105%",
    "Ir-192",
    "I-125",
    "Pelvis Revised",
    "Breast L rev1",
    "",
]


@pytest.mark.parametrize("text", STAYS)
def test_published_words_stay(text: str) -> None:
    assert CLEANER.clean(text, "LO") == (text, [])


GOES = [
    "Virtanen",
    "VIRTANEN",
    "Makinen",
    "Maekinen",
    "Virtasen Maija",
    "130452-308Y",
    "130452 308Y",
    "Korhonen",
    "puh",
    "nenatriV",
    "VmlydGFuZW4=",
    "5669727461",
    "4d61696a61",
    "Virta\u200bnen",
    "Virt\0anen",
    "PTVVirtanen",
    "Oravapolku",
    "<script>alert</script>",
    "=cmd|calc",
    "VIRTANEN1952",
]


@pytest.mark.parametrize("text", GOES)
@pytest.mark.parametrize("around", ["{}", "PTV {}", "PTV_{}_45Gy", "{}/2"])
def test_everything_else_goes(text: str, around: str) -> None:
    result = cleaned(around.format(text))
    assert REDACTED in result
    parts = [
        part for part in text.replace("\u200b", " ").replace("\0", " ").split() if len(part) > 2
    ]
    assert not any(part in result for part in parts)


WHOLE = [
    "13.4.52",
    "13.4.1952",
    "13_4_52",
    "13 04 1952",
    "4/13/52",
    "1952-04-13",
    "1952_04_13",
    "19520413",
    "130452",
    "13 huhtikuu 1952",
    "13. huhtikuuta 1952",
    "13Apr1952",
    "April 13",
    "13 april -52",
    "040 123 4567",
    "040-1234567",
    "+358 40 123 4567",
    "(09) 471 1234",
    "V i r t a n e n",
    "V.i.r.t.a.n.e.n",
]


@pytest.mark.parametrize("text", WHOLE)
@pytest.mark.parametrize("around", ["{}", "GTV {}", "PTV {} iso"])
def test_dates_phones_and_spelt_names_take_the_whole_text_along(text: str, around: str) -> None:
    told = around.format(text)
    result, redacted = CLEANER.clean(told, "LO")
    assert result.startswith(REDACTED)
    assert " " not in result
    assert redacted == [(result, told)]


@pytest.mark.parametrize("text", ["PTV 50 2 25", "Margin 5", "2x2x2", "0 0 0", "x y z", "G 181 B1"])
def test_numbers_that_are_no_dates_stay(text: str) -> None:
    assert cleaned(text) == text


def test_a_name_that_is_anatomy_stays_alone_and_goes_beside_another() -> None:
    neck = Cleaner(VOCABULARY, bytes(32), name_words("Kaula^Rinta Maija"))
    assert neck.clean("PTV Kaula", "LO")[0] == "PTV Kaula"
    both = neck.clean("Kaula Rinta", "LO")[0]
    assert "Kaula" not in both
    assert "Rinta" not in both
    assert "KaulaRinta" not in neck.clean("KaulaRinta", "LO")[0]


def test_one_replacement_for_every_spelling_and_another_with_another_key() -> None:
    spellings = ("Mäkinen", "MÄKINEN", "makinen", "Ma\u0308kinen")
    assert len({cleaned(text) for text in spellings}) == 1
    other = Cleaner(VOCABULARY, bytes(range(32)), NAMES)
    assert other.clean("Mäkinen", "LO")[0] != cleaned("Mäkinen")


def test_a_number_of_the_identifier_goes_and_short_ones_do_not() -> None:
    cleaner = Cleaner(VOCABULARY, bytes(32), name_words("", "KUH-01-4711"))
    assert cleaner.clean("PTV 4711", "LO")[0].startswith("PTV " + REDACTED)
    assert cleaner.clean("ID4711", "LO")[0].startswith(REDACTED)
    assert cleaner.clean("PTV 01", "LO")[0] == "PTV 01"


@given(st.text(max_size=60), st.sampled_from(["SH", "LO", "ST"]))
def test_a_result_fits_and_cleaning_it_again_keeps_what_is_readable(text: str, vr: str) -> None:
    text = text[: LIMITS[vr]]
    result, redacted = CLEANER.clean(text, vr)
    assert len(result) <= LIMITS[vr]
    assert bool(redacted) == (result != text)
    for name in ("virtanen", "makinen", "maija"):
        assert name not in result.casefold()


CODES_STAY = ["113100", "123037004", "T-D1213", "SRT", "DCM", "99IMPAC", "13.7.33", "15.6 Build 13"]
CODES_GO = [
    "Virtanen",
    "KORHONEN",
    "130452-308Y",
    "19520413",
    "2023-05-01",
    "13.4.1952",
    "040 123 4567",
]


@pytest.mark.parametrize("text", CODES_STAY)
def test_codes_and_versions_stay(text: str) -> None:
    assert CLEANER.clean_code(text, "LO") == (text, [])


@pytest.mark.parametrize("text", CODES_GO)
def test_codes_that_say_something_else_go(text: str) -> None:
    assert CLEANER.clean_code(text, "LO")[0].startswith(REDACTED)


@pytest.mark.parametrize(
    ("patient_id", "value", "names"),
    [
        ("CT-2020-15", "CT", False),
        ("RTPLAN_7", "RTPLAN", False),
        ("KUH-01-4711", "01", False),
        ("P4711", "P4711", True),
        ("130452-308Y", "130452-308Y", True),
    ],
)
def test_a_coded_value_names_somebody_only_if_it_is_no_common_term(
    patient_id: str, value: str, names: bool
) -> None:
    cleaner = Cleaner(VOCABULARY, bytes(32), name_words("Virtanen^Maija", patient_id))
    assert cleaner.names_somebody(value) is names


@pytest.mark.parametrize(
    ("value", "character_set", "text"),
    [
        ("Pää".encode("latin-1"), b"ISO_IR 100", "Pää"),
        ("Pää".encode(), b"ISO_IR 192", "Pää"),
        ("Pää".encode("latin-1"), b"ISO_IR 192", "Pää"),
        ("Pää".encode(), b"", "Pää"),
        ("Pää".encode("latin-1"), b"", "Pää"),
        ("Pää".encode("latin-1"), b"ISO_IR 999", "Pää"),
        (b"\x1b$B;3ED\x1b(B", b"\\ISO 2022 IR 87", "山田"),
        ("山田".encode("gb18030"), b"GB18030", "山田"),
        (b"plain", b"ISO_IR 192", "plain"),
    ],
)
def test_text_is_read_by_its_character_set_or_as_what_it_is(
    value: bytes, character_set: bytes, text: str
) -> None:
    assert decode(value, character_set) == text


def test_an_unknown_character_set_is_never_told(recwarn: pytest.WarningsRecorder) -> None:
    """A library warns about it by its name, and a log would have the patient."""
    assert decode("Pää".encode(), b"Virtanen") == "Pää"
    assert not recwarn.list
