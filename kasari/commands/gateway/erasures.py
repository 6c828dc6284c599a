"""Recalling what was sent under the wrong patient, and the signed receipts of every deletion."""

import json
from typing import Annotated, Any

import typer

from kasari.asking import read_identifier, read_password
from kasari.doors import gateway_door
from kasari.options import AsJson, Centre, Gateways
from kasari.tables import print_table


def recall(
    *,
    centre: Centre = "",
    user: Annotated[str, typer.Option(help="A data steward's account.")],
    comment: Annotated[str, typer.Option(help="Why; name nobody in it.")],
    uid: Annotated[
        str,
        typer.Option(
            help="A study, series or instance UID of it at the sender; asked for if not given."
        ),
    ] = "",
    again: Annotated[
        bool,
        typer.Option(help="Recalled before, and the archive was restored from an older backup."),
    ] = False,
    patient: Annotated[
        str, typer.Argument(help="The identifier it was sent under; asked for if left out.")
    ] = "",
    where: Gateways = None,
    as_json: AsJson = False,
) -> None:
    """Delete what was sent under the wrong patient, here and at the archive.

    Everything under the identifier goes, its clinical rows too; its consent stays. When
    `kasari gateway receipts` shows the receipt, send the right objects again. Identifier, UID and
    password are asked for, or read from standard input in this order: other users of the machine
    can read what stands on a command line. With --again no UID is asked for: nothing of it is here
    any more. Exit code 1 if nothing was recalled; it says why.

    Example: kasari gateway recall --centre KUH --user maija --comment "sent under a namesake"
    """
    body = {
        "patient_id": read_identifier(patient, "Identifier it was sent under"),
        "uid": "" if again else read_identifier(uid, "Study, series or instance UID at the sender"),
        "comment": comment,
    }
    told = (
        gateway_door(centre, where)
        .of_person(user, read_password())
        .json("POST", "/api/v1/recalls", json=body)
    )
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo(
        f"recalled: {told['instances']} instances in {told['courses']} courses are deleted here "
        f"and at the archive; send the right ones again when "
        f"`kasari gateway receipts --centre {centre}` shows the receipt"
    )


def receipts(centre: Centre = "", where: Gateways = None, as_json: AsJson = False) -> None:
    """Signed receipts of what was deleted where, the latest first; with --json, with signatures.

    Example: kasari gateway receipts --centre KUH
    """
    told = gateway_door(centre, where).json("GET", "/api/v1/erasures")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    rows = [
        (
            says["made_at"][:16],
            says["patient"],
            says["why"],
            *(says["site"][name] for name in ("instances", "clinical_rows")),
            *(says["archive"].get(name, 0) for name in ("instances", "rows")),
            _with_readers(says["archive"]),
        )
        for says in (one["says"] for one in told)
    ]
    header = ("signed (UTC)", "patient", "why", "instances here", "rows", "at the archive", "rows")
    print_table((*header, "with readers"), rows)
    for says in (one["says"] for one in told):
        for export in says["archive"].get("exports", ()):
            taken = f"{export['action']} {export['what']}, {export['times']} times"
            last = f"last {export['last_at'][:16]}"
            typer.echo(f"{says['patient']}: {export['caller']} has {taken}, {last}")


def _with_readers(archive: dict[str, Any]) -> int:
    return len(archive.get("exports", ())) + int(archive.get("more_exports", 0))


def withdrawals(centre: Centre = "", where: Gateways = None, as_json: AsJson = False) -> None:
    """What was deleted of whom withdrew, here and at the archive. Nobody is named.

    Example: kasari gateway withdrawals --centre KUH
    """
    told = gateway_door(centre, where).json("GET", "/api/v1/clinical/withdrawals")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    header = ("deleted here", "rows", "archive told", "archive done", "rows", "courses", "objects")
    counts = ("erased_at", "rows", "courses", "instances")
    rows = [
        (
            one["deleted_at"][:16],
            one["rows"],
            (one["archive_told_at"] or "not yet")[:16],
            *(str((one["archive"] or {}).get(name) or "not yet")[:16] for name in counts[:1]),
            *((one["archive"] or {}).get(name, "not yet") for name in counts[1:]),
        )
        for one in told
    ]
    print_table(header, rows)
