"""`kasari consent`: bring a centre's consent list to its gateway."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kasari.errors import InputError
from kasari.setup.options import DataFolder
from kasari.stack import chosen_folder, open_stack
from kasari.stack.consents import import_consents

app = typer.Typer(no_args_is_help=True, help="Consent lists of a centre.")
console = Console(stderr=True)
SHOWN = 20


@app.callback()
def consents() -> None:
    """Consent lists of a centre."""


@app.command("import")
def import_list(
    file: Annotated[
        Path, typer.Argument(help="CSV, one line a person and statement; or a FHIR R4 Bundle.")
    ],
    centre: Annotated[str, typer.Option(help="The centre, e.g. KUH.")],
    preview: Annotated[bool, typer.Option(help="Only say what would change.")] = False,
    data: DataFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Import a consent list: all of it, or nothing if a line is wrong.

    Returns when the site's Orthanc knows of it.
    Example: kasari consent import consents.csv --centre KUH
    """
    place = open_stack(chosen_folder(data)).centre(centre)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
    report = import_consents(place, content, preview=preview)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        _show(report)
    if report["problems"]:
        many = len(report["problems"])
        what = "1 line or entry is" if many == 1 else f"{many} lines or entries are"
        raise InputError(f"{what} wrong; nothing was imported")


def _show(report: dict[str, Any]) -> None:
    for problem in report["problems"][:SHOWN]:
        place = ", ".join(filter(None, (f"line {problem['line']}", problem["column"])))
        console.print(f"{place}: {problem['reason']}; {problem['mend']}", markup=False)
    if report["problems"]:
        return
    words = (
        "rows",
        "granted",
        "declined",
        "withdrawn",
        "stopped",
        "deceased",
        "new",
        "changed",
        "unchanged",
    )
    typer.echo(", ".join(f"{report[word]} {word}" for word in words))
