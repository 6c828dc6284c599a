"""A harmonizer that also writes down what it takes from the work list, a line each.

KASARI_TAKEN=FILE python -m tests.system.faults.second_harmonizer serve --config harmonizer.yml
"""

import os
import sys
from pathlib import Path
from typing import Any

from harmonizer.__main__ import main
from harmonizer.adapters.work import SqlWork
from harmonizer.ports import Task

claim = SqlWork.claim


def noted(self: SqlWork, *how: Any) -> Task | None:
    task = claim(self, *how)
    if task:
        with Path(os.environ["KASARI_TAKEN"]).open("a", encoding="utf-8") as file:
            file.write(f"{task.kind}\n")
    return task


if __name__ == "__main__":
    SqlWork.claim = noted  # type: ignore[method-assign]
    sys.exit(main())
