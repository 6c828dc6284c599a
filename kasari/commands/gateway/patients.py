"""What a data steward asks and does about one patient, by the identifier of the sender."""

import json
from typing import Annotated

import typer

from kasari.asking import read_identifier, read_password
from kasari.doors import gateway_door
from kasari.options import AsJson, Centre, Gateways


def why(
    *,
    centre: Centre = "",
    user: Annotated[str, typer.Option(help="A data steward's account.")],
    patient: Annotated[
        str, typer.Argument(help="The identifier that the sender uses; asked for if left out.")
    ] = "",
    where: Gateways = None,
    as_json: AsJson = False,
) -> None:
    """Why is this patient not in the archive? The question is audited without the identifier.

    Identifier and password are asked for, or read from standard input in this order: other users
    of the machine can read what stands on a command line.
    Example: kasari gateway why --centre KUH --user maija
    """
    body = {"patient_id": read_identifier(patient, "Identifier")}
    told = (
        gateway_door(centre, where)
        .of_person(user, read_password())
        .json("POST", "/api/v1/why", json=body)
    )
    typer.echo(json.dumps(told, indent=2) if as_json else told["verdict"])


def merge(
    *,
    centre: Centre = "",
    user: Annotated[str, typer.Option(help="A data steward's account.")],
    patient: Annotated[
        str, typer.Argument(help="The identifier to keep; asked for if left out.")
    ] = "",
    other: Annotated[str, typer.Argument(help="The same patient's other identifier.")] = "",
    where: Gateways = None,
) -> None:
    """Let two identifiers mean one patient.

    Identifiers and password are asked for, or read from standard input in this order.
    Example: kasari gateway merge --centre KUH --user maija
    """
    body = {
        "patient_id": read_identifier(patient, "Identifier to keep"),
        "other_id": read_identifier(other, "Other identifier"),
    }
    told = (
        gateway_door(centre, where)
        .of_person(user, read_password())
        .json("POST", "/api/v1/merges", json=body)
    )
    if told["already"]:
        typer.echo("they are one patient already")
        return
    typer.echo("merged")
    if told["send_again"]:
        typer.echo(
            f"{told['send_again']} instances are being erased here and at the archive; send them "
            "again from the source when `kasari gateway merges` says so"
        )
