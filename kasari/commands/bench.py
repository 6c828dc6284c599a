"""`kasari bench`: run one of the measurements of `benchmarks/`."""

import subprocess
import sys
from ast import get_docstring, parse
from typing import Annotated

import typer

from kasari.errors import InputError
from kasari.setup import ROOT

FOLDER = ROOT / "benchmarks"
settings = {"allow_extra_args": True, "ignore_unknown_options": True}


def command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Which one; none lists them.")] = "",
) -> None:
    """Measure: times are printed beside what they are compared with, in the same run.

    Example: kasari bench chain
    """
    known = measurements()
    if not name:
        for word, text in known.items():
            typer.echo(f"{word:<12} {text}")
        return
    if name not in known:
        raise InputError(f"no such measurement; there are {', '.join(known)}")
    script = [sys.executable, "-m", f"benchmarks.{name}", *context.args]
    raise typer.Exit(subprocess.run(script, cwd=ROOT, check=False).returncode)


def measurements() -> dict[str, str]:
    """Return the measurements that can be run, each with its first line of description."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        text = path.read_text("utf-8")
        if '__name__ == "__main__"' in text:
            found[path.stem] = (get_docstring(parse(text)) or "").partition("\n")[0]
    if not found:
        raise InputError("the measurements are part of the source checkout, which is not here")
    return found
