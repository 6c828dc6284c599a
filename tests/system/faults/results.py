"""What came of the fault tests: a plugin for pytest that keeps it in `results.json`.

    .venv/bin/python -m pytest -p tests.system.faults.results -m fault

Only what has run is written anew; what has not keeps its result, with its day.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kasari.setup import OWN_FOLDER, find_orthanc

RESULTS = Path(__file__).with_name("results.json")
Outcomes = dict[str, dict[str, str]]
"""Test function to the outcome of each of its parameters: passed, failed or skipped."""


@dataclass(frozen=True)
class Result:
    """What a test said when it last ran."""

    passed: int
    failed: int
    skipped: int
    day: str
    orthanc: str

    def __str__(self) -> str:
        counts = {"passed": self.passed, "FAILED": self.failed, "skipped": self.skipped}
        told = [f"{count} {word}" for word, count in counts.items() if count]
        return f"{', '.join(told)}; {self.day}, Orthanc {self.orthanc}"


def read_results(path: Path = RESULTS) -> dict[str, Result]:
    if not path.exists():
        return {}
    return {test: Result(**said) for test, said in json.loads(path.read_text("utf-8")).items()}


def keep(outcomes: Outcomes, day: str, orthanc: str, path: Path = RESULTS) -> None:
    """Write down what has run, beside what has not."""
    found = {test: asdict(result) for test, result in read_results(path).items()}
    for test, each in outcomes.items():
        counts = Counter(each.values())
        said = Result(counts["passed"], counts["failed"], counts["skipped"], day, orthanc)
        found[test] = asdict(said)
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")


class _Recorder:
    """Notes the worst of setup, call and teardown of each test that is marked."""

    def __init__(self) -> None:
        self.outcomes: Outcomes = {}
        self._marked: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            if item.get_closest_marker("fault"):
                self._marked[item.nodeid] = item.name.partition("[")[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = self._marked.get(report.nodeid)
        if test is None or (report.passed and report.when != "call"):
            return
        said = self.outcomes.setdefault(test, {})
        if said.get(report.nodeid) != "failed":
            said[report.nodeid] = report.outcome

    def pytest_sessionfinish(self) -> None:
        orthanc = find_orthanc(OWN_FOLDER / "orthanc")
        if self.outcomes:
            day = datetime.now(UTC).date().isoformat()
            keep(self.outcomes, day, orthanc.version if orthanc else "none")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Recorder(), "fault-results")
