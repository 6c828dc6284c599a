"""`kasari recruitment`: who was asked to take part, and who answers."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.domain.recruitment import STEPS
from kasari.doors import archive_door, gateway_door
from kasari.errors import InputError
from kasari.files import read_file
from kasari.options import (
    ArchiveUrl,
    AsJson,
    Centre,
    DataFolder,
    Gateways,
    GatewayUrl,
    TokenFile,
)
from kasari.reports import show_problems
from kasari.tables import print_table


class By(StrEnum):
    """What people are counted by."""

    ALL = "all"
    MONTH = "month"
    DIAGNOSIS = "diagnosis"
    AGE_BAND = "age_band"
    SEX = "sex"


app = typer.Typer(no_args_is_help=True, help="Who was asked to take part, and who answers.")


@app.command("import")
def import_log(
    file: Annotated[Path, typer.Argument(help="CSV: step, month, diagnosis, age, sex, count.")],
    centre: Centre = "",
    source: Annotated[str, typer.Option(help="The log's name: a log replaces its namesake.")] = (
        "log"
    ),
    where: Gateways = None,
    url: GatewayUrl = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Import a screening log: all of it, or nothing if a line is wrong. Only counts are kept.

    Example: kasari recruitment import screening.csv --centre KUH
    Example: kasari recruitment import screening.csv --config gateway.yml
    """
    door = gateway_door(centre, where, url, token_file)
    content, params = read_file(file), {"source": source}
    report = door.json("POST", "/api/v1/recruitment", params=params, content=content)
    show_problems(report["problems"])
    counted = ", ".join(f"{report['counted'].get(step, 0)} {step}" for step in STEPS)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    elif not report["problems"]:
        typer.echo(f"{report['lines']} lines: {counted}")
    if report["problems"]:
        raise InputError(f"{len(report['problems'])} problems; nothing was imported")


@app.command()
def show(
    by: Annotated[By, typer.Option(help="What the groups are made by.")] = By.ALL,
    url: ArchiveUrl = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show what the centres told the archive. Example: kasari recruitment show --by sex"""
    rows = archive_door(url, token_file, data).json("GET", "/api/v1/recruitment")
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    shown = [
        (
            row["centre"],
            row["group"],
            *("few" if row[step] is None else row[step] for step in STEPS),
            "-" if row["consent_rate"] is None else f"{100 * row['consent_rate']:.0f} %",
        )
        for row in rows
        if row["by"] == by
    ]
    print_table(("centre", "group", *STEPS, "of eligible"), shown)


@app.command()
def weights(
    instrument: Annotated[str, typer.Option(help="Id of the instrument, e.g. qlq-c30.")],
    timepoint: Annotated[str, typer.Option(help="For example 12-months.")],
    out: Annotated[Path, typer.Option(help="CSV to write.")],
    url: ArchiveUrl = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
) -> None:
    """Write inverse-probability weights of who answered, against who should have.

    Example: kasari recruitment weights --instrument qlq-c30 --timepoint 12-months --out w.csv
    """
    asked = {"instrument": instrument, "timepoint": timepoint}
    archive_door(url, token_file, data).download("/api/v1/proms/weights.csv", out, asked)
    patients = out.read_text("utf-8").count("\n") - 1
    typer.echo(f"wrote {out}: {patients} patients", err=True)
