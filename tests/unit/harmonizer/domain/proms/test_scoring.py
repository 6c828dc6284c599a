"""Scores of questionnaires: each instrument's own vectors, and what must always hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonizer.data.instruments import load_instrument, load_instruments
from harmonizer.domain.proms import Instrument, check_answers, missing_reason, score
from harmonizer.errors import DataError, NotFoundError

VECTORS = [
    pytest.param(instrument, vector, id=f"{instrument.id}-{number}")
    for instrument in load_instruments().values()
    for number, vector in enumerate(instrument.vectors)
]
EACH = pytest.mark.parametrize("instrument", load_instruments().values(), ids=lambda i: i.id)


@pytest.mark.parametrize(("instrument", "vector"), VECTORS)
def test_a_file_s_own_vectors_hold(instrument: Instrument, vector) -> None:  # type: ignore[no-untyped-def]
    scores = score(instrument, vector.answers)
    assert {code: scores[code] for code in vector.scores} == pytest.approx(vector.scores, abs=1e-9)


@EACH
def test_every_scale_is_in_a_vector_with_a_value(instrument: Instrument) -> None:
    tested = {c for v in instrument.vectors for c, value in v.scores.items() if value is not None}
    assert tested == set(instrument.codes)


@EACH
def test_no_answers_give_no_scores(instrument: Instrument) -> None:
    assert set(score(instrument, {}).values()) == {None}


@EACH
@settings(max_examples=25)
@given(data=st.data())
def test_scores_stay_between_0_and_100(instrument: Instrument, data: st.DataObject) -> None:
    answers = {
        code: data.draw(
            st.none()
            | (
                st.sampled_from(sorted(item.recode))
                if item.recode
                else st.integers(item.lowest, item.highest)
            )
        )
        for code, item in instrument.items.items()
    }
    digits = {s.code for s in instrument.scales if s.direction == "digits"}
    for code, value in score(instrument, answers).items():
        assert value is None or code in digits or -1e-9 <= value <= 100 + 1e-9
        assert (missing_reason(instrument, code, answers) is None) == (value is not None)


def test_an_impossible_answer_is_refused_by_name() -> None:
    c30 = load_instrument("qlq-c30")
    assert [p.item for p in check_answers(c30, {"q99": 1, "q1": 5, "q29": 7})] == ["q99", "q1"]
    with pytest.raises(DataError, match="5 is not an answer to q1"):
        score(c30, {"q1": 5})


def test_an_unknown_instrument_is_refused_with_the_list() -> None:
    with pytest.raises(NotFoundError, match="qlq-c30"):
        load_instrument("qlq-z99")


def c30(numbers: str) -> dict[str, int | None]:
    return {f"q{n}": int(v) for n, v in enumerate(numbers.split(), start=1)}


@pytest.mark.parametrize(
    ("answers", "wanted"),
    [
        (
            "4 4 1 4 3 1 4 4 1 3 2 4 4 1 4 2 4 2 1 4 1 4 3 4 1 4 4 1 2 3",
            {"PF2": 26.67, "RF2": 50, "EF": 33.33, "CF": 50, "SF": 0, "QL2": 25, "SumSc": 36.67},
        ),
        (
            "1 3 1 3 3 4 3 2 1 1 4 3 3 4 3 1 1 1 1 3 2 3 1 1 1 4 3 4 4 2",
            {"PF2": 60, "RF2": 16.67, "EF": 75, "QL2": 33.33, "FA": 22.22, "SumSc": 56.11},
        ),
    ],
)
def test_published_rows_scored_by_the_reference_implementation(
    answers: str, wanted: dict[str, float]
) -> None:
    scores = score(load_instrument("qlq-c30"), c30(answers))
    assert {k: scores[k] for k in wanted} == pytest.approx(wanted, abs=0.005)
