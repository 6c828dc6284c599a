"""Search parameters: what is read from them, and that a wrong one is named."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonizer.domain.cohorts import (
    Comparison,
    DoseCondition,
    Level,
    PromCondition,
    Question,
    Span,
    ToxicityCondition,
    make_words,
    parse_question,
)
from harmonizer.errors import RefusedError

WORDS = make_words(
    ["Heart", "Lung_L", "SpinalCord"],
    ["Mean[Gy]", "D95%[Gy]", "D0.03cc[Gy]", "V20Gy[%]", "gEUD8[Gy]", "Volume[cc]"],
    ["Dermatitis radiation", "Dry mouth"],
    {"qlq-c30": ["FA", "QL2"]},
)


def parse(*parameters: tuple[str, str], level: Level = Level.STUDY) -> Question:
    return parse_question(parameters, level, WORDS)


@pytest.mark.parametrize(
    ("text", "metric", "comparison", "value"),
    [
        ("Heart:Mean[Gy]>2", "Mean[Gy]", Comparison.MORE, 2.0),
        ("heart:Dmean>=2.5", "Mean[Gy]", Comparison.AT_LEAST, 2.5),
        ("HEART:mean<=0.5", "Mean[Gy]", Comparison.AT_MOST, 0.5),
        ("Heart:D95%<40", "D95%[Gy]", Comparison.LESS, 40.0),
        ("Heart:D0.03cm3[Gy]<40", "D0.03cc[Gy]", Comparison.LESS, 40.0),
        ("Heart:V20Gy>10", "V20Gy[%]", Comparison.MORE, 10.0),
        ("Heart:V2000cGy[%]>10", "V20Gy[%]", Comparison.MORE, 10.0),
        ("Heart:gEUD8>30", "gEUD8[Gy]", Comparison.MORE, 30.0),
        ("Heart:Volume>400", "Volume[cc]", Comparison.MORE, 400.0),
    ],
)
def test_a_dose_condition(text: str, metric: str, comparison: Comparison, value: float) -> None:
    assert parse(("dvh", text)).doses == (DoseCondition("Heart", metric, comparison, value),)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("Dry mouth>=2", Span()),
        ("dry  MOUTH>=2@1..90", Span(1, 90)),
        ("Dry mouth>=2@..90", Span(None, 90)),
        ("Dry mouth>=2@-14..", Span(-14, None)),
    ],
)
def test_a_toxicity_condition(text: str, span: Span) -> None:
    expected = ToxicityCondition("dry mouth", Comparison.AT_LEAST, 2, span)
    assert parse(("toxicity", text)).toxicities == (expected,)


def test_a_score_condition() -> None:
    expected = PromCondition("qlq-c30", "FA", Comparison.AT_LEAST, 33.3, Span(90, 400))
    assert parse(("prom", "QLQ-C30:fa>=33.3@90..400")).scores == (expected,)


def test_conditions_add_up_and_values_of_a_key_are_alternatives() -> None:
    question = parse(
        ("ROIName", "heart"),
        ("ROIName", "Lung_*"),
        ("ROIName", "PTV_High"),
        ("dvh", "Heart:Mean>1"),
        ("dvh", "Heart:Mean<5"),
        ("CentreName", "KUH,Tyks"),
        ("Laterality", "l"),
        ("0020000d", "1.2\\1.3"),
    )
    assert question.names == ("Heart", "Lung_*", "PTV_High")
    assert len(question.doses) == 2
    assert question.centres == ("KUH", "Tyks")
    assert question.sides == ("L",)
    assert question.studies == ("1.2", "1.3")
    assert question.is_narrow


def test_keys_for_the_store_are_kept_as_they_are_by_level() -> None:
    question = parse(("StudyDate", "20200101-20201231"), ("00100040", "F"))
    assert question.standard == (("StudyDate", "20200101-20201231"), ("PatientSex", "F"))
    assert not question.is_narrow
    assert parse(("SeriesDescription", "x*"), level=Level.SERIES).standard
    with pytest.raises(RefusedError, match=r"^SeriesDescription: not a key of a search for study"):
        parse(("SeriesDescription", "x*"))


def test_what_a_server_may_ignore_is_ignored() -> None:
    plain = parse()
    assert parse(("fuzzymatching", "true"), ("PatientName", ""), ("includefield", "all")) == plain


def test_pages_and_fields() -> None:
    question = parse(("limit", "20"), ("offset", "40"), ("includefield", "StudyID,00081030"))
    assert (question.limit, question.offset) == (20, 40)
    assert question.fields == ("StudyID", "00081030")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dvh", "SpinalCord"),
        ("dvh", "SpinalCord:Mean[Gy]"),
        ("dvh", "SpinalCord:Mean[Gy]>"),
        ("dvh", "Heart:Mean[Gy]>2Gy"),
        ("dvh", "Heart:Mean[Gy]=2"),
        ("dvh", "Heart:Mean[Gy]>1e9"),
        ("dvh", "Lung_*:Mean[Gy]>2"),
        ("dvh", "Hart:Mean[Gy]>2"),
        ("dvh", "Heart:V21Gy[%]>2"),
        ("ROIName", "Sydän"),
        ("ROIName", "'; drop table course; --"),
        ("toxicity", "Dry mouth"),
        ("toxicity", "Dry mouth>=6"),
        ("toxicity", "Dry mouth>=2@90"),
        ("toxicity", "Dry mouth>=2@90..1"),
        ("toxicity", "Dry mouths>=2"),
        ("prom", "qlq-c30:XX>1"),
        ("prom", "qlq-c31:FA>1"),
        ("Laterality", "left"),
        ("BodyPartExamined", "KNEE"),
        ("CentreName", "KUH;"),
        ("PatientID", "a b"),
        ("StudyInstanceUID", "1.2.x"),
        ("limit", "0"),
        ("limit", "many"),
        ("limit", "²"),
        ("offset", "-1"),
        ("includefield", "a;b"),
    ],
)
def test_a_wrong_value_names_its_key_and_is_not_told_back(key: str, value: str) -> None:
    with pytest.raises(RefusedError, match=f"^{key}: ") as caught:
        parse((key, value))
    assert caught.value.http_status == 400
    assert value not in str(caught.value)


def test_an_unknown_key_is_named_only_if_it_looks_like_one() -> None:
    with pytest.raises(RefusedError, match=r"^Nonsense: not a key"):
        parse(("Nonsense", "1"))
    with pytest.raises(RefusedError, match=r"^a key: not a key"):
        parse(("<b>Virtanen</b>", "1"))


def test_too_much_is_refused() -> None:
    with pytest.raises(RefusedError, match="at most"):
        parse(*[("ROIName", "Heart")] * 51)
    with pytest.raises(RefusedError, match="too long"):
        parse(("ROIName", "H" * 201))


KEYS = ["dvh", "ROIName", "toxicity", "prom", "Laterality", "limit", "CentreName", "PatientID"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(KEYS) | st.text(max_size=20),
            st.text(max_size=60) | st.text(string.printable, max_size=60),
        ),
        max_size=6,
    ),
    st.sampled_from(Level),
)
def test_whatever_comes_there_is_a_question_or_a_refusal(
    parameters: list[tuple[str, str]], level: Level
) -> None:
    try:
        question = parse_question(parameters, level, WORDS)
    except RefusedError:  # any other error fails the test
        return
    assert question.level is level
    assert question.limit is None or question.limit > 0


@given(
    st.sampled_from(["Heart", "Lung_L", "SpinalCord"]),
    st.sampled_from(sorted(WORDS.metrics.values())),
    st.sampled_from(Comparison),
    st.integers(-10_000, 10_000),
)
def test_what_is_written_is_what_is_asked(
    name: str, metric: str, comparison: Comparison, hundredths: int
) -> None:
    value = hundredths / 100
    (found,) = parse(("dvh", f"{name}:{metric}{comparison.value}{value:.2f}")).doses
    assert found == DoseCondition(name, metric, comparison, value)
