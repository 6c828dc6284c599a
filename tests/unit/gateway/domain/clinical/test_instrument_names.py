"""An instrument is known by every name that people give it, from whatever system it comes."""

import pytest

from gateway.adapters.clinical_codelists import load_code_lists
from harmonizer.data.instruments import load_instruments

LISTS = load_code_lists()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("qlq-c30", "qlq-c30"),
        ("EORTC QLQ-C30", "qlq-c30"),
        ("QLQ C30", "qlq-c30"),
        ("C30", "qlq-c30"),
        ("HN35", "qlq-hn35"),
        ("H&N35", "qlq-hn35"),
        ("QLQ-H&N43", "qlq-hn43"),
        ("EQ-5D", "eq-5d-5l"),
        ("EQ5D5L", "eq-5d-5l"),
        ("epic 26", "epic-26"),
        ("C3", None),
        ("QLQ", None),
        ("EORTC", None),
        ("", None),
        ("30", None),
    ],
)
def test_the_names_of_an_instrument(name: str, meant: str | None) -> None:
    assert LISTS.instrument(name) == meant


def test_no_name_of_one_is_a_name_of_another() -> None:
    for known in load_instruments():
        for name in (known, known.upper(), f"EORTC {known}", known.removeprefix("qlq-")):
            assert LISTS.instrument(name) == known
