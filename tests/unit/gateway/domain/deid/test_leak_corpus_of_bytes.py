"""The leak corpus in raw bytes, and that no entry of the list was forgotten."""

from pathlib import Path

import pytest

from gateway.errors import RejectError
from tests.factories import engine, leaks
from tests.factories.leak_table import page
from tests.factories.leaks import LEAKS, traces
from tests.factories.raw_leaks import ELSEWHERE, RAW_LEAKS, RawLeak

ENTRIES = 94
PAGE = Path(__file__).resolve().parents[5] / "docs" / "deidentification-leaks.md"


@pytest.mark.parametrize("leak", RAW_LEAKS, ids=str)
def test_it_is_refused_with_its_code_or_gone(leak: RawLeak) -> None:
    data = leak.data()
    if leak.code:
        with pytest.raises(RejectError) as refused:
            engine.site_bytes(data)
        assert refused.value.code == leak.code
        assert traces(str(refused.value).encode()) == []
        return
    site, national = engine.site_bytes(data), engine.national_bytes(data)
    assert traces(site) == traces(national) == []
    assert engine.objections(data, site, leaks.FAMILY, leaks.GIVEN, stage="site") == []
    assert engine.objections(data, national, leaks.FAMILY, leaks.GIVEN) == []


def test_every_entry_of_the_list_is_tried() -> None:
    tried = {leak.number for leak in LEAKS} | {leak.number for leak in RAW_LEAKS} | set(ELSEWHERE)
    assert tried == set(range(1, ENTRIES + 1))


def test_old_age_is_pooled() -> None:
    old = next(leak for leak in RAW_LEAKS if leak.number == 20)
    assert engine.after_both(old.data()).PatientAge == "090Y"


def test_the_names_of_raw_entries_are_all_different() -> None:
    names = [str(leak) for leak in RAW_LEAKS]
    assert len(set(names)) == len(names)


def test_the_page_tells_the_result_of_today() -> None:
    told = PAGE.read_text("utf-8")
    assert told == page(), "make it again: python -m tests.factories.leak_table"
    assert "; 0 leaks." in told
