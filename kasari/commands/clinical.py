"""`kasari clinical`: bring clinical, toxicity and PROM files to a centre's gateway."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn
from rich.table import Table

from gateway.domain.clinical.sources import READERS
from kasari.clinical import dictionary
from kasari.clinical.mapping import (
    KINDS,
    guessed,
    mapped,
    preview,
    read_mapping,
    word_of,
    write_mapping,
)
from kasari.clinical.publishing import code_lists, publish, published_path
from kasari.clinical.recognising import recognise
from kasari.clinical.sending import Options, Total, parts_of, passes, send
from kasari.doors import gateway_door
from kasari.errors import InputError
from kasari.files import read_file
from kasari.options import Centre, Gateways, GatewayUrl, TokenFile
from kasari.reports import SHOWN, show_problems

app = typer.Typer(no_args_is_help=True, help="Clinical, toxicity and PROM files of a centre.")
console = Console(stderr=True)
FORMS = ("csv", *READERS)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="The file to import.")],
    centre: Centre = "",
    kind: Annotated[
        str, typer.Option(help=f"Of a CSV file, if not told by its columns: {', '.join(KINDS)}.")
    ] = "",
    form: Annotated[str, typer.Option(help="csv, kaiku, redcap or fhir, if not told by it.")] = "",
    mapping: Annotated[Path | None, typer.Option(help="Mapping of a CSV of another form.")] = None,
    source: Annotated[str, typer.Option(help="The system, like `ois`; else the form.")] = "",
    partial: Annotated[
        bool, typer.Option(help="Import good rows although others are bad.")
    ] = False,
    check_only: Annotated[bool, typer.Option(help="Only check, import nothing.")] = False,
    where: Gateways = None,
    url: GatewayUrl = None,
    token_file: TokenFile = None,
) -> None:
    """Import a file at a centre: every row is checked first, then all of them go or none.

    Example: kasari clinical import --centre KUH qlq-c30.csv
    Example: kasari clinical import --config gateway.yml qlq-c30.csv
    """
    data = read_file(file)
    if mapping is not None:
        chosen = read_mapping(mapping)
        data, kind = mapped(chosen, data), word_of(chosen)
    if not kind and form in {"", "csv"}:
        form, kind = recognise(data)
        console.print(f"taken for {kind or form}", markup=False)
    form = form or "csv"
    _check_form(form, kind)
    options: Options = {"form": form, "source": source or form}
    options |= {"partial": partial, "check_only": check_only}
    if kind:
        options["kind"] = kind
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    door = gateway_door(centre, where, url, token_file)
    parts = parts_of(data, options)
    size = sum(len(part.data) for part in parts)
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("import", total=size * passes(parts, options))
        total = send(door, parts, options, lambda done: progress.advance(task, done))
    _show(total)
    if total.problems and not partial:
        raise InputError(f"{len(total.problems)} problems; nothing was imported")


@app.command("map")
def map_columns(
    file: Annotated[Path, typer.Argument(help="A CSV file of any form.")],
    kind: Annotated[str, typer.Option(help=f"If you know: {', '.join(KINDS)}.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the mapping here.")] = None,
) -> None:
    """Guess which column is which, show it, and write a mapping file to correct and use.

    Example: kasari clinical map export.csv --kind prom --out mapping.json
    """
    if kind and kind not in KINDS:
        raise InputError(f"no such kind of file; give one of {', '.join(KINDS)}")
    mapping, table = guessed(read_file(file), kind or None)
    shown = Table("ours", "theirs", "values", box=None)
    for line in preview(mapping, table):
        shown.add_row(*(escape(cell) for cell in line))
    console.print(f"looks like a {word_of(mapping)} file")
    console.print(shown)
    unused = [name for name in table.columns if name not in mapping.columns.values()]
    if unused:
        console.print(f"not used: {', '.join(unused)}", markup=False, soft_wrap=True)
    if mapping.missing:
        text = f"still needed, as a column or under constants: {', '.join(mapping.missing)}"
        console.print(text, markup=False)
    if out is None:
        typer.echo(write_mapping(mapping), nl=False)
    else:
        out.write_text(write_mapping(mapping), "utf-8")


@app.command("dictionary")
def write_dictionary(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("docs/dictionary"),
) -> None:
    """Write the data dictionary: HTML, CSV and JSON Schema, made from the models.

    Example: kasari clinical dictionary --out dictionary
    """
    out.mkdir(parents=True, exist_ok=True)
    for name, text in dictionary.files().items():
        (out / name).write_text(text, "utf-8")
        typer.echo(str(out / name))


@app.command("publish-codelists", hidden=True)
def publish_code_lists(
    check: Annotated[bool, typer.Option(help="Only tell whether they are up to date.")] = False,
) -> None:
    """Write the archive's code lists to where the gateway carries them (for developers)."""
    if not check:
        typer.echo(str(publish()))
    elif json.loads(published_path().read_text("utf-8")) != code_lists():
        raise InputError("code lists differ; run `kasari clinical publish-codelists`")


def _check_form(form: str, kind: str) -> None:
    if form not in FORMS:
        raise InputError(f"no such form of file; give one of {', '.join(FORMS)}")
    if form == "csv" and kind not in KINDS:
        raise InputError(f"say which kind of file it is: {', '.join(KINDS)}")


def _show(total: Total) -> None:
    table = Table("what", "rows", box=None)
    for name, number in total.counts.items():
        table.add_row("not consented here" if name == "skipped" else name, str(number))
    console.print(table)
    if total.skipped_lines:
        few = ", ".join(map(str, total.skipped_lines[:SHOWN]))
        more = " ..." if total.counts["skipped"] > SHOWN else ""
        text = f"no consent in force here, or an unknown patient: lines {few}{more}; correct the "
        console.print(f"{text}number, or bring the consent first", markup=False, soft_wrap=True)
    if total.dropped_columns:
        console.print(f"columns dropped: {', '.join(sorted(total.dropped_columns))}", markup=False)
    show_problems(total.problems)
