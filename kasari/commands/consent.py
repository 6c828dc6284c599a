"""`kasari consent`: bring a centre's consent list to its gateway."""

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.domain.consent import ConsentStatus
from kasari.doors import gateway_door, site_here
from kasari.errors import InputError
from kasari.files import read_file
from kasari.options import AsJson, Centre, Gateways, GatewayUrl, TokenFile
from kasari.reports import show_problems
from kasari.stack.consents import send_consents, wait_until_known

COUNTS: Final = ("rows", *ConsentStatus, "new", "changed", "unchanged")
app = typer.Typer(no_args_is_help=True, help="Consent lists of a centre.")


@app.callback()
def consents() -> None:
    """Consent lists of a centre."""


@app.command("import")
def import_list(
    file: Annotated[
        Path, typer.Argument(help="CSV, one line a person and statement; or a FHIR R4 Bundle.")
    ],
    centre: Centre = "",
    preview: Annotated[bool, typer.Option(help="Only say what would change.")] = False,
    where: Gateways = None,
    url: GatewayUrl = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Import a consent list: all of it, or nothing if a line is wrong.

    In a local stack it returns when the site's Orthanc knows of it; elsewhere that takes up to a
    minute more.
    Example: kasari consent import consents.csv --centre KUH
    Example: kasari consent import consents.csv --config gateway.yml
    """
    door = gateway_door(centre, where, url, token_file)
    report = send_consents(door, read_file(file), preview=preview)
    site = None if url else site_here(centre, where)
    if report["committed"] and site:
        wait_until_known(site)
    show_problems([*report["problems"], *report["not_taken"]])
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    elif not report["problems"]:
        typer.echo(", ".join(f"{report[word]} {word}" for word in COUNTS))
        typer.echo(f"{len(report['not_taken'])} not taken, {report['annulled']} annulled before")
    if report["problems"]:
        many = len(report["problems"])
        what = "1 line or entry is" if many == 1 else f"{many} lines or entries are"
        raise InputError(f"{what} wrong; nothing was imported")
