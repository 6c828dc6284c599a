"""Local accounts of a gateway. Whoever may read its settings and database may add them."""

import json
from typing import Annotated

import typer

from gateway.domain.accounts import AccountRole
from gateway.opening import open_accounts
from kasari.asking import read_password
from kasari.doors import settings
from kasari.options import AsJson, Centre, Gateways

Name = Annotated[str, typer.Argument(help="The account's name.")]


def add(
    name: Name,
    role: Annotated[AccountRole, typer.Option(help="What the account may do.")],
    centre: Centre = "",
    where: Gateways = None,
) -> None:
    """Add a person. The password is asked for, or read from standard input.

    Example: kasari gateway account-add maija --role steward --centre KUH
    """
    with open_accounts(settings(where, centre)) as accounts:
        accounts.add(name, role, read_password(twice=True))
    typer.echo(f"{name} has the role {role.value}")


def show(
    centre: Centre = "",
    where: Gateways = None,
    as_json: AsJson = False,
) -> None:
    """List the accounts and their roles.

    Example: kasari gateway account-list --centre KUH
    """
    with open_accounts(settings(where, centre)) as accounts:
        found = [(account.name, account.role.value) for account in accounts.find()]
    if as_json:
        typer.echo(json.dumps([{"name": name, "role": role} for name, role in found]))
        return
    for name, role in found:
        typer.echo(f"{name}  {role}")
    if not found:
        typer.echo("no accounts yet")


def reset(name: Name, centre: Centre = "", where: Gateways = None) -> None:
    """Give a person another password; open sessions end.

    Example: kasari gateway account-reset maija --centre KUH
    """
    with open_accounts(settings(where, centre)) as accounts:
        accounts.reset(name, read_password(twice=True))
    typer.echo(f"{name} has another password")


def remove(name: Name, centre: Centre = "", where: Gateways = None) -> None:
    """Remove a person; open sessions end. The audit keeps what they did.

    Example: kasari gateway account-remove maija --centre KUH
    """
    with open_accounts(settings(where, centre)) as accounts:
        accounts.remove(name)
    typer.echo(f"{name} has no account any more")
