"""`kasari doctor`: what is missing or wrong on this machine, and how to mend it."""

import json
from typing import Final

import typer

from kasari.doctor import Check, Verdict, checks_of_machine, checks_of_stack
from kasari.options import AsJson, DataFolder
from kasari.stack import chosen_folder

SHOWN: Final = {Verdict.OK: "ok", Verdict.MISSING: "MISSING", Verdict.OPTIONAL: "not here"}


def command(
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Look at this machine and at the stack on it. Exit code 1 if something needed is missing.

    Example: kasari doctor
    """
    folder = chosen_folder(data)
    checks = [*checks_of_machine(folder), *checks_of_stack(folder)]
    if as_json:
        typer.echo(json.dumps([check.as_json() for check in checks], indent=2))
    else:
        _show(checks)
    if any(check.verdict is Verdict.MISSING for check in checks):
        raise typer.Exit(1)


def _show(checks: list[Check]) -> None:
    width = max(len(check.what) for check in checks)
    for check in checks:
        mend = f"  ->  {check.mend}" if check.mend else ""
        typer.echo(f"{SHOWN[check.verdict]:8}  {check.what:{width}}  {check.found}{mend}")
