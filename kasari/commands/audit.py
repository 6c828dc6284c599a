"""`kasari audit`: are the audit chains whole."""

import json
from typing import Annotated

import typer

from kasari.commands.gateway.audit import first_break
from kasari.doors import described, settings
from kasari.errors import InputError
from kasari.options import AsJson, Gateways

app = typer.Typer(no_args_is_help=True, help="The audit chains of this machine's gateways.")


@app.callback()
def chains() -> None:
    """The audit chains of this machine's gateways."""


@app.command()
def verify(
    centre: Annotated[str, typer.Option(help="Only this one of the stack.")] = "",
    where: Gateways = None,
    as_json: AsJson = False,
) -> None:
    """Check every chain; exit code 1 and the place if one is broken.

    Example: kasari audit verify
    Example: kasari audit verify --config gateway.yml --json
    """
    names = [centre] if centre else list(described(where)["centres"])
    chosen = [settings(where, name) for name in names]
    broken = {one.centre: first_break(one) for one in chosen}
    if as_json:
        typer.echo(json.dumps({name: {"broken_at": place} for name, place in broken.items()}))
    else:
        for name, place in broken.items():
            typer.echo(f"{name}: {'whole' if place is None else f'broken at event {place}'}")
    if any(place is not None for place in broken.values()):
        raise InputError("an audit chain is broken")
