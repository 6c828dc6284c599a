"""Merges of two identifiers: how far each is, and undoing a wrong one."""

import json
from typing import Annotated, Any

import typer

from kasari.asking import read_password
from kasari.doors import gateway_door
from kasari.options import AsJson, Centre, Gateways
from kasari.tables import print_table


def merges(
    *,
    centre: Centre = "",
    user: Annotated[str, typer.Option(help="A data steward's account.")],
    undo: Annotated[
        int | None, typer.Option(help="Part the two of this merge again, by its id.")
    ] = None,
    where: Gateways = None,
    as_json: AsJson = False,
) -> None:
    """Merges, and whether what came under the other identifier may be sent again.

    Undoing one recalls everything of the kept patient if anything has come since.
    Example: kasari gateway merges --centre KUH --user maija
    Example: kasari gateway merges --centre KUH --user maija --undo 3
    """
    door = gateway_door(centre, where).of_person(user, read_password())
    if undo is not None:
        told = door.json("POST", f"/api/v1/merges/{undo}/undo")
        more = "; everything of the kept patient is recalled" if told["recalled"] else ""
        typer.echo(json.dumps(told, indent=2) if as_json else f"undone{more}")
        return
    told = door.json("GET", "/api/v1/merges")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    states = {"site": "being erased here", "archive": "the archive is still erasing"}
    rows = [
        (
            one["id"],
            one["merged_at"][:16],
            one["kept"],
            one["other"] or "new identifier",
            states.get(one["state"]) or _sent_again(one),
        )
        for one in told
    ]
    print_table(("id", "merged (UTC)", "kept", "other", "what came under the other"), rows)


def _sent_again(merge: dict[str, Any]) -> str:
    if merge["state"] == "undone":
        return "merge undone"
    count = merge["send_again"]
    return f"erased: send {count} instances again" if count else "nothing"
