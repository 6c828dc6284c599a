"""Every score has a name that people read; a code that is a word needs none."""

from dataclasses import replace

import pytest

from harmonizer.data.instruments import load_instruments
from harmonizer.errors import DataError


def test_every_code_that_is_no_word_has_a_name() -> None:
    for name, instrument in load_instruments().items():
        nameless = {code for code in instrument.codes if code not in instrument.names}
        assert not nameless or name == "qlq-hn43", (name, nameless)
        assert len(set(instrument.names.values())) == len(instrument.names), name


def test_one_code_of_two_instruments_is_told_apart() -> None:
    known = load_instruments()
    assert known["qlq-c30"].label("SF") == "SF social functioning"
    assert known["qlq-cr29"].label("SF") == "SF stool frequency"
    assert known["qlq-hn43"].label("TEETH") == "TEETH"


def test_a_name_of_no_scale_is_refused() -> None:
    with pytest.raises(DataError, match="belongs to no scale"):
        replace(load_instruments()["qlq-c30"], names={"XX": "nothing"})
