"""`kasari recruitment`: who was asked to take part, and who answers."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console
from rich.table import Table

from kasari.errors import InputError, StackError
from kasari.setup.options import DataFolder
from kasari.stack import chosen_folder, open_stack

app = typer.Typer(no_args_is_help=True, help="Who was asked to take part, and who answers.")
console = Console(stderr=True)
SHOWN: Final = 20
STEPS: Final = ("eligible", "asked", "consented", "declined", "withdrawn")


@app.command("import")
def import_log(
    file: Annotated[Path, typer.Argument(help="CSV: step, month, diagnosis, age, sex, count.")],
    centre: Annotated[str, typer.Option(help="The centre, e.g. KUH.")],
    source: Annotated[str, typer.Option(help="The log's name: a log replaces its namesake.")] = (
        "log"
    ),
    data: DataFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Import a screening log: all of it, or nothing if a line is wrong. Only counts are kept.

    Example: kasari recruitment import screening.csv --centre KUH
    """
    place = open_stack(chosen_folder(data)).centre(centre)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
    url, token = f"{place.gateway_url}/api/v1/recruitment", place.operator_token()
    report = _ask("POST", url, token, params={"source": source}, content=content).json()
    for problem in report["problems"][:SHOWN]:
        where = f"line {problem['line']}, {problem['column']}" if problem["line"] else "the file"
        console.print(f"{where}: {problem['reason']}; {problem['mend']}", markup=False)
    if report["problems"]:
        raise InputError(f"{len(report['problems'])} problems; nothing was imported")
    counted = ", ".join(f"{report['counted'].get(step, 0)} {step}" for step in STEPS)
    typer.echo(json.dumps(report) if as_json else f"{report['lines']} lines: {counted}")


@app.command()
def show(
    by: Annotated[str, typer.Option(help="all, month, diagnosis, age_band or sex.")] = "all",
    data: DataFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show what the centres told the archive. Example: kasari recruitment show --by sex"""
    url, token = _archive(data)
    rows = _ask("GET", f"{url}/api/v1/recruitment", token).json()
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("centre", "group", *STEPS, "of eligible")
    for row in rows:
        if row["by"] == by:
            rate = row["consent_rate"]
            numbers = ("few" if row[step] is None else str(row[step]) for step in STEPS)
            said = "-" if rate is None else f"{100 * rate:.0f} %"
            table.add_row(row["centre"], row["group"], *numbers, said)
    Console().print(table)


@app.command()
def weights(
    instrument: Annotated[str, typer.Option(help="Id of the instrument, e.g. qlq-c30.")],
    timepoint: Annotated[str, typer.Option(help="For example 12-months.")],
    out: Annotated[Path, typer.Option(help="CSV to write.")],
    data: DataFolder = None,
) -> None:
    """Write inverse-probability weights of who answered, against who should have.

    Example: kasari recruitment weights --instrument qlq-c30 --timepoint 12-months --out w.csv
    """
    url, token = _archive(data)
    asked = {"instrument": instrument, "timepoint": timepoint}
    answer = _ask("GET", f"{url}/api/v1/proms/weights.csv", token, params=asked)
    try:
        out.write_bytes(answer.content)
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}") from error
    console.print(f"wrote {out}: {answer.text.count(chr(10)) - 1} patients", markup=False)


def _archive(data: Path | None) -> tuple[str, str]:
    stack = open_stack(chosen_folder(data))
    return stack.archive_url, stack.reader_token("researcher")


def _ask(method: str, url: str, token: str, **how: Any) -> httpx.Response:
    """Ask, and let an answer pass that says what is wrong with a file."""
    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.request(method, url, headers=headers, timeout=600, trust_env=False, **how)
    except httpx.HTTPError as error:
        raise StackError(f"no answer ({type(error).__name__}); is the stack up?") from error
    body = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    if answer.is_error and "problems" not in body:
        text = body.get("text") or f"the answer was {answer.status_code}"
        raise InputError(str(text))
    return answer
