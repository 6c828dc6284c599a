"""The table of faults, from the tests themselves and from what came of them (`results.py`).

    python -m tests.system.faults.table > docs/reliability.md

A test that injects faults is marked with their numbers (`catalogue.py`); the first line of its
docstring says: what is broken | what must come of it.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.system.faults.catalogue import FAULTS
from tests.system.faults.results import read_results

TESTS = Path(__file__).parents[2]
HEAD = """# What the chain survives

Each fault is a test with real processes: a site Orthanc with the plugin, a gateway, the harmonizer
and the archive's Orthanc, TLS with client certificates between them, and proxies that cut, delay or
falsify what goes through. After each fault of `tests/system/faults`, one checker asks the same:

- everything offered is in exactly one place: delivered and verified, held, refused with a code, set
  aside, withheld, or deleted on request; and gateway and archive count the same,
- nothing is in the archive twice, and every reference in it resolves,
- no original identifier is in an object, nor in the end in any file of the stack: the vault and all
  that the gateway keeps are encrypted.

*Runs* says when: at each run of the tests, or with `./run test --all` only. Tests that fill a disk
mount a volume and need root; those that set the clock need a C compiler. 46 is a test of bytes.
*Result* is what the test said when it last ran: for how many points of the fault it passed, failed,
or was skipped, on which day and with which Orthanc.

This page is made from the tests and from what they said (`tests/system/faults/results.json`); a
test keeps it so. As root, with everything that `./run doctor` asks for:

```
.venv/bin/python -m pytest -p tests.system.faults.results -m fault    # about an hour
.venv/bin/python -m tests.system.faults.table > docs/reliability.md
```

{covered} of {all} faults have a test.

| # | Fault | What is done | What comes of it | Test | Runs | Result |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    numbers: tuple[int, ...]
    what: str
    outcome: str
    test: str
    runs: str


def rows() -> Iterator[Row]:
    """Yield a row for each test that is marked, in the order of files and lines."""
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text("utf-8")
        if "pytest.mark.fault" not in text:
            continue
        for node in ast.parse(text).body:
            numbers = _numbers(node) if isinstance(node, ast.FunctionDef) else ()
            if isinstance(node, ast.FunctionDef) and numbers:
                said = (ast.get_docstring(node) or "").splitlines()[0]
                what, _, outcome = (part.strip() for part in said.partition("|"))
                yield Row(numbers, what, outcome, node.name, _runs(node))


def page() -> str:
    """Return the whole page as Markdown."""
    found = list(rows())
    covered = {number for row in found for number in row.numbers}
    results = read_results()
    lines = []
    for number, fault in FAULTS.items():
        mine = [row for row in found if number in row.numbers]
        for row in mine:
            said = results.get(row.test, "not run yet")
            cells = (number, fault, row.what, row.outcome, f"`{row.test}`", row.runs, said)
            lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
        if not mine:
            lines.append(f"| {number} | {fault} | – | – | – | – | – |")
    head = HEAD.format(covered=len(covered), all=len(FAULTS))
    return head + "\n".join(lines) + "\n"


def _numbers(node: ast.FunctionDef) -> tuple[int, ...]:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.fault":
            return tuple(ast.literal_eval(one) for one in decorator.args)
    return ()


def _runs(node: ast.FunctionDef) -> str:
    marks = [ast.unparse(decorator) for decorator in node.decorator_list]
    if "pytest.mark.slow" in marks:
        return "with `--all`"
    return "each; more with `--all`" if any("pytest.mark.slow" in m for m in marks) else "each"


if __name__ == "__main__":
    sys.stdout.write(page())
