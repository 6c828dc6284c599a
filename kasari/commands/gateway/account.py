"""Where every instance of a gateway is, and whether the sums add up."""

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from kasari.commands.gateway.courses import texts
from kasari.doors import described, gateway_door
from kasari.options import AsJson, Centre, Gateways
from kasari.tables import print_table


def account(
    centre: Annotated[str | None, typer.Option(help="The centre; without it, every one.")] = None,
    day: Annotated[str, typer.Option(help="Only this day (UTC): the courses behind it.")] = "",
    sender: Annotated[str | None, typer.Option(help="Of this sender only; with --day.")] = None,
    where: Gateways = None,
    as_json: AsJson = False,
) -> None:
    """Where every instance is, by day and sender; exit code 1 if the sums do not add up.

    With --day, and --sender, the courses behind it; `kasari gateway course` shows one.

    Example: kasari gateway account --centre KUH
    Example: kasari gateway account --centre KUH --day 2026-03-02 --sender ARIA
    Example: kasari gateway account --config gateway.yml --json
    """
    if day:
        only = "" if sender is None else f"?{urlencode({'sender': sender})}"
        _print_day(where, centre or "", f"{day}{only}", as_json)
        return
    centres = [centre] if centre else list(described(where)["centres"])
    found = {name: _account(where, name) for name in centres}
    if as_json:
        typer.echo(json.dumps(found[centre] if centre else found, indent=2))
    else:
        for name, told in found.items():
            _print_account(name, told)
    if not all(told["sums_up"] for told in found.values()):
        raise typer.Exit(1)


def _print_day(where: Path | None, centre: str, asked: str, as_json: bool) -> None:
    told = gateway_door(centre, where).json("GET", f"/api/v1/account/days/{asked}")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    rows = [
        (c["course"] or "", c["place"].replace("_", " "), c["instances"], texts(c["reasons"]))
        for c in told
    ]
    print_table(("course", "where", "instances", "why it waits"), rows)


def _account(where: Path | None, centre: str) -> dict[str, Any]:
    told: dict[str, Any] = gateway_door(centre, where).json("GET", "/api/v1/account")
    return told | {"days": gateway_door(centre, where).json("GET", "/api/v1/account/days")}


def _print_account(centre: str, told: dict[str, Any]) -> None:
    words = {"sums_up", "days", "differences"}
    numbers = [(n.replace("_", " "), v) for n, v in told.items() if n not in words]
    print_table(("", centre), numbers)
    parts = (
        "offered",
        "stored",
        "delivered",
        "on_the_way",
        "held",
        "withheld",
        "refused_here",
        "set_aside",
        "gone",
        "deleted",
        "refused_at_the_door",
    )
    lines = [(d["day"], d["sender"] or "HTTP", *(d[part] for part in parts)) for d in told["days"]]
    print_table(("day (UTC)", "sender", *(part.replace("_", " ") for part in parts)), lines)
    for difference in told["differences"]:
        typer.echo(f"the books do NOT agree: {difference}", err=True)
    if told["sums_up"]:
        typer.echo("the books agree")


def confirm_gone(
    *,
    centre: Centre = "",
    comment: Annotated[str, typer.Option(help="Why they were deleted; name nobody in it.")],
    where: Gateways = None,
) -> None:
    """Say that what is gone from the site's Orthanc was deleted there on purpose.

    Example: kasari gateway confirm-gone --centre KUH --comment "a phantom's study"
    """
    told = gateway_door(centre, where).json("POST", "/api/v1/gone", json={"comment": comment})
    typer.echo(f"{told['deleted']} instances count as deleted from now on")
