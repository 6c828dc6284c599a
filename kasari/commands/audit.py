"""`kasari audit`: are the audit chains whole."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.errors import TamperedError
from gateway.opening import verify_audit
from harmonizer.adapters.audit import SqlAudit
from harmonizer.adapters.clock import SystemClock
from harmonizer.app import open_database
from harmonizer.config import load_settings
from kasari.doors import described, settings
from kasari.errors import InputError
from kasari.options import AsJson, Gateways

ARCHIVE = "archive"

app = typer.Typer(no_args_is_help=True, help="The audit chains of this machine.")


@app.callback()
def chains() -> None:
    """The audit chains of this machine."""


@app.command()
def verify(
    centre: Annotated[str, typer.Option(help="Only this one of the stack.")] = "",
    where: Gateways = None,
    as_json: AsJson = False,
) -> None:
    """Check every chain, the archive's too; exit code 1 and the place if one is broken.

    Of a gateway it says how many events are sealed with the centre's key: nobody without it can
    have changed or removed one of those. The last of the others can have been cut off unseen.

    Example: kasari audit verify
    Example: kasari audit verify --config gateway.yml --json
    """
    stack = described(where)
    names = [centre] if centre else list(stack["centres"])
    found = {name: _of_gateway(where, name) for name in names}
    archive = Path(stack.get("data_folder", "")) / "harmonizer" / "harmonizer.yml"
    if not centre and archive.is_file():
        found[ARCHIVE] = _of_archive(archive)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for name, told in found.items():
            typer.echo(f"{name}: {_said(told)}")
    if any(told["broken"] for told in found.values()):
        raise InputError("an audit chain is broken")


def _of_gateway(where: Path | None, name: str) -> dict[str, Any]:
    try:
        return {"broken": None, **asdict(verify_audit(settings(where, name)))}
    except TamperedError as error:
        return {"broken": str(error)}


def _of_archive(file: Path) -> dict[str, Any]:
    engine = open_database(load_settings(file))
    try:
        broken = SqlAudit(engine, SystemClock()).first_break()
    finally:
        engine.dispose()
    return {"broken": None if broken is None else f"broken at event {broken}"}


def _said(told: dict[str, Any]) -> str:
    if told["broken"]:
        return str(told["broken"])
    if "events" not in told:
        return "whole"
    return f"whole, {told['events']} events, the first {told['sealed']} of them sealed"
