"""How a gateway stands, who sends to it, and letting it go on."""

import json
from typing import Any

import typer

from gateway.domain.refusals import meaning_of
from kasari.doors import gateway_door
from kasari.options import AsJson, Centre, Gateways
from kasari.tables import print_table


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

    Example: kasari gateway resume --centre KUH
    """
    gateway_door(centre, where).json("POST", "/api/v1/sending/resume")
    typer.echo("sending goes on")


def collect(centre: Centre = "", where: Gateways = None) -> None:
    """Fetch from the PACS what is missing of consented patients, now and within the limits.

    Example: kasari gateway collect --centre KUH
    """
    told = gateway_door(centre, where).json("POST", "/api/v1/collection/run")
    typer.echo(
        f"asked about {told['patients']} patients; {told['instances']} instances in "
        f"{told['series']} series came, {told['failed']} did not; {told['ended']}"
    )
