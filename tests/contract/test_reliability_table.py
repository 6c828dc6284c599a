"""The table of faults in the documentation is that of the tests, and says what came of them."""

from pathlib import Path

import pytest

from tests.system.faults.results import RESULTS, Result, keep, read_results
from tests.system.faults.table import page, rows

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
TESTS = """
import pytest

@pytest.mark.fault(1)
@pytest.mark.parametrize("at", [1, 2, 3])
def test_some(at):
    assert at != 2
    if at == 3:
        pytest.skip("no root")

@pytest.fixture
def broken_afterwards():
    yield
    raise ValueError

@pytest.mark.fault(2)
def test_teardown(broken_afterwards):
    pass

def test_no_fault():
    pass
"""


def test_the_page_is_made_from_the_tests() -> None:
    text = "run `python -m tests.system.faults.table > docs/reliability.md`"
    assert PAGE.read_text("utf-8") == page(), text


def test_every_fault_says_what_breaks_and_what_must_come_of_it() -> None:
    found = list(rows())
    assert len({number for row in found for number in row.numbers}) >= 45
    assert [row.test for row in found if not (row.what and row.outcome)] == []


def test_results_are_of_tests_that_there_are() -> None:
    assert read_results().keys() <= {row.test for row in rows()}
    assert RESULTS.exists()


def test_what_has_not_run_keeps_its_result(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    keep({"test_a": {"a[1]": "passed", "a[2]": "failed"}}, "2026-11-01", "1.12.7", path)
    keep({"test_b": {"b": "skipped"}}, "2026-11-09", "1.12.9", path)
    assert {test: str(said) for test, said in read_results(path).items()} == {
        "test_a": "1 passed, 1 FAILED; 2026-11-01, Orthanc 1.12.7",
        "test_b": "1 skipped; 2026-11-09, Orthanc 1.12.9",
    }
    keep({"test_a": {"a[1]": "passed", "a[2]": "passed"}}, "2026-11-10", "1.12.9", path)
    assert read_results(path)["test_a"] == Result(2, 0, 0, "2026-11-10", "1.12.9")


def test_each_marked_test_is_noted_with_its_worst_phase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: dict[str, dict[str, str]] = {}
    monkeypatch.setattr("tests.system.faults.results.keep", lambda told, *_: noted.update(told))
    (tmp_path / "test_one.py").write_text(TESTS)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = fault\n")
    pytest.main(["-q", "-p", "tests.system.faults.results", "-c", f"{tmp_path}/pytest.ini"])
    assert {test: sorted(each.values()) for test, each in noted.items()} == {
        "test_some": ["failed", "passed", "skipped"],
        "test_teardown": ["failed"],
    }
