"""The table of faults, from the tests themselves.

    python -m tests.system.faults.table > docs/reliability.md

The first line of a test's docstring says: what is broken | what must come of it.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
HEAD = """# What the chain survives

Each fault is a test with real processes: a site Orthanc with the plugin, a gateway, the harmonizer
and the archive's Orthanc, with proxies that cut, delay or falsify what goes through them.
After each, one checker asks the same: everything offered is delivered and verified (or erased on
request), the account sums up, nothing is in the archive twice, every reference resolves, and no
original identifier is in an object or a file outside the hospital's vault.

This page is made from the tests (`python -m tests.system.faults.table`); a test keeps it so.
*Runs* says when: at each run of the tests, or with `./run test --all` only.

| Fault | What must come of it | Test | Runs |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    fault: str
    outcome: str
    test: str
    runs: str


def rows() -> Iterator[Row]:
    """Yield a row for each test, in the order of files and lines."""
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = (ast.get_docstring(node) or "").splitlines()[0]
                fault, _, outcome = (part.strip() for part in said.partition("|"))
                yield Row(fault, outcome, node.name, _runs(node))


def page() -> str:
    """Return the whole page as Markdown."""
    lines = [f"| {r.fault} | {r.outcome} | `{r.test}` | {r.runs} |" for r in rows()]
    return HEAD + "\n".join(lines) + "\n"


def _runs(node: ast.FunctionDef) -> str:
    marks = [ast.unparse(decorator) for decorator in node.decorator_list]
    if "pytest.mark.slow" in marks:
        return "with `--all`"
    return "each; more with `--all`" if any("pytest.mark.slow" in m for m in marks) else "each"


if __name__ == "__main__":
    sys.stdout.write(page())
