"""What a gateway found wrong with a file, line by line, for the person who sent it."""

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console

SHOWN: Final = 50
console = Console(stderr=True)


def show_problems(problems: Sequence[dict[str, Any]]) -> None:
    """Tell where each is and what to do; no value of the file is in it."""
    for found in problems[:SHOWN]:
        line = f"line {found['line']}" if found["line"] else "the file"
        place = ", ".join(filter(None, (line, found["column"])))
        text = f"{place}: {found['reason']}; {found['mend']}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    if len(problems) > SHOWN:
        console.print(f"... and {len(problems) - SHOWN} more", markup=False)
