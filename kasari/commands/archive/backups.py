"""Backup and restore of the harmonizer's database."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from harmonizer.adapters.audit import SqlAudit
from harmonizer.adapters.clock import SystemClock
from harmonizer.app import open_database
from harmonizer.config import Settings, load_settings
from harmonizer.service_lock import user_of
from kasari.backups.keeping import database_file, put_back, read_about, write_backup
from kasari.errors import InputError
from kasari.stack import chosen_folder, open_stack

KIND: Final = "harmonizer"
Where = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "--data",
        help="The settings, harmonizer.yml; or the folder of a stack. Default: the stack started "
        "last.",
    ),
]


def backup(
    out: Annotated[Path, typer.Option(help="The file to write.")],
    where: Where = None,
) -> None:
    """Save the harmonizer's database while it runs; the objects are Orthanc's to save.

    Example: kasari archive backup --out archive.tar
    """
    chosen = _settings(where)
    if database_file(chosen.database).is_file():
        _recorded(chosen, "backup")
    made = datetime.now(UTC).isoformat(timespec="seconds")
    about = {"kind": KIND, "name": chosen.public_url, "made_at": made}
    size = write_backup(out, database_file(chosen.database), about, {})
    typer.echo(f"{out}: {size / 1e6:.1f} MB. Save the archive's Orthanc (store and index) as well.")


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    where: Where = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the database that is there aside.")
    ] = False,
) -> None:
    """Put a backup in place of a stopped harmonizer's database.

    What was delivered since is wanted again from the centres, or found in the store.
    Example: kasari archive restore archive.tar --config harmonizer.yml
    """
    chosen, about = _settings(where), read_about(file)
    if about.get("kind") != KIND:
        raise InputError(f"{file} is a backup of {about.get('kind')} {about.get('name')}")
    database = database_file(chosen.database)
    with user_of(chosen.data_folder, alone=True):
        aside = put_back(file, database, replace=replace, now=datetime.now(UTC))
        broken = _recorded(chosen, "restore")
    typer.echo(f"restored what was saved at {about['made_at']}; start the harmonizer now")
    if aside:
        typer.echo(f"the database that was there: {aside}")
    if broken is not None:
        raise InputError(f"the audit chain of the backup is broken at event {broken}")


def _recorded(chosen: Settings, action: str) -> int | None:
    """Put an event into the database's audit trail. Returns where its chain was broken before."""
    engine = open_database(chosen)
    try:
        audit = SqlAudit(engine, SystemClock())
        broken = audit.first_break() if action == "restore" else None
        audit.record("local", "operator", action, "database")
        return broken
    finally:
        engine.dispose()


def _settings(where: Path | None) -> Settings:
    if where is not None and where.suffix in {".yml", ".yaml"}:
        return load_settings(where)
    return load_settings(open_stack(chosen_folder(where)).folder / "harmonizer" / "harmonizer.yml")
