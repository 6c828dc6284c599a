"""How a gateway stands, who sends to it, and letting it go on."""

import json
from time import sleep
from typing import Any, Final

import typer

from gateway.domain.refusals import meaning_of
from kasari.doors import Door, gateway_door
from kasari.errors import StackError
from kasari.options import AsJson, Centre, Gateways
from kasari.tables import print_table

PAUSE_S: Final = 1.0
"""Between two questions how far a run is."""


def status(centre: Centre = "", where: Gateways = None, as_json: AsJson = False) -> None:
    """Received, refused, held, sent, verified. Example: kasari gateway status --centre KUH"""
    told = gateway_door(centre, where).json("GET", "/api/v1/status")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    rows = [
        ("instances received", told["instances"]["received"]),
        ("refused at the door", sum(r["count"] for r in told["refused"])),
        ("instances verified at the archive", told["instances"]["delivered"]),
        *((f"courses {state}", count) for state, count in told["courses"].items()),
        ("canary", told["canary"]["text"]),
        ("DICOM port", told["dicom_port"]),
        ("sending", told["departure"]["obstacle"] or "open"),
        *((f"refused, {r['sender'] or 'HTTP'}", _told(r)) for r in told["refused"]),
    ]
    print_table(("", told["centre"]), rows)
    for alert in told["alerts"]:
        typer.echo(f"ALERT {alert['code']}: {alert['text']}")


def _told(refusal: dict[str, Any]) -> str:
    return f"{refusal['count']}: {meaning_of(refusal['reason'])}"


def senders(centre: Centre = "", where: Gateways = None, as_json: AsJson = False) -> None:
    """Who may call the DICOM port, and who else has.

    Example: kasari gateway senders --centre KUH
    """
    told = gateway_door(centre, where).json("GET", "/api/v1/senders")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    keys = ("aet", "host", "state", "accepted", "refused", "last_at", "comment")
    print_table(
        ("called itself", "from", *keys[2:]),
        [tuple(one[key] or "" for key in keys) for one in told],
    )


def resume(centre: Centre = "", where: Gateways = None) -> None:
    """Send again after the archive had not let this centre in and that was mended.

    After a restore also take in again: once the consent lists of since the backup are imported.
    Example: kasari gateway resume --centre KUH
    """
    gateway_door(centre, where).json("POST", "/api/v1/sending/resume")
    typer.echo("sending goes on")


def collect(centre: Centre = "", where: Gateways = None, as_json: AsJson = False) -> None:
    """Fetch from the PACS what is missing of consented patients, now and within the limits.

    It may take hours; what has come is told meanwhile. Without this command the gateway goes on.

    Example: kasari gateway collect --centre KUH
    """
    door = gateway_door(centre, where)
    told = _when_ended(door, door.json("POST", "/api/v1/collection/run"))
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo(f"{_came(told)}, {told['failed']} did not; {told['ended']}")


def _when_ended(door: Door, run: dict[str, Any]) -> dict[str, Any]:
    """Ask until a run has ended, and tell on standard error whenever something has come."""
    before = _came(run)
    while run["running"]:
        sleep(PAUSE_S)
        now = door.json("GET", "/api/v1/collection")
        if now is None or now["at"] != run["at"]:
            raise StackError("the gateway was started again, which ended the run; order another")
        run = now
        if run["running"] and _came(run) != before:
            before = _came(run)
            typer.echo(before, err=True)
    return run


def _came(run: dict[str, Any]) -> str:
    return (
        f"asked about {run['patients']} patients; {run['instances']} instances in "
        f"{run['series']} series came"
    )
